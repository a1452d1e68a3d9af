"""`ablate`: a twin with one process off at a time, ranked by what that changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from deskmatch.policies.dispatch import ExpertBy, Rule
from deskmatch.simulation.calibration.arguments import check_runs
from deskmatch.simulation.calibration.contact_log import ContactLog
from deskmatch.simulation.calibration.replaying import current_rule, replay
from deskmatch.simulation.run import simulate
from deskmatch.simulation.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ablate"]

MEASURES = ("wait_s", "abandonment", "occupancy")


def ablate(scenario: Scenario, log: ContactLog | None = None, *, replications: int = 10, seed: int = 0) -> pd.DataFrame:
    """What each process of a calibrated twin does to its indicators: the process switched off, all others as they are.

    Parameters
    ----------
    scenario : a calibrated one.
    log : replay this period instead of drawing arrivals.
    replications : of each, with the same customers.
    seed : of the customers.

    Returns
    -------
    One row a process, the greatest effect on the wait first: what is switched off, and by how much mean wait (seconds),
    abandonment and occupancy change without it. The first row, ``"as it is"``, has the twin's own values.

    Raises
    ------
    ContractError
        Where `replications` is no whole number ≥ 1.
    InputError
        Where no contact of the log was served for any time.
    ScenarioError
        Where the scenario was not calibrated.
    """
    import pandas as pd

    check_runs(replications, seed, least=1)
    base = scenario if log is None else replay(scenario, log)
    found = {name: _measured(*changed, replications, seed) for name, changed in _versions(base).items()}
    whole = found.pop("as it is")
    rows = [{"process": "as it is", "without": "", **dict(zip(MEASURES, whole, strict=True))}]
    order = sorted(found, key=lambda name: -abs(found[name][0] - whole[0]))
    for name in order:
        change = dict(zip(MEASURES, found[name] - whole, strict=True))
        rows.append({"process": name, "without": _WITHOUT[name], **change})
    return pd.DataFrame(rows)


def _measured(scenario: Scenario, rule: Rule, replications: int, seed: int) -> Any:
    runs = [simulate(scenario, rule, seed=seed, replication=number).kpis() for number in range(replications)]
    return np.array([[run[name] for name in MEASURES] for run in runs]).mean(axis=0)


def _versions(base: Scenario) -> dict[str, tuple[Scenario, Rule]]:
    """The twin as it is, and without each process that it has."""
    rule = current_rule(base)
    found = {"as it is": (base, rule)}
    if rule.head_start_s:
        found["head starts"] = (base, Rule(rule.name, expert_by=rule.expert_by))
    if rule.expert_by is not ExpertBy.LONGEST_IDLE:
        found["choice among the idle"] = (base, Rule(rule.name, head_start_s=rule.head_start_s))
    for name, change in _CHANGES.items():
        values = base.to_dict()
        if change(values):
            found[name] = (Scenario.load(values), rule)
    return found


def _without_breaks(values: dict[str, Any]) -> bool:
    changed = False
    for group in values["groups"].values():
        changed |= bool(group.pop("breaks_s", None))
        logins = group.get("logins_s")
        if not logins:
            continue
        joined = [list(logins[0])]
        for begin, end in logins[1:]:
            if begin - joined[-1][1] < 3 * 3600:
                joined[-1][1], changed = end, True
            else:
                joined.append([begin, end])
        group["logins_s"] = joined
    return changed


def _without_hand_ons(values: dict[str, Any]) -> bool:
    changed = any(each.get("max_hops") for each in values["types"].values())
    for each in values["types"].values():
        each["max_hops"] = 0
    return changed


def _without_skills(values: dict[str, Any]) -> bool:
    changed = any("*" not in group["topics"] for group in values["groups"].values())
    for group in values["groups"].values():
        rates = list(group["topics"].values())
        group["topics"] = {"*": float(np.mean(rates)), **group["topics"]}
    return changed


def _exponential(key: str) -> Callable[[dict[str, Any]], bool]:
    def change(values: dict[str, Any]) -> bool:
        changed = False
        for each in values["types"].values():
            law = each.get(key)
            if isinstance(law, dict) and law.get("law") == "empirical":
                each[key], changed = {"mean_s": float(np.mean(law["sample_s"]))}, True
        return changed

    return change


def _one_law(key: str) -> Callable[[dict[str, Any]], bool]:
    def change(values: dict[str, Any]) -> bool:
        laws = [each[key] for each in values["types"].values() if isinstance(each.get(key), dict)]
        if len(laws) < 2 or any(law.get("law") != "empirical" for law in laws):
            return False
        pooled = np.quantile(np.concatenate([law["sample_s"] for law in laws]), (np.arange(200) + 0.5) / 200)
        for each in values["types"].values():
            each[key] = {"law": "empirical", "sample_s": pooled.tolist()}
        return True

    return change


def _dropped(*keys: str) -> Callable[[dict[str, Any]], bool]:
    def change(values: dict[str, Any]) -> bool:
        gone = [values.pop(key, None) for key in keys]
        return any(gone)

    return change


def _dropped_of(tables: str, *keys: str) -> Callable[[dict[str, Any]], bool]:
    """Without some keys of all of one or several kinds of tables."""

    def change(values: dict[str, Any]) -> bool:
        gone = [each.pop(key, None) for kind in tables.split() for each in values[kind].values() for key in keys]
        return any(gone)

    return change


_CHANGES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "breaks": _without_breaks,
    "speeds of experts": _dropped_of("groups", "speeds"),
    "skills": _without_skills,
    "hand-ons": _without_hand_ons,
    "coming again": _dropped_of("types", "redial", "repeat"),
    "slower beside others": _dropped_of("channels", "concurrency"),
    "working hours": _dropped_of("channels", "progress", "progress_every_s", "at_once_s", "days_off"),
    "days of experts": _dropped_of("groups", "speed_cv"),
    "after-work": _dropped_of("types groups", "after_work", "after_work_calm"),
    "after-work by expert": _dropped_of("groups", "after_work", "after_work_calm"),
    "longer after-work in calm": _dropped_of("types groups", "after_work_calm"),
    "shape of handling times": _exponential("handling"),
    "handling times by type": _one_law("handling"),
    "shape of patience": _exponential("patience"),
    "patience by type": _one_law("patience"),
    "patience by queue": _dropped_of("types", "hazard_by_queue"),
    "pace of hours and days": _dropped("pace", "pace_cv"),
    "busy and quiet days": _dropped("busyness_cv"),
}

_WITHOUT = {
    "head starts": "first come, first served",
    "choice among the idle": "the longest idle gets the contact",
    "breaks": "nobody takes a break between the first and the last contact of a day",
    "speeds of experts": "all experts are equally fast",
    "skills": "everybody serves every type",
    "working hours": "tickets in hand go on by the clock",
    "days of experts": "each is as fast on all days",
    "after-work": "none",
    "after-work by expert": "all take as long",
    "longer after-work in calm": "as long as while customers wait",
    "shape of handling times": "exponential, with the same means",
    "handling times by type": "one law for all types",
    "shape of patience": "exponential, with the same means",
    "patience by type": "one law for all types",
    "patience by queue": "the same whatever queue customers find",
    "pace of hours and days": "the same on all days and at all hours",
    "hand-ons": "nobody is handed on",
    "coming again": "nobody comes again because of the contact before",
    "slower beside others": "contacts beside each other go on at full speed",
    "busy and quiet days": "days are as busy as their rates say",
}
