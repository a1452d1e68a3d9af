"""The fits of a log as a scenario: the desk's twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.prediction.historical_rate import HistoricalRate
from deskmatch.simulation.calibration.contact_links import MOST_HAND_ONS
from deskmatch.simulation.calibration.contact_log import Ending, on_line
from deskmatch.simulation.calibration.goodness import fits_of
from deskmatch.simulation.calibration.patience_fit import mean_patience_s
from deskmatch.simulation.calibration.service_fit import POINTS
from deskmatch.simulation.calibration.staffing import desk_of_tickets, drain_of, groups_of
from deskmatch.simulation.calibration.working_time import AT_ONCE_S, HOUR_S
from deskmatch.simulation.provenance import Provenance
from deskmatch.simulation.scenario import Scenario
from deskmatch.simulation.settings import DAY_S

if TYPE_CHECKING:
    from deskmatch.simulation.calibration.fitting import Fits

__all__ = ["scenario_of"]

Floats = NDArray[np.float64]

SAME_EXPERT = 0.5
"""Share of the repeat contacts from which on they count as going to the expert of before."""

OWN_POINTS = 50
"""Of the law of one expert's after-work: a quantile every two percent."""

FEW_OF_TYPE = 20.0
"""Tickets of a type at which its own rate of resolution counts as much as that of all."""


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
            "pace_every_s": DAY_S / len(fits.service.pace),
            "pace_cv": round(fits.service.pace_cv, 4),
            "pace_run_cv": 0.0 if fits.service.elapsed is None else round(fits.service.elapsed.missed, 4),
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
    found, names, tickets = fits.in_hand, fits.log.channels, fits.service.elapsed
    if tickets is not None:
        progress = [round(float(each), 4) for each in tickets.working_time.progress]
        return {name: {"progress": progress, "progress_every_s": HOUR_S, "at_once_s": AT_ONCE_S} for name in names}
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
    if on_line(found["channel"]):
        found |= _patience(fits, code, log.channels.index(found["channel"]))
    if fits.in_hand is not None and fits.in_hand.shared[log.channels.index(found["channel"])]:
        after_s = fits.in_hand.after_work_s
        return {**found, "after_work": _empirical(after_s)} if len(after_s) else found
    return {**found, **_after_work(fits)}


def _patience(fits: Fits, code: int, channel: int) -> dict[str, Any]:
    """Of a class of contacts: its curve, or the channel's mean where too few gave up."""
    if fits.patience is None:
        return {"patience": {"mean_s": float(f"{mean_patience_s(fits.log, channel):.5g}")}}
    own = fits.patience[fits.log.class_names()[code]]
    found: dict[str, Any] = {"patience": _empirical(own.quantile_s((np.arange(POINTS) + 0.5) / POINTS))}
    if own.hazard_by_queue:
        found["hazard_by_queue"] = [round(ratio, 4) for ratio in own.hazard_by_queue]
    return found


def _after_work(fits: Fits, expert: int | None = None) -> dict[str, Any]:
    """Of contacts that take the whole expert: of all experts, or of one."""
    if fits.presence is None:
        return {}
    points = POINTS if expert is None else OWN_POINTS
    samples = {
        key: fits.presence.away.after_work(busy=busy, points=points, expert=expert)
        for key, busy in (("after_work", True), ("after_work_calm", False))
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
        topics = {topic: _rate(fits.resolution, name, topic) for topic in log.types}
        found: dict[str, Any] = {"speeds": speeds, "topics": topics}
        if fits.service.speed_cv > 0:
            found["speed_cv"] = round(fits.service.speed_cv, 4)
        if fits.in_hand is None:
            found |= _after_work(fits, row)
        else:
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


def _empirical(sample: Floats) -> dict[str, Any]:
    return {"law": "empirical", "sample_s": [float(f"{value:.5g}") for value in sample]}
