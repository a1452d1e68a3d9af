"""`calibrate`: from a log of contacts to a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import Defect, InputError
from deskmatch.prediction.historical_rate import HistoricalRate
from deskmatch.simulation.calibration.arrivals_fit import ArrivalFit, fit_arrivals
from deskmatch.simulation.calibration.coming_again import ComingAgain, fit_coming_again, marked
from deskmatch.simulation.calibration.contact_links import MOST_HAND_ONS
from deskmatch.simulation.calibration.contact_log import ContactLog, Ending, on_line
from deskmatch.simulation.calibration.discipline import Discipline, infer_discipline, no_discipline
from deskmatch.simulation.calibration.goodness import fits_of
from deskmatch.simulation.calibration.hand_ons_fit import HandOns, fit_hand_ons
from deskmatch.simulation.calibration.in_hand import InHand, find_in_hand, leaves_room
from deskmatch.simulation.calibration.known_priorities import with_known_priorities
from deskmatch.simulation.calibration.patience_fit import ClassPatience, fit_patience
from deskmatch.simulation.calibration.presence import Presence, infer_presence
from deskmatch.simulation.calibration.service_fit import POINTS, ServiceFit, fit_elapsed, fit_service
from deskmatch.simulation.calibration.staffing import desk_of_tickets, drain_of, groups_of
from deskmatch.simulation.provenance import Provenance
from deskmatch.simulation.scenario import Scenario
from deskmatch.simulation.settings import DAY_S

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Fits", "calibrate", "fit_log"]

Floats = NDArray[np.float64]

OVERLAPPING = 0.05
"""Share of contacts that begin while their expert has another one, above which this is noted."""

SAME_EXPERT = 0.5
"""Share of the repeat contacts from which on they count as going to the expert of before."""

FEW_OF_TYPE = 20.0
"""Tickets of a type at which its own rate of resolution counts as much as that of all."""


@dataclass(frozen=True, slots=True, eq=False)
class Fits:
    """All that is fitted on a log.

    Parameters
    ----------
    log : the data.
    arrivals, service, presence, discipline : of the modules of these names; of a log of tickets, that nobody waits for
        on a line, no presence: it says when they were in hand, and not when somebody worked on them.
    patience : by class of contacts; None: too few gave up, or the channel's customers never do.
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
    name : of the scenario; default: of the file.
    every_s : length of the intervals of arrival rates; a day must be a whole number of them.

    Raises
    ------
    InputError
        Lists everything that is wrong in the table.
    ContractError
        Where intervals of `every_s` make no day.

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
    log = history if isinstance(history, ContactLog) else ContactLog.read(history, columns=columns)
    if name is None:
        name = Path(history).name if isinstance(history, str | Path) else "calibrated"
    return scenario_of(fit_log(log, every_s=every_s), name)


def fit_log(log: ContactLog, *, every_s: float = 1800.0) -> Fits:
    """Fit every process, on the log with the priorities that it does not have filled in.

    Raises
    ------
    InputError
        Where no contact was served for any time.
    """
    if not np.nansum(log.handling_s) > 0:
        accepted = "expected contacts that an expert answered, with an end after that"
        raise InputError([Defect("contacts", None, "answered", None, accepted)])
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
        presence=infer_presence(log) if log.on_line else None,
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


def scenario_of(fits: Fits, name: str) -> Scenario:
    """The fits as a scenario."""
    log = fits.log
    first, last = log.period
    classes = log.class_names()
    starts = fits.discipline.head_start_s
    provenance = Provenance(
        source=name,
        first_day=first,
        last_day=last,
        contacts=len(log),
        digest=log.digest,
        version=_version(),
        expert_by="random" if fits.in_hand is None else fits.in_hand.expert_by,
        head_start_s={each: float(start) for each, start in zip(classes, starts, strict=True) if start > 0},
        overtaken=None if np.isnan(fits.discipline.overtaken) else round(fits.discipline.overtaken, 4),
        redials=() if fits.again is None else fits.again.redials.table,
        repeats=() if fits.again is None else fits.again.repeats.table,
        fits=fits_of(fits),
        notes=log.notes,
    )
    types = {each: _type(fits, code) for code, each in enumerate(classes) if (log.contact_class == code).any()}
    return Scenario.load(
        {
            "name": name,
            "horizon_s": log.days * DAY_S,
            "drain_s": drain_of(types.values()),
            "busyness_cv": round(fits.arrivals.busyness_cv, 4),
            "pace": [round(float(factor), 4) for factor in fits.service.pace],
            "pace_cv": round(fits.service.pace_cv, 4),
            "start_day": log.weekday,
            "channels": _channels(fits),
            "types": types,
            "groups": _groups(fits, tuple(types)),
            "calibration": provenance.model_dump(mode="json", exclude_unset=True),
        }
    )


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("deskmatch")
    except PackageNotFoundError:
        return "unknown"


def _channels(fits: Fits) -> dict[str, Any]:
    found, names = fits.in_hand, fits.log.channels
    if found is None:
        return {name: {} for name in names}
    speed = [round(float(each), 3) for each in found.total_speed]
    return {name: {"concurrency": speed} if shared else {} for name, shared in zip(names, found.shared, strict=True)}


