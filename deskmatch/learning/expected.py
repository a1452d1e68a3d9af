"""`forecast_of`: what a scenario will send, as the forecast of a look-ahead."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from deskmatch.epochs import Tickets
from deskmatch.policies.lookahead.forecast import Forecast
from deskmatch.simulation.deciding import MONDAY, SeenQueues
from deskmatch.simulation.layout import resolution_of
from deskmatch.simulation.naming import onward_shares
from deskmatch.simulation.scenario import Scenario

__all__ = ["forecast_of", "tickets_of_queues"]


def forecast_of(scenario: Scenario) -> Forecast:
    """Expected arrivals at each queue of a scenario.

    Tickets that are taken for another topic are expected at the queue of their own type; those handed on at the queue
    of the next tier, or of the types that they become, as many as the groups that may serve them leave unresolved on
    average. Customers who come again are not counted.

    Parameters
    ----------
    scenario : what is simulated. Recorded arrivals count with their mean.
    """
    types, queues = scenario.types, scenario.queues
    width = min(each.arrivals.every_s for each in types)
    lengths = [len(each.arrivals.per_hour) * each.arrivals.every_s for each in types if each.arrivals.per_hour]
    count = max(1, round(max(lengths, default=width) / width)) if max(lengths, default=0.0) > width else 1
    per_s = np.zeros((count, len(queues)))
    for row in range(len(types)):
        per_s[:, row] = _rates(scenario, row, width, count)
    unresolved = 1.0 - np.array(
        [
            np.mean(p[own]) if own.any() else 0.0
            for p, own in zip(resolution_of(scenario), scenario.eligible, strict=False)
        ]
    )
    per_s[:, : len(types)] = _with_hand_ons(scenario, per_s[:, : len(types)], unresolved)
    for row, queue in enumerate(queues[len(types) :], len(types)):
        own = types[queue.type].settings
        if queue.tier > own.tier and own.max_hops > 0 and not own.onto:
            higher = [other for other in queues[len(types) :] if other.type == queue.type and other.tier < queue.tier]
            if not higher:
                per_s[:, row] = per_s[:, queue.type] * unresolved[queue.type] * (1 - own.repeat)
    return Forecast(
        classes=tickets_of_queues(scenario),
        per_s=per_s,
        every_s=width,
        start=MONDAY + timedelta(days=scenario.tables.start_day) if count > 1 else None,
    )


def _with_hand_ons(scenario: Scenario, per_s: np.ndarray, unresolved: np.ndarray) -> np.ndarray:
    """``(intervals, types)`` rates with those of tickets that other types have become."""
    settings = [each.settings for each in scenario.types]
    shares = onward_shares(scenario.types) * (unresolved * [1 - own.repeat for own in settings])[:, None]
    found, flow = per_s.copy(), per_s
    for hop in range(max(own.max_hops for own in settings)):
        flow = (flow * [own.max_hops > hop for own in settings]) @ shares
        found += flow
    return found


def tickets_of_queues(scenario: Scenario) -> Tickets:
    """One ticket of each queue, as it will look to the desk."""
    seen, queues = SeenQueues(scenario), scenario.queues
    return Tickets(
        ids=[queue.name for queue in queues],
        channel=[queue.channel for queue in queues],
        language=seen.language,
        topic=seen.topic,
        topic_ptr=seen.topic_ptr,
        topic_probability=seen.topic_probability,
        tier=seen.tier,
        importance=seen.numbers[0],
        patience_s=seen.numbers[1],
        requires=seen.tag,
        requires_ptr=seen.tag_ptr,
        features={"queue": seen.name},
    )


def _rates(scenario: Scenario, row: int, width: float, count: int) -> np.ndarray:
    """Tickets a second of a type in each interval."""
    own = scenario.types[row].arrivals
    if own.times_s is not None:
        return np.full(count, own.per_s(scenario.tables.horizon_s))
    middle = (np.arange(count) + 0.5) * width
    at = (middle // own.every_s).astype(int)
    rates = np.array(own.per_hour)
    now = rates[at % len(rates)]
    if own.linear:
        share = middle / own.every_s - at
        now = now * (1 - share) + rates[(at + 1) % len(rates)] * share
    return np.asarray(own.batch * now / 3600.0)
