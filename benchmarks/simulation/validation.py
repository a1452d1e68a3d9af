"""Long runs of the validation cases that need them, held against their own tolerances with nothing added.

::

    python -m benchmarks.simulation.validation             # prints, and writes docs/benchmarks/validation.md
    python -m benchmarks.simulation.validation --share 0.1 --no-page

Every case runs as replications under seeds of their own. What is known of the input is taken out by control variates:
the number of arrivals and the mean time in service of each type, whose means are exact, explain a large part of what
differs between replications where a desk is nearly full (S. Lavenberg, P. Welch, "A perspective on the use of control
variables to increase the efficiency of Monte Carlo simulations", Management Science 27 (1981) 322–335).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import environment
from deskmatch.policies import fcfs, longest_queue, preference_lists
from deskmatch.policies.dispatch import Rule
from deskmatch.simulation import Run, Scenario, simulate

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "validation.md"
Floats = NDArray[np.float64]


class Case(NamedTuple):
    """A desk, and what is known of it.

    Parameters
    ----------
    exact : by quantity: the true value, and the tolerance.
    rates, means : arrivals a second and mean seconds in service of each type.
    runs : replications.
    """

    name: str
    scenario: Scenario
    rule: Rule
    exact: dict[str, tuple[float, float]]
    rates: tuple[float, ...]
    means: tuple[float, ...]
    runs: int


def main(arguments: list[str] | None = None) -> None:
    """Run the cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of the replications")
    parser.add_argument("--no-page", action="store_true", help="print only")
    options = parser.parse_args(arguments)
    parts = [INTRODUCTION, environment(("numpy", "numba")), "", *HEAD]
    print("\n".join(parts), flush=True)
    for case in (*erlang_models(), *n_design()):
        lines = list(_lines(case, max(12, round(case.runs * options.share))))
        parts += lines
        print("\n".join(lines), flush=True)
    if not options.no_page:
        PAGE.write_text("\n".join(parts) + "\n", encoding="utf-8")


INTRODUCTION = """# The simulator against exact values, in long runs

Made by `python -m benchmarks.simulation.validation`. The tests check the same cases in shorter runs, with an allowance
for their sampling error; here the runs are long enough for the tolerances of the cases themselves. ± is the half-width
of the 95 % confidence interval over the replications, with the numbers of arrivals and their mean times in service as
control variates; *gain* is by how much these narrow it.
"""
HEAD = (
    "| case | | exact | tolerance | simulated | difference | gain | million tickets | |",
    "|---|---|---:|---:|---:|---:|---:|---:|---|",
)

ERLANG = (
    (50, 48.0, 0.0, None, {"must wait": 0.694456, "wait": 0.347228, "occupancy": 0.96}),
    (50, 48.0, 0.5, None, {"must wait": 0.467774, "abandoned": 0.030912, "wait": 0.061824, "occupancy": 0.930324}),
    (10, 12.0, 0.5, None, {"must wait": 0.850385, "abandoned": 0.195656, "wait": 0.391312, "occupancy": 0.965213}),
    (12, 8.4, 2.0, None, {"must wait": 0.127372, "abandoned": 0.029679, "wait": 0.014839, "occupancy": 0.679225}),
    (100, 105.0, 1.0, None, {"must wait": 0.700245, "abandoned": 0.066982, "wait": 0.066982, "occupancy": 0.979669}),
    (12, 8.4, 0.0, 5, {"blocked": 0.009477, "occupancy": 0.693366}),
    (10, 10.0, 0.5, 5, {"blocked": 0.060033, "abandoned": 0.059576, "occupancy": 0.880391}),
)


def erlang_models() -> Iterator[Case]:
    """Case A: M/M/n, with patience and with a limited queue; mean service 1."""
    for n, load, theta, capacity, values in ERLANG:
        channel: dict[str, Any] = {"patience": 1 / theta if theta else "never", "queue_capacity": capacity}
        horizon = 1_000_000 / load
        scenario = Scenario.load(
            {
                "horizon_s": horizon,
                "warmup_s": 0.05 * horizon,
                "drain_s": 1000.0,
                "channels": {"call": {key: value for key, value in channel.items() if value is not None}},
                "types": {"t": {"channel": "call", "arrivals": {"per_hour": load * 3600}, "handling": 1.0}},
                "groups": {"g": {"experts": n}},
            }
        )
        exact = {name: (value, 0.03 * value if name == "wait" else 0.002) for name, value in values.items()}
        place = "" if capacity is None else f", K={capacity}"
        runs = 60 if theta == 0 and capacity is None else 12
        yield Case(f"A: n={n}, a={load:g}, θ={theta:g}{place}", scenario, fcfs(), exact, (load,), (1.0,), runs)


