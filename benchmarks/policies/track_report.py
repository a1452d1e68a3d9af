"""Tables of the simulated desks, of wrong predictions, and of equal waits, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmarks.policies.desks import COURSES
from benchmarks.policies.equal_wait import BASE, MEASURES, at_equal_wait
from benchmarks.policies.equal_wait import DESKS as EQUAL_WAIT_DESKS
from benchmarks.policies.equal_wait import LOAD as EQUAL_WAIT_LOAD
from benchmarks.policies.results import BOUND, Record, Results, series
from benchmarks.policies.robustness import DECLINE, VARIANTS
from benchmarks.policies.statistics import (
    REWARD,
    best_of,
    best_rule,
    difference,
    of_kind,
    rivals,
    verdict,
    way_to_bound,
)
from deskmatch.simulation.kpis import TOTAL

__all__ = [
    "channel_table", "decision_table", "equal_wait_table", "every_table", "overview", "robustness_table", "sentence",
    "verdict_table", "ways",
]  # fmt: skip

SHOWN = {
    "first_contact_resolution": ("resolved at first contact", ".1%"),
    "preventable": ("preventable transfers", ".1%"),
    "abandonment": ("abandoned", ".1%"),
    "service_level": ("service level", ".1%"),
    "wait_s": ("mean wait, s", ".0f"),
    "wait_p95_s": ("95th percentile, s", ".0f"),
    "occupancy": ("occupancy", ".1%"),
    "jain": ("Jain", ".3f"),
}
"""Indicators in the tables of all contestants; the Parquet file has the others."""


def rows(*lines: list[str], left: int = 1) -> str:
    """A Markdown table; its first columns stand at the left."""
    head, *body = lines
    rule = ["---" if column < left else "---:" for column in range(len(head))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *body))


def percent(one: Record, other: Record) -> str:
    """A paired difference of rewards in percent of the other's, with its interval."""
    mean, half = difference(one, other)
    whole = abs(float(series(other, REWARD).mean()))
    return f"{100 * mean / whole:+.1f} ± {100 * half / whole:.1f}"


def overview(results: Results) -> str:
    """At each desk and load the best rule, and by how many percent of its reward the others differ from it."""
    names = _names(results, "matching", "look-ahead")
    lines = [["desk", "load", "best rule", "points", *names, "best learner", "bound"]]
    for desk, load in results.places("track"):
        found = results.of("track", desk, load)
        base = found[best_rule(found)]
        learner = best_of(found, "learner")
        cells = [percent(found[name], base) if name in found else "" for name in names]
        cells.append("" if learner is None else percent(learner, base))
        bound = f"{_above(found[BOUND], base):+.0%}" if BOUND in found else ""
        lines.append(
            [desk, f"{load:g}", base.contestant, f"{series(base, REWARD).mean():.0f}", *cells, bound]
        )  # fmt: skip
    return rows(*lines, left=3)


def verdict_table(results: Results) -> str:
    """Each look-ahead against all rules and learners at once."""
    names = _names(results, "look-ahead")
    lines = [["desk", "load", *names]]
    for desk, load in results.places("track"):
        found = results.of("track", desk, load)
        cells = [verdict(found[name], rivals(found)) if name in found else "" for name in names]
        lines.append([desk, f"{load:g}", *cells])
    return rows(*lines, left=2 + len(names))


def sentence(results: Results, name: str) -> str:
    """In how many places a look-ahead is what, in words."""
    words = []
    for desk, load in results.places("track"):
        found = results.of("track", desk, load)
        if name in found:
            words.append(verdict(found[name], rivals(found)))
    if not words:
        return f"*{name.capitalize()}* did not run."
    counts = ", ".join(f"{each} in {words.count(each)}" for each in dict.fromkeys(words))
    return f"*{name.capitalize()}* in {len(words)} places: {counts}."


def ways(results: Results) -> str:
    """The share of the way to the clairvoyant bound, over all places that have one."""
    lines = [["contestant", "of the way to the bound", "places"]]
    for name in _names(results, "matching", "look-ahead", "learner"):
        way = way_to_bound(results, name)
        if way is not None:
            lines.append([name, f"{way.share:+.1%} ({way.low:+.1%} to {way.high:+.1%})", str(way.places)])
    return rows(*lines)


def channel_table(results: Results, desk: str = "mid", load: float = 0.9) -> str:
    """Rewards and waits by channel, of the best rule and of who solves."""
    found = results.of("track", desk, load)
    if not found:
        return ""
    kept = {name: found[name] for name in (best_rule(found), *of_kind(found, "matching", "look-ahead", "learner"))}
    channels = list(dict.fromkeys(row["channel"] for row in next(iter(kept.values())).rows))
    lines = [["contestant", *(f"{channel}: {what}" for channel in channels for what in ("points", "wait, s", "lost"))]]
    for name, record in kept.items():
        cells = []
        for channel in channels:
            points, wait, lost = (series(record, key, channel).mean() for key in (REWARD, "wait_s", "abandonment"))
            cells += [f"{points:.1f}", f"{wait:.0f}", f"{lost:.1%}"]
        lines.append([name, *cells])
    return rows(*lines)


