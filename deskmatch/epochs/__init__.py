"""What the desk knows: `Desk` (static), `Epoch` (now), and reading them from tables."""

from __future__ import annotations

from deskmatch.epochs.desk import Desk
from deskmatch.epochs.epoch import Epoch, Intake
from deskmatch.epochs.pairs import PairTable
from deskmatch.epochs.staffing import Staffing
from deskmatch.epochs.tickets import Tickets
from deskmatch.epochs.vocabulary import Vocabulary

__all__ = ["Desk", "Epoch", "Intake", "PairTable", "Staffing", "Tickets", "Vocabulary"]
