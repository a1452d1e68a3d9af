"""`evaluate_twin`: a twin beside reality in a period on which it was not fitted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen
from deskmatch.policies.protocol import Policy
from deskmatch.ranges import PART, Range, refuse
from deskmatch.simulation.calibration.arguments import check_known, check_runs
from deskmatch.simulation.calibration.contact_log import ContactLog, check_served, hour_of, intervals_of_day
from deskmatch.simulation.calibration.in_hand import find_in_hand
from deskmatch.simulation.calibration.known_priorities import with_known_priorities
from deskmatch.simulation.calibration.measures import (
    Cells,
    Contacts,
    coverage,
    noise_ratio,
    of_log,
    of_run,
    randomised_pit,
    totals_by,
)
from deskmatch.simulation.calibration.presence import Observed
from deskmatch.simulation.calibration.replaying import again_of, arriving, current_rule, provenance_of, replay
from deskmatch.simulation.provenance import ErrorRow
from deskmatch.simulation.run import simulate
from deskmatch.simulation.scenario import Scenario
from deskmatch.simulation.settings import DAY_S

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TwinReport", "evaluate_twin"]

Floats = NDArray[np.float64]

LINE, TICKETS = ("wait_s", "abandonment", "service_level"), ("elapsed_s",)
"""What is compared where customers wait on a line, and of tickets."""
MEASURES = (*LINE, *TICKETS)
INTERVAL = 0.9
LEAST = 20
"""Replications below which such an interval says nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class TwinReport(Frozen):
    """How far a twin is from reality.

    Parameters
    ----------
    period : first and last day, ISO dates.
    replications : of the twin.
    every_s : length of the intervals of time.
    target_s : within which a contact counts as served in time.
    types : names.
    real, twin : by grouping (``"interval"``, ``"day"``, ``"hour"``, ``"weekday_hour"``, ``"type"``, ``"total"``) the
        aggregates, of the twin one a replication; ``"hour"`` is that of the day.
    whole : of all contacts together, by indicator what was real and ``(replications,)`` of the twin: abandonment as a
        share of those who came, of whom each may have several contacts; percentiles of the wait, mean wait of those
        served, first-contact resolution where the log has it, and the occupancy, the share of the time logged in with a
        contact in hand.
    pit : of ``"wait_s"`` and ``"abandonment"``, of tickets of ``"elapsed_s"``, ``(intervals,)`` randomised transforms;
        nan without contacts.
    """

    period: tuple[str, str]
    replications: int
    every_s: float
    target_s: float
    types: tuple[str, ...]
    real: dict[str, Cells]
    twin: dict[str, tuple[Cells, ...]]
    whole: dict[str, tuple[float, Floats]]
    pit: dict[str, Floats]

    @property
    def measures(self) -> tuple[str, ...]:
        """What is compared: waits, abandonment and service level of those on a line, times to the end of tickets."""
        return LINE if "wait_s" in self.pit else TICKETS

    def series(self, grouping: str, measure: str) -> tuple[Floats, Floats]:
        """``(cells,)`` of reality and ``(replications, cells)`` of the twin."""
        check_known("grouping", grouping, self.real)
        check_known("measure", measure, MEASURES)
        return self.real[grouping].measure(measure), np.array([each.measure(measure) for each in self.twin[grouping]])

    def coverage(self, measure: str, share: float = INTERVAL) -> float:
        """Share of the intervals of time in which reality lies in the twin's central interval, counts as `pit` has
        them, on average over what is drawn there."""
        refuse(PART.problems({"share": share}), ContractError)
        return coverage(*self.series("interval", measure), share)

    def noise_ratio(self, grouping: str, measure: str) -> float:
        """The twin's mean absolute error over its own noise; 1: reality is like another replication."""
        error, noise = self.error_and_noise(grouping, measure)
        return error / noise if noise > 0 else float("nan")

    def error_and_noise(self, grouping: str, measure: str) -> tuple[float, float]:
        """Mean absolute error against reality and of one replication against the others, weighted by contacts."""
        return noise_ratio(*self.series(grouping, measure), self.real[grouping].contacts)

    def errors(self) -> tuple[ErrorRow, ...]:
        """The rows of the table that a calibrated scenario carries."""
        whole = {name: (np.array([real]), twin[:, None]) for name, (real, twin) in self.whole.items()}
        totals = {name: self.series("total", name) for name in self.measures}
        found = {**totals, **whole}  # in the order of the totals, but as they are told of all contacts together
        known = [name for name, (real, _) in found.items() if name in totals or not np.isnan(real).any()]
        return tuple(_error_row(name, *found[name]) for name in known)

    def onto(self, scenario: Scenario) -> Scenario:
        """The scenario with this table of errors."""
        calibration = provenance_of(scenario).model_copy(update={"errors": self.errors(), "evaluated": self.period})
        return scenario.replace(calibration=calibration.model_dump(mode="json", exclude_unset=False))

    def frame(self, grouping: str = "total") -> pd.DataFrame:
        """One row a cell: contacts, and of each measure reality, the twin's mean and its 90 % interval."""
        import pandas as pd

        check_known("grouping", grouping, self.real)
        columns: dict[str, Floats] = {"contacts": self.real[grouping].contacts}
        for name in self.measures:
            real, twin = self.series(grouping, name)
            columns[name], columns[f"{name}_twin"] = real, _quiet(np.nanmean, twin)
            columns[f"{name}_low"], columns[f"{name}_high"] = _ends(twin)
        index = list(self.types) if grouping == "type" else None
        frame = pd.DataFrame(columns, index=index)
        return frame[frame["contacts"] > 0]

    def text(self) -> str:
        """The report in words, a line each."""
        return "\n".join(_lines(self))

    def draw_day(self, path: str | Path, *, day: int = 0) -> None:
        """A picture of the real and the simulated day (needs the extra ``plot``)."""
        from deskmatch.simulation.calibration.pictures import draw_twin_day

        draw_twin_day(self, path, day=day)

    def __repr__(self) -> str:
        return f"TwinReport({self.period[0]} to {self.period[1]}, {self.replications} replications)"


