"""`Epoch`: one routing instant — the desk, who waits, and what the experts are doing now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from deskmatch.epochs.arrays import ArrayCheck
from deskmatch.epochs.desk import Desk
from deskmatch.epochs.pairs import PairTable
from deskmatch.epochs.staffing import Staffing
from deskmatch.epochs.tickets import Tickets
from deskmatch.frozen import Frozen

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Epoch", "Intake"]


@dataclass(frozen=True, slots=True, eq=False)
class Intake(Frozen):
    """What happened while tables were read: nothing is dropped without standing here.

    Parameters
    ----------
    held : tickets with bad rows, each ``(ticket_id, what is wrong)``; the plan shows them among those held.
    left_out : experts with bad rows, each ``(expert_id, what is wrong)``.
    notes : counts of what is no error (`deskmatch.epochs.notes`): preferred experts who are off, pairs
        outside this epoch, topics that nobody knows.
    """

    held: tuple[tuple[str, str], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Epoch(Frozen):
    """One routing instant.

    Make it from tables with `Epoch.from_tables`, or from arrays in a service that keeps its `Desk`.

    Parameters
    ----------
    desk : the experts and what they can do.
    tickets : who waits.
    staffing : what the experts are doing now; default: everyone is idle.
    now : the instant, with or without a time zone; needed only where channels have opening hours.
    resolution : probabilities of resolution for some pairs; other pairs take the proficiency model.
    intake : what happened while tables were read.

    Raises
    ------
    InputError
        Lists every code that the desk does not have and every shape that disagrees with it.

    Examples
    --------
    >>> from deskmatch.epochs import Desk, Vocabulary
    >>> desk = Desk(
    ...     expert_ids=("ana", "bo"), channels=Vocabulary(("chat",)), languages=Vocabulary(("en",)),
    ...     topics=Vocabulary(("billing", "seo")), channel_limit=3, speaks=True,
    ...     proficiency=[[0.9, 0.2], [0.4, 0.8]],
    ... )
    >>> Epoch(desk, Tickets(ids=("t1", "t2"), channel=[0, 0], language=[0, 0], topic=[0, 1]))
    Epoch(2 tickets, 2 experts)
    """

    desk: Desk
    tickets: Tickets
    staffing: Staffing = None  # type: ignore[assignment]
    now: datetime | None = None
    resolution: PairTable | None = None
    intake: Intake = field(default_factory=Intake)

    if TYPE_CHECKING:  # what is taken is wider than what is kept

        def __init__(
            self,
            desk: Desk,
            tickets: Tickets,
            staffing: Staffing | None = ...,
            now: datetime | None = ...,
            resolution: PairTable | None = ...,
            intake: Intake = ...,
        ) -> None: ...

    def __post_init__(self) -> None:
        desk = self.desk
        given: Staffing | None = self.staffing
        staffing = Staffing.idle(desk.n_experts, len(desk.channels)) if given is None else given
        self._set(staffing=staffing)
        check = ArrayCheck("epoch")
        if self.now is not None and not isinstance(self.now, datetime):
            check.add(None, "now", repr(self.now), "expected a datetime, or None")
        check.table = "experts"
        if staffing.load.shape != desk.channel_limit.shape:
            check.add(None, "load", f"shape {staffing.load.shape}", f"expected shape {desk.channel_limit.shape}")
        check.defects.extend(self.tickets.defects(desk))
        if self.resolution is not None:
            check.table = "resolution"
            check.codes("ticket_id", self.resolution.ticket, self.resolution.ticket.shape, len(self.tickets))
            check.codes("expert_id", self.resolution.expert, self.resolution.expert.shape, desk.n_experts)
        check.finish()

    @classmethod
    def from_tables(
        cls,
        tickets: pd.DataFrame | str | Path,
        experts: pd.DataFrame | str | Path,
        *,
        resolution: pd.DataFrame | str | Path | None = None,
        now: datetime | str | None = None,
        columns: Mapping[str, str] | None = None,
        priority: Mapping[str, float] | None = None,
        proficiency_scale: float | None = None,
        on_bad: Literal["raise", "hold"] = "raise",
    ) -> Epoch:
        """Read the two tables of a desk; every column is described in ``docs/tables.md``.

        Parameters
        ----------
        tickets, experts : pandas frames, or paths of .csv (or .parquet, with the extra) files.
        resolution : pair table ``ticket_id, expert_id, probability``, already averaged over topics; pairs
            that it lacks take the proficiency model.
        now : the instant, needed with a column ``created_at``; both with a time zone or both without.
        columns : the names of your columns, as ``{"expert_id": "agent_id"}``.
        priority : importance of each value of a column ``priority``, as ``{"P1": 8, "P2": 4}``.
        proficiency_scale : what the proficiencies in ``topics`` are counted up to (default 1; often 5 or 10).
        on_bad : ``"raise"`` lists every problem of all tables and stops; ``"hold"`` holds bad tickets with
            their reason, leaves bad experts out, and routes the rest; both then stand in ``epoch.intake``.

        Raises
        ------
        InputError
            With ``on_bad="raise"`` on any bad cell; with either where a table, a required column or an
            argument that a column needs is missing.
        """
        from deskmatch.epochs.tables import read_epoch

        return read_epoch(
            tickets,
            experts,
            resolution=resolution,
            now=now,
            columns=columns,
            priority=priority,
            proficiency_scale=proficiency_scale,
            on_bad=on_bad,
        )

    @property
    def n_tickets(self) -> int:
        """Number of waiting tickets."""
        return len(self.tickets)

    @property
    def n_experts(self) -> int:
        """Number of experts on the desk."""
        return self.desk.n_experts

    def __repr__(self) -> str:
        bad = len(self.intake.held)
        held = f", {bad} bad row{'' if bad == 1 else 's'} held" if bad else ""
        return f"Epoch({self.n_tickets} tickets, {self.n_experts} experts{held})"
