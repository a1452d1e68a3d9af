"""What a twin and reality are compared by: tables of contacts, their aggregates, intervals, and the noise of a perfect
model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.routing.kinds import Kind, kind_of
from deskmatch.simulation.calibration.contact_log import ContactLog, Ending
from deskmatch.simulation.engine.records import Outcome
from deskmatch.simulation.run import Run

__all__ = [
    "Cells",
    "Contacts",
    "coverage",
    "noise_ratio",
    "of_log",
    "of_run",
    "randomised_pit",
    "seconds_before",
    "time_in_hand",
    "totals_by",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """Contacts as they joined the queue.

    Parameters
    ----------
    queued_s : ``(contacts,)`` from the first midnight.
    wait_s : ``(contacts,)`` until the answer or until giving up.
    abandoned : ``(contacts,)``.
    served_s : ``(contacts,)`` when service began; nan: it did not.
    ended_s : ``(contacts,)``.
    topic : ``(contacts,)`` codes of types.
    resolved : ``(contacts,)`` of those served, 1: neither handed on nor left unresolved; nan: not served, or not known.
    first : ``(contacts,)`` nobody has handed it on before.
    expert : ``(contacts,)`` codes; −1: nobody.
    """

    queued_s: Floats
    wait_s: Floats
    abandoned: NDArray[np.bool_]
    served_s: Floats
    ended_s: Floats
    topic: Integers
    resolved: Floats
    first: NDArray[np.bool_]
    expert: Integers

    @property
    def in_hand_s(self) -> float:
        """Seconds in which experts have a contact."""
        return time_in_hand(self.expert, self.served_s, self.ended_s)

    def whole(self) -> dict[str, float]:
        """Indicators that are told of all contacts together, by the names that they have of a run; nan: not known."""
        served = ~np.isnan(self.served_s)
        known, waits = (each[~np.isnan(each)] for each in (self.resolved[self.first], self.wait_s))
        found = {
            f"wait_p{share}_s": float(np.percentile(waits, share, method="inverted_cdf"))
            if len(waits)
            else float("nan")
            for share in (50, 90, 95)
        }
        found["asa_s"] = float(np.nanmean(self.wait_s[served])) if served.any() else float("nan")
        found["first_contact_resolution"] = float(known.mean()) if len(known) else float("nan")
        return found


def of_log(log: ContactLog) -> Contacts:
    """What really happened."""
    resolved = np.where(log.ending == Ending.ANSWERED, log.good, np.nan)
    return Contacts(
        log.queued_s,
        log.wait_s,
        log.abandoned,
        log.answered_s,
        log.ended_s,
        log.type,
        resolved,
        log.hop == 0,
        log.expert,
    )


def of_run(run: Run, topics: Sequence[str]) -> Contacts:
    """What happened in a replication: all contacts up to the horizon, of those who are called back the first."""
    called_back = np.array([kind_of(each.settings.channel) is Kind.CALLBACK for each in run.scenario.types], bool)
    counted = (run.rows["attempt"] == 0) | (run.rows["hop"] > 0) | ~called_back[run.rows["type"]]
    inside = run.rows["entered"] < run.scenario.tables.horizon_s
    rows = run.rows[counted & inside & (run.rows["outcome"] != Outcome.AWAY)]
    rows = rows[np.argsort(rows["entered"], kind="stable")]
    end = np.where(np.isnan(rows["ended"]), run.end.now_s, rows["ended"])
    begun = np.where(np.isnan(rows["started"]), end, rows["started"])
    code = {name: row for row, name in enumerate(topics)}
    topic = np.array([code.get(each.topic, -1) for each in run.scenario.types], np.int64)
    lost = np.isin(rows["outcome"], (Outcome.ABANDONED, Outcome.BALKED, Outcome.REDIAL))
    resolved = np.where(np.isnan(rows["started"]), np.nan, rows["outcome"] == Outcome.RESOLVED)
    wait = begun - rows["entered"]
    expert = rows["expert"].astype(np.int64)
    return Contacts(
        rows["entered"], wait, lost, rows["started"], end, topic[rows["type"]], resolved, rows["hop"] == 0, expert
    )


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Aggregates of contacts in cells, such as half hours.

    Parameters
    ----------
    contacts, abandoned, served_in_time : ``(cells,)`` counts.
    wait_s, elapsed_s : ``(cells,)`` sums; the latter from joining the queue to the end.
    busy_s : ``(cells,)`` seconds of service that fall into the cell; empty where cells are no intervals of time.
    """

    contacts: Floats
    abandoned: Floats
    served_in_time: Floats
    wait_s: Floats
    elapsed_s: Floats
    busy_s: Floats

    def measure(self, name: str) -> Floats:
        """``(cells,)`` mean wait or time to the end, abandonment or service level; nan without contacts."""
        parts = {"wait_s": self.wait_s, "abandonment": self.abandoned, "service_level": self.served_in_time}
        part = {**parts, "elapsed_s": self.elapsed_s}[name]
        found = np.divide(part, self.contacts, out=np.full(len(part), np.nan), where=self.contacts > 0)
        return np.asarray(found)


