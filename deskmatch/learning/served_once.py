"""Desks whose tickets are served once, by experts who are always there: what hinders a scenario, what its tickets are
worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deskmatch.routing.kinds import Kind
from deskmatch.simulation.layout import resolution_of
from deskmatch.simulation.naming import settled
from deskmatch.simulation.scenario import Scenario

__all__ = ["Worth", "hindrances", "worth_of"]

Floats = NDArray[np.float64]


class Worth(NamedTuple):
    """Points of the whole desk, the channel's rate of exchange included.

    Parameters
    ----------
    serve : ``(types, groups)`` expected points of serving a ticket, eligible or not.
    lose : ``(types,)`` points for losing one, mostly ≤ 0.
    wait : ``(types,)`` points that each second of waiting costs, ≥ 0.
    """

    serve: Floats
    lose: Floats
    wait: Floats


def worth_of(scenario: Scenario) -> Worth:
    """What the tickets of a scenario are worth to which nothing is a hindrance."""
    scores = [scenario.tables.reward.of(each.settings.channel) for each in scenario.types]
    value, resolved, unresolved, lost, slope, by_tier = (
        np.array([getattr(score, name) for score in scores])
        for name in ("value", "resolved", "unresolved", "lost", "slope_below", "tier")
    )
    p = resolution_of(scenario)
    tier = np.array([group.tier for group in scenario.tables.groups.values()])
    above = np.maximum(tier - np.array([[each.settings.tier] for each in scenario.types]), 0)
    serve = p * resolved[:, None] + (1 - p) * unresolved[:, None] + by_tier[:, None] * above
    return Worth(serve=value[:, None] * serve, lose=value * lost, wait=value * slope)


def hindrances(scenario: Scenario) -> Iterator[str]:
    """Each setting by which tickets come back, are refused or cost more later, or by which experts come and go."""
    tables = scenario.tables
    for name, model in tables.channels.items():
        if model.queue_capacity is not None or model.balk > 0:
            yield f"channels.{name}: expected no queue_capacity and no balk"
        if model.progress:
            yield f"channels.{name}.progress: expected none: tickets in hand go on by the clock"
        scores = tables.reward.of(name)
        if scores.slope_below != scores.slope_above:
            yield f"reward.channels.{name}: expected one cost a second, slope_below = slope_above"
    if tables.pace or tables.pace_cv > 0 or tables.pace_run_cv > 0:
        yield "pace: expected none, and a pace_cv and a pace_run_cv of 0"
    for each in scenario.types:
        settings, key = each.settings, f"types.{each.name}"
        if settings.max_hops > 0 or settings.unavoidable > 0 or settings.balk:
            yield f"{key}: expected max_hops = 0, unavoidable = 0 and no balk: each ticket is served once"
        if settings.redial > 0:
            yield f"{key}: expected no redial: who gives up is gone"
        if settings.hazard_by_queue:
            yield f"{key}: expected no hazard_by_queue: nobody can know what customers find under another policy"
        if settings.after_work or settings.after_work_calm:
            yield f"{key}: expected no after_work"
        if settled(settings.channel, tables.channels[settings.channel])[0] is Kind.CALLBACK:
            yield f"{key}.channel: expected customers who need not be called back"
        if any(share > 0 and topic != each.topic for topic, share in settings.seen_as.items()):
            yield f"{key}.seen_as: expected topics that are seen rightly"
    for name, group in tables.groups.items():
        if group.speed_cv > 0 or group.after_work or group.after_work_calm:
            yield f"groups.{name}: expected a speed_cv of 0 and no after_work"
        if not group.always_there or group.acceptance < 1:
            yield f"groups.{name}: expected neither shifts, staffing nor logins_s, and acceptance = 1"
