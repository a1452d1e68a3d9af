"""The track's desks: scenarios in TOML at several loads, what is expected there, and small desks drawn at random."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.policies.bank import bank_day, bank_is_there
from deskmatch.simulation import Scenario

__all__ = [
    "COURSES", "LOADS", "NAMED_SMALL", "SIMULATED", "Course", "foreseen", "handed_on", "load_scenario", "random_desk",
    "there",
]  # fmt: skip

FOLDER = Path(__file__).parent / "scenarios"
LOADS = (0.75, 0.9, 1.1)
NAMED_SMALL = ("single_queue", "v_model", "n_model", "x_model", "w_model", "inverted_v")
HOUR = 3600.0


@dataclass(frozen=True)
class Course:
    """How a desk is run on the track.

    Parameters
    ----------
    hours, warmup_h : of a replication, the warm-up within it.
    epoch_s : seconds between the epochs of look-ahead and greedy; None: after every event (matching: as tuned).
    loads : factors on its arrivals.
    replications : ≥ 20, and more where they take little time.
    tuned_on : replications of each trial of tuning.
    bounded : the clairvoyant bound is computed.
    why : where it is not, the reason.
    """

    hours: float = 1.0
    warmup_h: float = 0.0
    epoch_s: float | None = None
    loads: tuple[float, ...] = LOADS
    replications: int = 20
    tuned_on: int = 3
    bounded: bool = True
    why: str = ""


OF_TWELVE = Course(replications=60, tuned_on=12)
COURSES = {
    "small": OF_TWELVE,
    "weak_differences": OF_TWELVE,
    "scarce_specialists": OF_TWELVE,
    "overload": OF_TWELVE,
    "shock": replace(
        OF_TWELVE, hours=4.0, replications=20, tuned_on=4, bounded=False,
        why="its linear program takes minutes for each replication",
    ),
    "shortage": OF_TWELVE,
    "mid": Course(
        hours=0.7, warmup_h=0.2, bounded=False,
        why="several chats at once and transfers, which the bound does not know",
    ),
    "large": Course(
        hours=0.35, warmup_h=0.1, epoch_s=0.5, bounded=False,
        why="its linear program would have some millions of variables",
    ),
    "bank": Course(
        hours=10.5, warmup_h=8.5, loads=(0.9, 1.0, 1.1), bounded=False,
        why="experts who come and go, which the bound does not know",
    ),
}  # fmt: skip
SIMULATED = tuple(COURSES)
BEFORE_THE_SHOCK = 50.0
"""Rate of the topic that will triple: the desk does not know it beforehand."""

SHAPES = {
    "N": ((1, 0), (1, 1)),
    "X": ((1, 1), (1, 1)),
    "V": ((1,), (1,)),
    "W": ((1, 1, 0), (0, 1, 1)),
    "M": ((1, 1, 0), (1, 0, 1)),
}


def there() -> tuple[str, ...]:
    """The desks that can be simulated here: without the bank where its log is not."""
    return tuple(name for name in SIMULATED if name != "bank" or bank_is_there())


def load_scenario(name: str, load: float) -> Scenario:
    """A scenario of the folder, or the bank's twin, with its arrivals multiplied, as long as its course says."""
    values = bank_day() if name == "bank" else tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    for each in values["types"].values():
        rates = each["arrivals"]["per_hour"]
        each["arrivals"]["per_hour"] = [load * rate for rate in np.asarray(rates, np.float64).reshape(-1).tolist()]
    values["name"] = f"{values['name']}, load {load:g}"
    course = COURSES.get(name)
    if course is not None:
        values |= {"horizon_s": course.hours * HOUR, "warmup_s": course.warmup_h * HOUR, "drain_s": 3 * HOUR}
    return Scenario.load(values)


def foreseen(name: str, load: float) -> Scenario:
    """What the desk expects: the scenario, but no shock."""
    scenario = load_scenario(name, load)
    if name != "shock":
        return scenario
    types = scenario.to_dict()["types"]
    types["mail"]["arrivals"]["per_hour"] = [load * BEFORE_THE_SHOCK]
    return scenario.replace(types=types)


def handed_on(scenario: Scenario) -> Scenario:
    """The same desk where tickets that are not resolved go on: a fifth of the customers come back, the rest is
    transferred, twice at most."""
    types = scenario.to_dict()["types"]
    more = {"max_hops": 2, "repeat": 0.2, "repeat_after": 1800}
    return scenario.replace(types={name: {**own, **more} for name, own in types.items()})


def random_desk(rng: np.random.Generator) -> dict[str, Any]:
    """A small desk: shape, sizes, load (0.6 to 1.2), handling, patience, resolution and scores drawn at random."""
    shape = str(rng.choice(["N", "X", "W", "M", "V"], p=[0.25, 0.25, 0.25, 0.15, 0.1]))
    eligible = np.array(SHAPES[shape], bool)
    types, groups = eligible.shape
    size = rng.integers(1, 5 if groups < 3 else 4, groups) if groups > 1 else rng.integers(2, 7, 1)
    handling = np.full((types, groups), 180.0)
    handling *= np.exp(rng.normal(0, 0.3, (types, groups)) if rng.random() < 0.4 else rng.normal(0, 0.3, (1, groups)))
    resolution = rng.uniform(0.5, 0.95, (types, groups))
    capacity = (size / np.array([handling[eligible[:, g], g].mean() for g in range(groups)])).sum()
    rate = rng.uniform(0.6, 1.2) * capacity * rng.dirichlet(np.full(types, 3.0))
    slope = float(rng.uniform(0.0002, 0.002))
    scores = {"slope_below": slope, "slope_above": slope, "lost": -float(rng.uniform(0.3, 1.5))}
    return {
        "name": shape,
        "horizon_s": 7200.0,
        "channels": {"call": {}},
        "reward": {"default": {**scores, "unresolved": -float(rng.uniform(0, 1))}},
        "types": {
            f"t{k}": {
                "channel": "call", "arrivals": {"per_hour": 3600 * float(rate[k])}, "handling": 180, "max_hops": 0,
                "patience": float(rng.uniform(60, 600)),
            }
            for k in range(types)
        },
        "groups": {
            f"g{g}": {
                "experts": int(size[g]),
                "topics": {f"t{k}": float(resolution[k, g]) for k in range(types) if eligible[k, g]},
                "handling": {f"t{k}": float(handling[k, g]) for k in range(types) if eligible[k, g]},
            }
            for g in range(groups)
        },
    }  # fmt: skip