def time_in_hand(expert: Integers, begin_s: Floats, end_s: Floats) -> float:
    """Seconds in which experts have a contact in hand, or several; those that nobody began do not count.

    Examples
    --------
    >>> time_in_hand(np.array([0, 0, 1]), np.array([0.0, 5.0, 0.0]), np.array([10.0, 20.0, 7.0]))
    27.0
    """
    known = np.flatnonzero((expert >= 0) & ~np.isnan(begin_s) & ~np.isnan(end_s))
    known = known[np.lexsort((begin_s[known], expert[known]))]
    apart = (np.nanmax(end_s[known], initial=0.0) + 1.0) * expert[known]
    begin, end = begin_s[known] + apart, np.maximum.accumulate(end_s[known] + apart)
    before = np.concatenate(([-np.inf], end[:-1]))
    return float(np.maximum(end - np.maximum(begin, before), 0.0).sum())


def totals_by(contacts: Contacts, cell: Integers, count: int, target_s: float, every_s: float | None = None) -> Cells:
    """Aggregates over the cells of each contact.

    Parameters
    ----------
    contacts : which.
    cell : ``(contacts,)`` codes; −1: none.
    count : how many cells.
    target_s : a contact answered within it is served in time.
    every_s : where cells are intervals of time, their length.
    """
    used = cell >= 0

    def summed(values: Any) -> Floats:
        return np.asarray(np.bincount(cell[used], np.asarray(values, float)[used], count), np.float64)

    in_time = ~np.isnan(contacts.served_s) & (contacts.wait_s <= target_s)
    elapsed = contacts.ended_s - contacts.queued_s
    busy = np.zeros(0)
    if every_s is not None:
        edges = np.arange(count + 1, dtype=np.float64) * every_s
        busy = np.diff(seconds_before(contacts.served_s, contacts.ended_s, edges))
    return Cells(
        summed(np.ones(len(cell))),
        summed(contacts.abandoned),
        summed(in_time),
        summed(contacts.wait_s),
        summed(elapsed),
        busy,
    )


def seconds_before(begin: Floats, end: Floats, edges: Floats) -> Floats:
    """Seconds of all spans that lie before each edge."""
    known = ~np.isnan(begin)
    starts, ends = np.sort(begin[known]), np.sort(end[known])
    before = [np.searchsorted(each, edges) for each in (starts, ends)]
    sums = [np.concatenate(([0.0], np.cumsum(each))) for each in (starts, ends)]
    return np.asarray(edges * before[0] - sums[0][before[0]] - (edges * before[1] - sums[1][before[1]]))


def randomised_pit(real: Floats, twin: Floats, rng: np.random.Generator) -> Floats:
    """``(cells,)`` the share of the twin's replications below what was seen, ties and the unseen drawn at random.

    With n replications of which b lie below and t are equal, it is uniform between b / (n + 1) and (b + t + 1) / (n +
    1): uniform on (0, 1) where reality is another replication of the twin, for counts as well (C. Czado, T. Gneiting,
    L. Held, "Predictive model assessment for count data", Biometrics 65 (2009) 1254–1261).

    Parameters
    ----------
    real : ``(cells,)``; nan where there is nothing.
    twin : ``(replications, cells)``.
    """
    low, high = _pit_between(real, twin)
    return np.asarray(low + (high - low) * rng.random(len(real)))


def _pit_between(real: Floats, twin: Floats) -> tuple[Floats, Floats]:
    """``(cells,)`` between which the randomised transform lies; nan without contacts."""
    below, equal = (twin < real).sum(axis=0), (twin == real).sum(axis=0)
    n = (~np.isnan(twin)).sum(axis=0)
    known = ~np.isnan(real) & (n > 0)
    return np.where(known, below / (n + 1), np.nan), np.where(known, (below + equal + 1) / (n + 1), np.nan)


def coverage(real: Floats, twin: Floats, share: float) -> float:
    """Share of the cells in which reality lies within the twin's central interval of this share.

    That of `randomised_pit`, as it is on average over what is drawn there.
    """
    low, high = _pit_between(real, twin)
    outside = (1 - share) / 2
    inside = np.clip(high, outside, 1 - outside) - np.clip(low, outside, 1 - outside)
    known = ~np.isnan(low)
    return float((inside / (high - low))[known].mean()) if known.any() else float("nan")


def noise_ratio(real: Floats, twin: Floats, weight: Floats) -> tuple[float, float]:
    """The twin's error, and its own noise: mean absolute distances from the twin's mean, weighted.

    The noise takes each replication in the place of reality, and leaves it out of the mean that it is told against.

    Parameters
    ----------
    real : ``(cells,)``.
    twin : ``(replications, cells)``.
    weight : ``(cells,)``, such as contacts.
    """
    used = ~np.isnan(real) & ~np.isnan(twin).any(axis=0) & (weight > 0)
    own, weights, n = twin[:, used], weight[used] / weight[used].sum(), len(twin)
    mean = own.mean(axis=0)
    others = (mean * n - own) / (n - 1)
    return float(np.abs(real[used] - mean) @ weights), float((np.abs(own - others) @ weights).mean())
