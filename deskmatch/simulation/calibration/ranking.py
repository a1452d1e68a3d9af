"""`ranking_sensitivity`: whether policies keep their order where the twin's uncertain parameters are otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from deskmatch.errors import ContractError
from deskmatch.simulation.comparison import compare
from deskmatch.simulation.replications import Anything
from deskmatch.simulation.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ranking_sensitivity"]

FACTORS = (0.8, 1.25)
"""By which a parameter is multiplied: a quarter more or less, as weeks of one desk differ from each other."""


def ranking_sensitivity(
    scenario: Scenario,
    policies: Mapping[str, Anything],
    *,
    indicator: str = "wait_s",
    replications: int = 10,
    seed: int = 0,
    factors: tuple[float, ...] = FACTORS,
) -> pd.DataFrame:
    """Policies compared on a twin whose uncertain parameters are multiplied by factors, one at a time.

    Parameters
    ----------
    scenario : a calibrated one, or any.
    policies : by name; differences are told against the first.
    indicator : what they are ranked by.
    replications : of each version.
    seed : of the customers, the same in all versions.
    factors : each > 0.

    Returns
    -------
    One row a version: which parameter, the factor, the indicator's mean under each policy, the ``order`` of the
    policies by it (the least first), and whether it is ``as_before``: that of the first row, the twin as it is.

    Raises
    ------
    ContractError
        On fewer than two policies, a factor that is not above 0, or an unknown indicator.
    """
    import pandas as pd

    if len(policies) < 2:
        raise ContractError(f"policies: found {len(policies)}; expected two or more")
    if not all(0 < factor < float("inf") for factor in factors):
        raise ContractError(f"factors: found {factors!r}; expected finite numbers above 0")
    rows: list[dict[str, Any]] = []
    for name, factor, version in _versions(scenario, factors):
        found = compare(version, policies, replications=replications, seed=seed, progress=False)
        means = {policy: found.of(policy, indicator).mean for policy in policies}
        order = ", ".join(sorted(means, key=lambda policy: means[policy]))
        rows.append({"parameter": name, "factor": factor, **means, "order": order})
    frame = pd.DataFrame(rows)
    frame["as_before"] = frame["order"] == rows[0]["order"]
    return frame


def _versions(scenario: Scenario, factors: tuple[float, ...]) -> list[tuple[str, float, Scenario]]:
    found = [("as it is", 1.0, scenario)]
    for name, change in _CHANGES.items():
        for factor in factors:
            values = scenario.to_dict()
            if change(values, factor):
                found.append((name, factor, Scenario.load(values)))
    return found


def _scaled(key: str, tables: str = "types") -> Callable[[dict[str, Any], float], bool]:
    """Multiplies a time of all of one or several kinds of tables."""

    def change(values: dict[str, Any], factor: float) -> bool:
        changed = False
        for each in (each for kind in tables.split() for each in values[kind].values()):
            law = each.get(key)
            if isinstance(law, dict):
                mean = law.get("mean_s")
                mean = float(np.mean(law["sample_s"])) if mean is None else mean
                each[key], changed = {**law, "mean_s": mean * factor}, True
        return changed

    return change


def _arrivals(values: dict[str, Any], factor: float) -> bool:
    changed = False
    for each in values["types"].values():
        rates = each.get("arrivals", {}).get("per_hour")
        if rates:
            each["arrivals"] = {**each["arrivals"], "per_hour": [rate * factor for rate in rates]}
            changed = True
    return changed


def _resolution(values: dict[str, Any], factor: float) -> bool:
    """Multiplies the log odds of differences between experts: 0.8 draws their rates together."""
    rates = [rate for group in values["groups"].values() for rate in group.get("topics", {}).values() if 0 < rate < 1]
    if not rates:
        return False
    mean = float(np.mean([np.log(rate / (1 - rate)) for rate in rates]))
    for group in values["groups"].values():
        for topic, rate in group.get("topics", {}).items():
            if 0 < rate < 1:
                odds = mean + factor * (np.log(rate / (1 - rate)) - mean)
                group["topics"][topic] = float(1 / (1 + np.exp(-odds)))
    return True


def _coming_again(values: dict[str, Any], factor: float) -> bool:
    """Multiplies the shares of customers who come again."""
    changed = False
    for each in values["types"].values():
        for key in ("redial", "repeat"):
            if each.get(key):
                each[key], changed = min(each[key] * factor, 1.0), True
    return changed


_CHANGES: dict[str, Callable[[dict[str, Any], float], bool]] = {
    "arrivals": _arrivals,
    "handling times": _scaled("handling"),
    "patience": _scaled("patience"),
    "after-work": _scaled("after_work", "types groups"),
    "after-work in calm": _scaled("after_work_calm", "types groups"),
    "differences in resolution": _resolution,
    "customers who come again": _coming_again,
}