def evaluate_twin(
    scenario: Scenario,
    log: ContactLog,
    *,
    replications: int = 100,
    seed: int = 0,
    every_s: float = 1800.0,
    target_s: float = 20.0,
    policy: Policy | None = None,
) -> TwinReport:
    """Replay a period and compare, by interval, day, hour, type and in total.

    Parameters
    ----------
    scenario : a calibrated one.
    log : what really happened, best in a period after that of the calibration.
    replications : of the twin, ≥ 20; breaks that nobody saw are drawn anew for each of them.
    seed : of all that is drawn.
    every_s : length of the intervals of time; a day must be a whole number of them.
    target_s : within which a contact counts as served in time.
    policy : default: the routing that the calibration found.

    Raises
    ------
    ContractError
        On too few replications, intervals that make no day, a negative target, or a log that is none.
    InputError
        Where no contact of the log was served for any time.
    ScenarioError
        Where the scenario was not calibrated.
    """
    check_runs(replications, seed, least=LEAST)
    refuse(Range("seconds ≥ 0", least=0).problems({"target_s": target_s}), ContractError)
    provenance_of(scenario)
    check_served(log)
    log = with_known_priorities(log)

    def cells_of(contacts: Contacts) -> dict[str, Cells]:
        groupings = _groupings(contacts, log, every_s)
        return {name: totals_by(contacts, *each, target_s, _span(name, every_s)) for name, each in groupings.items()}

    happened = of_log(log)
    real = cells_of(happened)
    twin: dict[str, list[Cells]] = {name: [] for name in real}
    whole: dict[str, list[float]] = {}
    logged = []
    for number, (twin_scenario, logged_s) in enumerate(_replayed(scenario, log, replications, seed)):
        run = simulate(twin_scenario, policy or current_rule(twin_scenario), seed=seed, replication=number)
        contacts = of_run(run, log.types)
        for name, cells in cells_of(contacts).items():
            twin[name].append(cells)
        own = contacts.whole() | {
            "abandonment": run.outcomes()["abandoned"] / max(run.arrived, 1),
            "occupancy": contacts.in_hand_s / max(float((run.end.logged_s - run.start.logged_s).sum()), 1.0),
        }
        for name, value in own.items():
            whole.setdefault(name, []).append(value)
        logged.append(logged_s)
    seen = happened.whole() | {
        "abandonment": _given_up(scenario, log),
        "occupancy": happened.in_hand_s / float(np.mean(logged)),
    }
    report = TwinReport(
        period=log.period,
        replications=replications,
        every_s=every_s,
        target_s=target_s,
        types=log.types,
        real=real,
        twin={name: tuple(cells) for name, cells in twin.items()},
        whole={name: (seen[name], np.array(values)) for name, values in whole.items()} if log.on_line else {},
        pit={},
    )
    rng = np.random.default_rng(seed)
    for measure in LINE[:2] if log.on_line else TICKETS:
        report.pit[measure] = randomised_pit(*report.series("interval", measure), rng)
    return report