def n_design() -> Iterator[Case]:
    """Case D: two types, flexible and dedicated experts; abandonment in per cent."""
    scenario = Scenario.load(
        {
            "horizon_s": 200_000 * 60,
            "warmup_s": 36_000,
            "drain_s": 36_000,
            "channels": {"call": {"patience": 240}},
            "types": {
                "type0": {"channel": "call", "arrivals": {"per_hour": 180}, "handling": 180},
                "type1": {"channel": "call", "arrivals": {"per_hour": 120}, "handling": 180},
            },
            "groups": {"flexible": {"experts": 10}, "dedicated": {"experts": 6, "topics": ["type1"]}},
        }
    )
    first = {"type1": ["dedicated", "flexible"]}
    rules = {
        "priority to type 0": (
            preference_lists(groups=first, queues={"flexible": ["type0", "type1"]}),
            (10.9485, 5.5010, 8.7695),
        ),
        "longest queue": (longest_queue(groups=first), (11.8143, 4.4204, 8.8567)),
        "FIFO": (preference_lists(groups=first), (12.37, 3.95, 9.00)),
    }
    for name, (rule, values) in rules.items():
        names = ("abandoned 0, %", "abandoned 1, %", "abandoned, %")
        exact = {key: (value, 0.1) for key, value in zip(names, values, strict=True)}
        yield Case(f"D: {name}", scenario, rule, exact, (0.05, 1 / 30), (180.0, 180.0), 12)


def _lines(case: Case, runs: int) -> Iterator[str]:
    """A row for each quantity."""
    start = time.perf_counter()
    measured, controls = [], []
    for seed in range(runs):
        run = simulate(case.scenario, case.rule, seed=seed)
        measured.append(_measured(run))
        controls.append(_controls(case, run))
    x = np.array(controls)
    tickets = x[:, -1].sum() / 1e6
    print(f"<!-- {case.name}: {time.perf_counter() - start:.0f} s -->", flush=True)
    for name, (exact, tolerance) in case.exact.items():
        y = np.array([each[name] for each in measured])
        mean, half, gain = _controlled(y, x[:, :-1])
        off = mean - exact
        verdict = "within" if abs(off) <= tolerance else "OUTSIDE"
        yield (
            f"| {case.name} | {name} | {exact:g} | {tolerance:.3g} | {mean:.6g} ± {half:.2g} | {off:+.2g} |"
            f" {gain:.1f} × | {tickets:.0f} | {verdict} |"
        )


def _counted(run: Run) -> NDArray[Any]:
    """The contacts of tickets that arrived between the end of the warm-up and the horizon."""
    rows, tables = run.rows, run.scenario.tables
    return rows[(rows["arrived"] >= tables.warmup_s) & (rows["arrived"] < tables.horizon_s)]


def _measured(run: Run) -> dict[str, float]:
    rows = _counted(run)
    wait = np.where(np.isnan(rows["started"]), rows["ended"], rows["started"]) - rows["entered"]
    gone, blocked = rows["outcome"] == 5, rows["outcome"] == 7
    return {
        "must wait": float((wait > 0).mean()),
        "wait": float(wait.mean()),
        "abandoned": float(gone.mean()),
        "blocked": float(blocked.mean()),
        "occupancy": run.kpis()["occupancy"],
        "abandoned, %": 100 * float(gone.mean()),
        **{f"abandoned {t}, %": 100 * float(gone[rows["type"] == t].mean()) for t in range(len(run.scenario.types))},
    }


def _controls(case: Case, run: Run) -> list[float]:
    """Deviations from what is known: arrivals and mean times in service by type; and the number of tickets."""
    rows, tables = _counted(run), run.scenario.tables
    found: list[float] = []
    for t, (rate, mean) in enumerate(zip(case.rates, case.means, strict=True)):
        own = rows[rows["type"] == t]
        length = (own["ended"] - own["started"])[~np.isnan(own["started"])]
        found.append(len(own) / (rate * (tables.horizon_s - tables.warmup_s)) - 1)
        found.append(float(length.mean()) / mean - 1)
    return [*found, float(len(rows))]


def _controlled(y: Floats, x: Floats) -> tuple[float, float, float]:
    """The mean of y at x = 0, its half-width, and by how much narrower that is than without x."""
    design = np.column_stack((np.ones(len(y)), x))
    weights = np.linalg.lstsq(design, y, rcond=None)[0]
    freedom = len(y) - design.shape[1]
    variance = float(((y - design @ weights) ** 2).sum()) / freedom
    own = float(np.sqrt(variance * np.linalg.inv(design.T @ design)[0, 0]))
    plain = float(y.std(ddof=1)) / len(y) ** 0.5
    return float(weights[0]), 1.96 * own, plain / own


if __name__ == "__main__":
    main()
