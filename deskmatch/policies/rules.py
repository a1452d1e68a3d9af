"""The rules of dispatch under their names in the literature; each makes a `Rule`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deskmatch.policies.dispatch import ExpertBy, Rule, TicketBy
from deskmatch.policies.dispatch.rule import Levels

__all__ = [
    "Lists",
    "as_expert_by",
    "as_levels",
    "fcfs",
    "longest_queue",
    "longest_weighted_wait",
    "preference_lists",
    "priority_fcfs",
]

Lists = Mapping[str, Sequence[str | Sequence[str]]]


def fcfs(expert_by: ExpertBy | str = ExpertBy.LONGEST_IDLE, *, head_start_s: Mapping[str, float] | None = None) -> Rule:
    """First come, first served: an expert takes whoever waits longest among those whom the desk lets the expert serve.

    Parameters
    ----------
    expert_by : who of several with room gets a ticket: ``"longest_idle"`` (LISF, the usual and fair one),
        ``"shortest_idle"``, ``"random"``, ``"fastest"`` (FSF), ``"slowest"``, ``"least_occupied"``, ``"round_robin"``,
        ``"least_busy"`` or ``"most_busy"`` (fewest or most tickets in hand: chats).
    head_start_s : by queue, seconds by which its tickets count as having come earlier; 0 for those not named.

    Raises
    ------
    ValueError
        On a head start that is not finite.

    Examples
    --------
    >>> fcfs("fastest").name
    'fcfs, fastest'
    """
    by = as_expert_by(expert_by)
    return Rule(_named("fcfs", by), expert_by=by, head_start_s=dict(head_start_s or {}))


def priority_fcfs(expert_by: ExpertBy | str = ExpertBy.LONGEST_IDLE) -> Rule:
    """The most important tickets first, and those of equal importance first come, first served; nobody is interrupted.

    Parameters
    ----------
    expert_by : as in `fcfs`.
    """
    by = as_expert_by(expert_by)
    return Rule(_named("priority", by), expert_by=by, by_importance=True)


def preference_lists(
    *,
    groups: Lists | None = None,
    queues: Lists | None = None,
    expert_by: ExpertBy | str = ExpertBy.LONGEST_IDLE,
    ticket_by: TicketBy | str = TicketBy.FIRST_COME,
) -> Rule:
    """Static lists: to which groups the tickets of a queue overflow, and in which order a group serves the queues.

    Parameters
    ----------
    groups : by queue, its groups in order; several at one level stand in a list of their own. Queues that are not named
        may go to any group, all at one level.
    queues : by group, its queues in order, likewise.
    expert_by, ticket_by : how ties within one level are broken.

    Examples
    --------
    >>> rule = preference_lists(groups={"sales": ["dedicated", "flexible"]}, queues={"flexible": ["service", "sales"]})
    >>> rule.groups
    {'sales': (('dedicated',), ('flexible',))}
    """
    return Rule(
        "preference lists",
        expert_by=as_expert_by(expert_by),
        ticket_by=as_ticket_by(ticket_by),
        groups=as_levels(groups),
        queues=as_levels(queues),
    )


def longest_queue(expert_by: ExpertBy | str = ExpertBy.LONGEST_IDLE, *, groups: Lists | None = None) -> Rule:
    """An expert takes from the longest queue; ties go to the queue whose name comes first.

    Parameters
    ----------
    expert_by : as in `fcfs`.
    groups : as in `preference_lists`.
    """
    by = as_expert_by(expert_by)
    return Rule(_named("longest queue", by), expert_by=by, ticket_by=TicketBy.LONGEST_QUEUE, groups=as_levels(groups))


def longest_weighted_wait(
    weights: Mapping[str, float], expert_by: ExpertBy | str = ExpertBy.LONGEST_IDLE, *, groups: Lists | None = None
) -> Rule:
    """An expert takes the ticket whose wait times its queue's weight is greatest.

    Parameters
    ----------
    weights : by queue, > 0; 1 for those not named. With reciprocals of targets, waits count as shares of them.
    expert_by : as in `fcfs`.
    groups : as in `preference_lists`.

    Raises
    ------
    ValueError
        On a weight that is not above 0.
    """
    by = as_expert_by(expert_by)
    return Rule(
        _named("longest weighted wait", by),
        expert_by=by,
        ticket_by=TicketBy.LONGEST_WEIGHTED_WAIT,
        weights=dict(weights),
        groups=as_levels(groups),
    )


def as_levels(lists: Lists | None) -> dict[str, Levels]:
    """Lists of names, or of lists of names, as tuples of levels."""
    return {
        name: tuple((level,) if isinstance(level, str) else tuple(level) for level in levels)
        for name, levels in (lists or {}).items()
    }


def as_expert_by(value: ExpertBy | str) -> ExpertBy:
    if isinstance(value, ExpertBy):
        return value
    names = {each.name.lower(): each for each in ExpertBy}
    if value not in names:
        raise ValueError(f"expert_by: found {value!r}; expected one of {', '.join(names)}")
    return names[value]


def as_ticket_by(value: TicketBy | str) -> TicketBy:
    if isinstance(value, TicketBy):
        return value
    names = {each.name.lower(): each for each in TicketBy}
    if value not in names:
        raise ValueError(f"ticket_by: found {value!r}; expected one of {', '.join(names)}")
    return names[value]


def _named(name: str, by: ExpertBy) -> str:
    return name if by is ExpertBy.LONGEST_IDLE else f"{name}, {by.name.lower().replace('_', ' ')}"
