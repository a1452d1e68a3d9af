"""`calibrate`: from a log of contacts to a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.prediction.historical_rate import HistoricalRate
from deskmatch.simulation.calibration.arrivals_fit import ArrivalFit, fit_arrivals
from deskmatch.simulation.calibration.coming_again import ComingAgain, fit_coming_again, marked
from deskmatch.simulation.calibration.contact_log import ContactLog, Ending, check_served
from deskmatch.simulation.calibration.discipline import Discipline, infer_discipline, no_discipline
from deskmatch.simulation.calibration.hand_ons_fit import HandOns, fit_hand_ons
from deskmatch.simulation.calibration.in_hand import InHand, find_in_hand, leaves_room
from deskmatch.simulation.calibration.known_priorities import with_known_priorities
from deskmatch.simulation.calibration.patience_fit import ClassPatience, fit_patience
from deskmatch.simulation.calibration.presence import Presence, infer_presence
from deskmatch.simulation.calibration.service_fit import ServiceFit, fit_elapsed, fit_service
from deskmatch.simulation.calibration.twin import scenario_of
from deskmatch.simulation.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Fits", "calibrate", "fit_log", "name_of"]

Floats = NDArray[np.float64]

ENDINGS = frozenset((".csv", ".tsv", ".txt", ".parquet", ".gz", ".bz2", ".xz", ".zip", ".zst"))
"""Of files that hold a log: tables, and what compresses them."""
OVERLAPPING = 0.05
"""Share of contacts that begin while their expert has another one, above which this is noted."""


@dataclass(frozen=True, slots=True, eq=False)
class Fits:
    """All that is fitted on a log.

    Parameters
    ----------
    log : the data.
    arrivals, service, presence, discipline : of the modules of these names; of a log of tickets, that nobody waits for
        on a line, no presence: it says when they were in hand, and not when somebody worked on them.
    patience : by class of contacts; None: too few gave up for a curve, or nobody waits on a line.
    resolution : None: the log says neither of transfers nor of resolutions.
    hand_ons : None: no contact of the log was handed on to another one of it.
    again : None: no customer is known to come again because of how a contact ended.
    in_hand : None: nobody has two contacts at once of a channel that leaves room for another.
    """

    log: ContactLog
    arrivals: ArrivalFit
    service: ServiceFit
    presence: Presence | None
    discipline: Discipline
    patience: dict[str, ClassPatience] | None
    resolution: HistoricalRate | None
    hand_ons: HandOns | None
    in_hand: InHand | None
    again: ComingAgain | None

    @property
    def work_s(self) -> Floats:
        """``(rows,)`` of each contact, as long as it would have taken alone; nan where nobody answered."""
        return self.log.handling_s if self.in_hand is None else self.in_hand.work_s


def calibrate(
    history: ContactLog | pd.DataFrame | str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    name: str | None = None,
    every_s: float = 1800.0,
) -> Scenario:
    """A desk learned from its log.

    Every expert of the log becomes a group of one, with the own speed by type, the own rates of resolution and the
    logins that were seen; every type, for each priority that occurs, a type with its rates by weekday and interval, its
    empirical handling times and its patience. What was fitted, how well, and what the log cannot tell stands in
    ``scenario.tables.calibration``, and ``deskmatch.simulation.calibration.pictures`` draws it.

    Parameters
    ----------
    history : a `ContactLog`, or a table as `ContactLog.read` takes it; at least a day.
    columns : as in `ContactLog.read`.
    name : of the scenario; default: that of the file without its endings, such as ``.csv.gz``.
    every_s : length of the intervals of arrival rates; a day must be a whole number of them.

    Raises
    ------
    InputError
        Lists everything that is wrong in the table.
    ContractError
        Where intervals of `every_s` make no day, or `columns` are given of a `ContactLog`.

    Examples
    --------
    >>> import pandas as pd
    >>> at = pd.date_range("2026-03-02T08:00", periods=200, freq="3min")
    >>> log = pd.DataFrame({"arrived": at, "answered": at + pd.Timedelta("5s"), "ended": at + pd.Timedelta("2min"),
    ...                     "type": "billing", "expert": ["ana", "bo"] * 100})
    >>> scenario = calibrate(log, name="small")
    >>> scenario
    Scenario('small': 1 type, 2 groups, 2 experts, 86400 s)
    >>> scenario.types[0].handling.mean
    115.0
    """
    if isinstance(history, ContactLog) and columns:
        raise ContractError("columns: expected none with a ContactLog, whose columns have been read")
    log = history if isinstance(history, ContactLog) else ContactLog.read(history, columns=columns)
    if name is None:
        name = name_of(history) if isinstance(history, str | Path) else "calibrated"
    return scenario_of(fit_log(log, every_s=every_s), name)


def name_of(path: str | Path) -> str:
    """What a scenario is called that is learned from a file: the file's name without its endings.

    Examples
    --------
    >>> name_of("logs/calls.csv.gz"), name_of("calls.2026-03.csv"), name_of("calls.parquet")
    ('calls', 'calls.2026-03', 'calls')
    """
    found = Path(path)
    while found.suffix.lower() in ENDINGS:
        found = found.with_suffix("")
    return found.name


def fit_log(log: ContactLog, *, every_s: float = 1800.0) -> Fits:
    """Fit every process, on the log with the priorities that it does not have filled in.

    Raises
    ------
    InputError
        Where no contact was served for any time.
    """
    check_served(log)
    log = with_known_priorities(log)
    share = _overlapping(log)
    if log.on_line and share > OVERLAPPING:
        log = log._replaced(notes=(*log.notes, f"{share:.0%}{_TAKES_ALL}"))
    in_hand = find_in_hand(log) if log.on_line else None
    again = fit_coming_again(log)
    no_arrivals = None if again is None else marked(log, again.redials.table, again.repeats.table)
    return Fits(
        log=log,
        arrivals=fit_arrivals(log, every_s=every_s, again=no_arrivals),
        service=fit_service(log, None if in_hand is None else in_hand.work_s) if log.on_line else fit_elapsed(log),
        presence=infer_presence(log, in_hand) if log.on_line else None,
        discipline=infer_discipline(log) if log.on_line else no_discipline(log),
        patience=fit_patience(log),
        resolution=_resolution(log),
        hand_ons=fit_hand_ons(log),
        in_hand=in_hand,
        again=again,
    )


_TAKES_ALL = (
    " of the contacts begin while their expert has another one: they take the whole expert of the twin, so that its"
    " waits are too long; where they are chats, say so in the column channel"
)


def _overlapping(log: ContactLog) -> float:
    """Share of the contacts of channels that leave no room for another which begin before an earlier one of the same
    expert has ended, by a second or more."""
    rows = np.flatnonzero((log.ending == Ending.ANSWERED) & ~leaves_room(log)[log.channel])
    rows = rows[np.lexsort((log.answered_s[rows], log.expert[rows]))]
    later = 0
    for own in np.split(rows, np.flatnonzero(np.diff(log.expert[rows])) + 1):
        later += int((log.answered_s[own[1:]] < np.maximum.accumulate(log.ended_s[own])[:-1] - 1.0).sum())
    return later / max(len(rows), 1)


def _resolution(log: ContactLog) -> HistoricalRate | None:
    """Fitted where the log has transfers or resolutions."""
    good = log.good
    rows = np.flatnonzero((log.ending == Ending.ANSWERED) & ~np.isnan(good))
    if not len(rows):
        return None
    import pandas as pd

    experts, types = np.array(log.experts), np.array(log.types)
    frame = {
        "expert_id": experts[log.expert[rows]],
        "topic": types[log.type[rows]],
        "resolved_first_contact": good[rows] == 1,
    }
    return HistoricalRate.fit(pd.DataFrame(frame))