def decision_table(results: Results) -> str:
    """Processor time of a decision at each desk: median and 99th percentile at the middle load, milliseconds."""
    names = [name for name in _names(results, "matching", "look-ahead", "learner") if _timed(results, name)]
    lines = [["desk", "epochs", *names]]
    for desk in dict.fromkeys(desk for desk, _ in results.places("track")):
        course = COURSES[desk]
        loads = [load for place, load in results.places("track") if place == desk]
        found = results.of("track", desk, loads[len(loads) // 2])
        cells = [_took(found.get(name)) for name in names]
        epochs = "events" if course.epoch_s is None else f"{course.epoch_s:g} s"
        lines.append([desk, epochs, *cells])
    return rows(*lines, left=2)


def robustness_table(results: Results) -> str:
    """Reward of each contestant where something is wrong, against itself where it is not."""
    desks = list(dict.fromkeys(desk for desk, _ in results.places("robustness")))
    parts = []
    for desk in desks:
        right = results.of("robustness", desk)
        lines = [["", *right, "look-ahead − best rule"]]
        for variant in VARIANTS:
            found = results.of("robustness", desk, variant=variant)
            cells = [_disturbed(found.get(name), own if variant else None) for name, own in right.items()]
            rules = of_kind(found if variant == DECLINE else {**right, **found}, "rule")
            ahead = found.get("policy improvement")
            last = "" if ahead is None or not rules else _plain(ahead, rules[best_rule(rules)])
            lines.append([variant or "nothing wrong: points", *cells, last])
        parts.append(f"**{desk}**\n\n{rows(*lines)}")
    return "\n\n".join(parts)


def equal_wait_table(results: Results) -> str:
    """What look-ahead comes to at the mean wait of first come, first served."""
    lines = [["desk", "mean wait, s", "measure", BASE, "look-ahead", "difference"]]
    units = {"wait_p95_s": ".0f", "jain": ".3f"}
    for desk in EQUAL_WAIT_DESKS:
        found = results.of("equal wait", desk)
        if BASE not in found:
            continue
        wait = f"{series(found[BASE], 'wait_s').mean():.1f}"
        for measure in MEASURES:
            told, form = SHOWN[measure][0], units.get(measure, ".1%")
            at = at_equal_wait(results, desk, measure)
            if at is None:
                lines.append([desk, wait, told, "", "", "never at this wait"])
                continue
            more, low, high = (_more(value, form) for value in (at.ahead - at.base, at.low, at.high))
            cells = [f"{at.base:{form}}", f"{at.ahead:{form}}", f"{more} ({low} to {high})"]
            lines.append([desk, wait, told, *cells])
    return f"Load {EQUAL_WAIT_LOAD:g}.\n\n" + rows(*lines, left=3)


def every_table(results: Results) -> str:
    """All contestants at all desks and loads with their indicators and settings."""
    parts = []
    for desk, load in results.places("track"):
        found = results.of("track", desk, load)
        base = found[best_rule(found)]
        lines = [["contestant", "reward", "− best rule, %", *(head for head, _ in SHOWN.values()), "settings"]]
        for name, record in found.items():
            if name == BOUND:
                lines.append(
                    [name, f"{series(record, REWARD).mean():.1f}", percent(record, base), *[""] * len(SHOWN), ""]
                )
                continue
            values = [_mean(record, key, form) for key, (_, form) in SHOWN.items()]
            lines.append(
                [name, f"{series(record, REWARD).mean():.1f}", percent(record, base), *values, _settings(record)]
            )
        parts.append(f"## {desk}, load {load:g}\n\n{rows(*lines)}")
    return "\n\n".join(parts)


def _more(value: float, form: str) -> str:
    """A difference; of shares in percentage points."""
    return f"{100 * value:+.1f} pp" if form.endswith("%") else f"{value:+{form}}"


def _disturbed(record: Record | None, right: Record | None) -> str:
    """Points where nothing is wrong, else percent of what they are then."""
    if record is None:
        return ""
    return f"{series(record, REWARD).mean():.1f}" if right is None else f"{percent(record, right)} %"


def _names(results: Results, *kinds: str) -> list[str]:
    """Contestants of these kinds, in the order of the kinds."""
    seen: dict[str, str] = {each.contestant: each.kind for each in results.records.values() if each.part == "track"}
    return [name for kind in kinds for name, own in seen.items() if own == kind]


def _above(bound: Record, base: Record) -> float:
    own = series(base, REWARD).sum()
    return float((series(bound, REWARD).sum() - own) / abs(own))


def _timed(results: Results, name: str) -> bool:
    return any(each.took_ms for each in results.records.values() if each.contestant == name)


def _took(record: Record | None) -> str:
    return "" if record is None or not record.took_ms else f"{record.took_ms[0]:.1f}, {record.took_ms[1]:.1f}"


def _plain(one: Record, other: Record) -> str:
    mean, half = difference(one, other)
    return f"{mean:+.1f} ± {half:.1f}"


def _mean(record: Record, key: str, form: str) -> str:
    values = series(record, key, TOTAL)
    return "" if np.isnan(values).all() else f"{np.nanmean(values):{form}}"


def _settings(record: Record) -> str:
    def told(value: object) -> str:
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    own: Mapping[str, object] = record.settings
    return ", ".join(f"{name} {told(value)}" for name, value in own.items())
