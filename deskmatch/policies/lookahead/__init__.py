"""Matching that looks ahead: what an expert's time, and a ticket that goes on waiting, will be worth."""

from __future__ import annotations

from deskmatch.policies.lookahead.fluid import FluidPrices
from deskmatch.policies.lookahead.forecast import Forecast
from deskmatch.policies.lookahead.improvement import PolicyImprovement
from deskmatch.policies.lookahead.learned import LearnedValues
from deskmatch.policies.lookahead.policy import LookAhead
from deskmatch.policies.lookahead.worth import OutcomePoints

__all__ = ["FluidPrices", "Forecast", "LearnedValues", "LookAhead", "OutcomePoints", "PolicyImprovement"]
