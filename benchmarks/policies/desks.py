"""The track's desks: scenarios in TOML at several loads, and small desks drawn at random."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from deskmatch.simulation import Scenario

__all__ = ["LOADS", "NAMED_SMALL", "SIMULATED", "load_scenario", "random_desk"]

FOLDER = Path(__file__).parent / "scenarios"
LOADS = (0.75, 0.9, 1.1)
NAMED_SMALL = ("single_queue", "v_model", "n_model", "x_model", "w_model", "inverted_v")
SIMULATED = ("small", "weak_differences", "scarce_specialists", "overload", "shock", "shortage")

SHAPES = {
    "N": ((1, 0), (1, 1)),
    "X": ((1, 1), (1, 1)),
    "V": ((1,), (1,)),
    "W": ((1, 1, 0), (0, 1, 1)),
    "M": ((1, 1, 0), (1, 0, 1)),
}


def load_scenario(name: str, load: float) -> Scenario:
    """A scenario of the folder with its arrivals multiplied."""
    values = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    for each in values["types"].values():
        rates = each["arrivals"]["per_hour"]
        each["arrivals"]["per_hour"] = [load * rate for rate in np.atleast_1d(rates).tolist()]
    values["name"] = f"{values['name']}, load {load:g}"
    return Scenario.load(values)


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
