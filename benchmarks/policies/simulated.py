"""Desks that are simulated: every contestant on the same customers, and the clairvoyant bound beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from benchmarks.policies.contestants import Contestant, Scene, contestants
from benchmarks.policies.desks import COURSES
from benchmarks.policies.results import BOUND, Record
from benchmarks.policies.tuning import TRIALS, tuned
from benchmarks.policies.wrappers import Timed
from deskmatch.learning import clairvoyant_bound
from deskmatch.policies import ByChannel
from deskmatch.policies.dispatch import Rule
from deskmatch.simulation import simulate
from deskmatch.simulation.kpis import TOTAL

__all__ = ["SEED", "judge", "judge_all", "rows_of", "side_by_side"]

SEED = 77
"""Of the customers of all parts; replications are numbered from 0, so that all contestants see the same."""


def judge_all(
    desks: Sequence[str],
    *,
    replications: int | None = None,
    loads: Sequence[float] | None = None,
    only: Sequence[str] = (),
    trials: int = TRIALS,
    n_jobs: int = 1,
) -> Iterator[list[Record]]:
    """Every contestant on every desk at each of its loads, as they get ready.

    Parameters
    ----------
    desks : names of the track's desks.
    replications : of each, instead of those of its course.
    loads : instead of each desk's own.
    only : contestants; empty: all.
    trials : of tuning.
    n_jobs : processes.
    """
    work = []
    for desk in desks:
        scene = Scene.of(desk, 1.0)
        names = [each.name for each in contestants(scene)] + ([BOUND] if scene.course.bounded else [])
        at, count = tuple(loads or scene.course.loads), replications or scene.course.replications
        work += [delayed(judge)(desk, name, at, count, trials) for name in names if not only or name in only]
    yield from side_by_side(work, n_jobs)


def side_by_side(work: Sequence[Any], n_jobs: int) -> Iterator[list[Record]]:
    """The results of joblib's delayed calls, each as soon as it is there."""
    yield from Parallel(n_jobs=n_jobs, return_as="generator_unordered")(work)


def judge(desk: str, name: str, loads: Sequence[float], replications: int, trials: int = TRIALS) -> list[Record]:
    """A contestant at all loads of a desk, with settings that were tuned at the middle one; or the bound."""
    if name == BOUND:
        return [_bound(desk, load, replications) for load in loads]
    own = COURSES[desk].loads
    middle = Scene.of(desk, own[len(own) // 2])
    contestant = next(each for each in contestants(middle) if each.name == name)
    settings = tuned(contestant, middle, trials=trials)
    return [record_of(contestant, Scene.of(desk, load), settings, replications, part="track") for load in loads]


def record_of(
    contestant: Contestant, scene: Scene, settings: Any, replications: int, *, part: str, variant: str = ""
) -> Record:
    """Simulate a contestant with these settings."""
    policy = contestant.make(scene, settings)
    rows, took = rows_of(scene, policy, replications)
    settings = {**settings, **getattr(policy, "note", {})}
    return Record(
        part, scene.desk, scene.load, variant, contestant.name, contestant.kind, rows, settings, took_ms=took
    )  # fmt: skip


def rows_of(scene: Scene, policy: Any, replications: int) -> tuple[list[dict[str, Any]], tuple[float, ...]]:
    """Indicators by replication and channel, and the processor time of decisions."""
    timed = policy if isinstance(policy, Rule | ByChannel) else Timed(policy)
    rows = []
    for number in range(replications):
        found = simulate(scene.scenario, timed, seed=SEED, replication=number).kpis()
        for column, channel in enumerate(found.rows):
            values = {name: float(own[column]) for name, own in found.values.items()}
            rows.append({"replication": number, "channel": channel, **values})
    if not isinstance(timed, Timed):
        return rows, ()
    return rows, tuple(float(q) * 1e3 for q in np.quantile(timed.took_s or [np.nan], [0.5, 0.99]))


def _bound(desk: str, load: float, replications: int) -> Record:
    scene = Scene.of(desk, load)
    bounds = [clairvoyant_bound(scene.scenario, seed=SEED, replication=number).bound for number in range(replications)]
    rows = [{"replication": number, "channel": TOTAL, "reward_expected": bound} for number, bound in enumerate(bounds)]
    return Record("track", desk, load, "", BOUND, "bound", rows)
