"""`replicate`: independent runs of a scenario under several policies, on one core or many."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deskmatch.policies.protocol import Policy
from deskmatch.simulation.kpis import Indicators
from deskmatch.simulation.run import simulate
from deskmatch.simulation.scenario import Scenario

__all__ = ["Anything", "file_stem", "replicate"]

BATCH = 2
"""Runs for each process between two looks at the results, where a backend does not give them one by one."""

Anything = Policy | Mapping[str, Policy]
"""One policy for all channels, or one for each."""


def replicate(
    scenario: Scenario,
    policies: Mapping[str, Anything],
    numbers: range,
    *,
    seed: int = 0,
    n_jobs: int | None = None,
    target_s: float | Mapping[str, float] | None = None,
    out: Path | None = None,
    progress: bool | None = None,
) -> dict[int, dict[str, Indicators]]:
    """Indicators of each replication and policy; every policy sees the same customers in a replication.

    Parameters
    ----------
    scenario : what is simulated.
    policies : by name.
    numbers : of the replications.
    seed : of all of them.
    n_jobs : processes, as joblib takes it; None: one, or what ``joblib.parallel_config`` says, so that
        ``parallel_config(backend="dask")``, or ``"ray"``, spreads the runs over a cluster. The results do not depend on
        it.
    target_s : as in `Run.kpis`.
    out : a folder for the contacts, a Parquet file a run; None: they are dropped.
    progress : show a bar; default: where standard error is a terminal.

    Returns
    -------
    By number, then by the policy's name. Interrupted (Ctrl-C), it has the replications that all policies have ended.
    """
    from joblib import delayed

    jobs = [(number, name) for number in numbers for name in policies]
    found: dict[int, dict[str, Indicators]] = {}
    work = [
        delayed(_one)(scenario, policies[name], seed, number, target_s, _file(out, name, number))
        for number, name in jobs
    ]
    with _bar(len(jobs), progress) as step:
        try:
            for (number, name), indicators in zip(jobs, _in_parallel(work, n_jobs), strict=True):
                found.setdefault(number, {})[name] = indicators
                step()
        except KeyboardInterrupt:
            print("interrupted; going on with what is there", file=sys.stderr)
    return {number: own for number, own in found.items() if len(own) == len(policies)}


def _in_parallel(work: list[Any], n_jobs: int | None) -> Iterator[Indicators]:
    """The results in order, each as soon as it is there; some at a time where the backend (ray) gives whole lists."""
    from joblib import Parallel, effective_n_jobs
    from joblib.parallel import get_active_backend

    if get_active_backend()[0].supports_return_generator:
        yield from Parallel(n_jobs=n_jobs, return_as="generator")(work)
        return
    some = BATCH * effective_n_jobs(n_jobs)
    for first in range(0, len(work), some):
        yield from Parallel(n_jobs=n_jobs)(work[first : first + some])


def _one(
    scenario: Scenario,
    policy: Anything,
    seed: int,
    number: int,
    target_s: float | Mapping[str, float] | None,
    out: Path | None,
) -> Indicators:
    return simulate(scenario, policy, seed=seed, replication=number, out=out).kpis(target_s=target_s)


def file_stem(policy: str) -> str:
    """What the files of a policy begin with: its name, without signs that a file system might not take."""
    return "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in policy)


def _file(out: Path | None, name: str, number: int) -> Path | None:
    return None if out is None else out / f"{file_stem(name)}-{number:04}.parquet"


@contextmanager
def _bar(total: int, wanted: bool | None) -> Iterator[Any]:
    """A progress bar on standard error; yields what counts one step."""
    shown = sys.stderr.isatty() if wanted is None else wanted
    if not shown:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("simulating", total=total)
        yield lambda: progress.advance(task)