def _type(fits: Fits, code: int) -> dict[str, Any]:
    log = fits.log
    rows = log.contact_class == code
    topic = log.types[code // len(log.priorities)]
    found: dict[str, Any] = {
        "channel": log.channels[int(np.bincount(log.channel[rows]).argmax())],
        "topic": topic,
        "handling": _empirical(fits.service.sample_s[code]),
        **_goes_on(fits, code),
    }
    if (log.hop[rows] == 0).any():
        found["arrivals"] = {
            "per_hour": [float(f"{rate:.5g}") for rate in fits.arrivals.per_hour[code]],
            "every_s": fits.arrivals.every_s,
        }
    if fits.patience is not None and on_line(found["channel"]):
        at = (np.arange(POINTS) + 0.5) / POINTS
        name = log.class_names()[code]
        own = fits.patience[name]
        found["patience"] = _empirical(own.quantile_s(at))
        if own.hazard_by_queue:
            found["hazard_by_queue"] = [round(ratio, 4) for ratio in own.hazard_by_queue]
    return {**found, **_after_work(fits, found["channel"])}


def _after_work(fits: Fits, channel: str) -> dict[str, Any]:
    if fits.presence is None:
        return {}
    if fits.in_hand is not None and fits.in_hand.shared[fits.log.channels.index(channel)]:
        samples = {"after_work": fits.in_hand.after_work_s}
    else:
        away = fits.presence.away
        samples = {
            "after_work": away.after_work(busy=True, points=POINTS),
            "after_work_calm": away.after_work(busy=False, points=POINTS),
        }
    return {key: _empirical(sample) for key, sample in samples.items() if len(sample)}


def _goes_on(fits: Fits, code: int) -> dict[str, Any]:
    """What becomes of the contacts of a class that are not resolved, or given up."""
    found: dict[str, Any] = {"max_hops": 0}
    repeat = 0.0
    if fits.again is not None:
        repeat, redial = (
            round(min(float(each.share[code]), 1.0), 4) for each in (fits.again.repeats, fits.again.redials)
        )
        if redial > 0:
            found |= {"redial": redial, "redial_after": _empirical(fits.again.redials.delay_s)}
        if repeat > 0:
            to = "resolver" if fits.again.same_expert > SAME_EXPERT else "anyone"
            found |= {"repeat": repeat, "repeat_after": _empirical(fits.again.repeats.delay_s), "repeat_to": to}
            found["max_hops"] = min(fits.again.most, MOST_HAND_ONS)
    share = np.zeros(1) if fits.hand_ons is None else fits.hand_ons.share[code] / max(1.0 - repeat, 1e-9)
    share = np.floor(share / max(share.sum(), 1.0) * 1e4) / 1e4
    if fits.hand_ons is not None and share.any():
        names = fits.log.class_names()
        found["hand_on"] = {names[other]: float(share[other]) for other in np.flatnonzero(share)}
        found["max_hops"] = min(found["max_hops"] + fits.hand_ons.most, MOST_HAND_ONS)
    elif repeat > 0:
        found["hand_on"] = "never"
    return found


def _groups(fits: Fits, types: tuple[str, ...]) -> dict[str, Any]:
    log = fits.log
    if fits.presence is None:
        return desk_of_tickets(log, _rates_of_types(fits))

    def settings(name: str) -> dict[str, Any]:
        row = log.experts.index(name)
        speeds = {
            each: round(float(fits.service.speed[row, code // len(log.priorities)]), 4)
            for code, each in enumerate(log.class_names())
            if each in types
        }
        found = {"speeds": speeds, "topics": {topic: _rate(fits.resolution, name, topic) for topic in log.types}}
        if fits.in_hand is not None:
            found["channels"] = dict(zip(log.channels, fits.in_hand.capacity[row].tolist(), strict=True))
        return found

    return groups_of(log, fits.presence, settings)


def _rates_of_types(fits: Fits) -> dict[str, float]:
    """Share of the contacts of each type that are resolved, drawn to that of all; empty: the log says nothing."""
    if fits.resolution is None:
        return {}
    log = fits.log
    rows = (log.ending == Ending.ANSWERED) & ~np.isnan(log.good)
    count, good = (np.bincount(log.type[rows], each[rows], len(log.types)) for each in (np.ones(len(log)), log.good))
    rates = (good + FEW_OF_TYPE * fits.resolution.overall) / (count + FEW_OF_TYPE)
    return {log.types[code]: round(float(rates[code]), 4) for code in np.unique(log.type)}


def _rate(model: HistoricalRate | None, expert: str, topic: str) -> float:
    """Probability that the expert resolves the topic; 1 where the log says nothing."""
    return 1.0 if model is None else round(model.rate_of(expert, topic), 4)


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


def _empirical(sample: Floats) -> dict[str, Any]:
    return {"law": "empirical", "sample_s": [float(f"{value:.5g}") for value in sample]}