def _given_up(scenario: Scenario, log: ContactLog) -> float:
    """Share of those who came that gave up for good."""
    redials = again_of(scenario, log, repeats=False).sum()
    return float((log.abandoned.sum() - redials) / max(arriving(scenario, log).sum(), 1))


def _replayed(scenario: Scenario, log: ContactLog, replications: int, seed: int) -> Iterator[tuple[Scenario, float]]:
    """The scenario of each replication, and how long experts were really logged in."""
    if not log.on_line:
        yield from repeat((replay(scenario, log), float("nan")), replications)
        return
    observed = Observed.of(log, find_in_hand(log))
    for number in range(replications):
        presence = observed.presence(seed + number)
        yield replay(scenario, log, presence=presence), max(presence.logged_s, 1.0)


def _groupings(contacts: Contacts, log: ContactLog, every_s: float) -> dict[str, tuple[NDArray[np.int64], int]]:
    """Codes of cells, and how many there are."""
    day, hour = (contacts.queued_s // DAY_S).astype(np.int64), hour_of(contacts.queued_s)
    interval = (contacts.queued_s // every_s).astype(np.int64)
    return {
        "interval": (interval, log.days * intervals_of_day(every_s)),
        "day": (day, log.days),
        "hour": (hour, 24),
        "weekday_hour": ((log.weekday + day) % 7 * 24 + hour, 7 * 24),
        "type": (contacts.topic, len(log.types)),
        "total": (np.zeros(len(day), np.int64), 1),
    }


def _span(grouping: str, every_s: float) -> float | None:
    return {"interval": every_s, "day": DAY_S}.get(grouping)


def _error_row(name: str, real: Floats, twin: Floats) -> ErrorRow:
    own = twin[:, 0]
    low, high = np.quantile(own, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    bias, spread = float(own.mean() - real[0]), float(own.std(ddof=1))
    return ErrorRow(
        indicator=name,
        real=_rounded(real[0]),
        twin=_rounded(own.mean()),
        low=_rounded(low),
        high=_rounded(high),
        error=_rounded(np.hypot(bias, spread)),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


def _quiet(function: object, values: Floats) -> Floats:
    """Along replications, without a word on cells that have nothing."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(function(values, axis=0))  # type: ignore[operator]


def _ends(twin: Floats) -> tuple[Floats, Floats]:
    outside = (1 - INTERVAL) / 2
    low, high = (_quiet(lambda v, axis, at=at: np.nanquantile(v, at, axis=axis), twin) for at in (outside, 1 - outside))
    return low, high


def _lines(report: TwinReport) -> Iterator[str]:
    first, last = report.period
    yield f"{first} to {last}, {report.replications} replications of the twin"
    for row in report.errors():
        yield f"{row.indicator}: real {row.real:.4g}, twin {row.twin:.4g} (90 %: {row.low:.4g} to {row.high:.4g})"
    for measure in report.pit:
        yield f"{measure}: 90 % intervals cover {report.coverage(measure):.1%} of the intervals of time"
        for grouping in ("day", "hour", "weekday_hour"):
            error, noise = report.error_and_noise(grouping, measure)
            times = f"{error / noise:.2f} times the twin's own noise" if noise > 0 else "in a twin without noise"
            yield f"{measure} by {grouping.replace('_', ' and ')}: error {error:.3g}, {times}"
