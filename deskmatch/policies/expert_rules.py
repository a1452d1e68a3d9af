"""Rules that choose the expert with care: qualification, flexibility, reserves, rings, idle time, ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deskmatch.policies.dispatch import ExpertBy, IndexBy, Rule, TicketBy
from deskmatch.policies.rules import Lists, as_expert_by, as_levels
from deskmatch.ranges import NON_NEGATIVE, NUMBER, POSITIVE, entries, refuse

__all__ = [
    "bullseye",
    "idle_thresholds",
    "least_flexible_first",
    "most_qualified",
    "queue_and_idleness_ratio",
    "waiting_and_idle_time",
]


def most_qualified(*, groups: Lists | None = None) -> Rule:
    """First come, first served; of the experts with room the one who most probably resolves the ticket.

    Parameters
    ----------
    groups : as in `preference_lists`. The probability is the proficiency that the desk knows.
    """
    by = ExpertBy.HIGHEST_INDEX
    return Rule("most qualified", expert_by=by, index_by=IndexBy.RESOLUTION, groups=as_levels(groups))


def least_flexible_first(expert_by: ExpertBy | str = "longest_idle") -> Rule:
    """First come, first served; of the experts with room one of the least flexible, so that the others stay.

    The usual way to keep generalists free: R. B. Wallace, W. Whitt, "A staffing algorithm for call centers with
    skill-based routing", Manufacturing & Service Operations Management 7 (2005) 276–294, who go by levels of skills.

    Parameters
    ----------
    expert_by : among experts who are equally flexible (channels worked × languages spoken × topics known).
    """
    return Rule("least flexible first", expert_by=as_expert_by(expert_by), least_flexible_first=True)


def idle_thresholds(
    reserves: Mapping[str, Mapping[str, int]],
    expert_by: ExpertBy | str = "longest_idle",
    *,
    groups: Lists | None = None,
    queues: Lists | None = None,
) -> Rule:
    """Idle experts of a group are kept back from a queue: it gets one only while more than so many are idle.

    N. Gans, Y.-P. Zhou, "A call-routing problem with service-level constraints", Operations Research 51 (2003) 255–271;
    S. Bhulai, G. Koole, "A queueing model for call blending in call centers", IEEE Transactions on Automatic Control 48
    (2003) 1434–1438.

    Parameters
    ----------
    reserves : by queue and group, whole numbers ≥ 0; 0 where not named.
    expert_by, groups, queues : as in `preference_lists`.

    Raises
    ------
    ValueError
        On a reserve that is no whole number ≥ 0.

    Examples
    --------
    >>> idle_thresholds({"billing": {"generalists": 2}}).reserves
    {'billing': {'generalists': 2}}
    """
    return Rule(
        "idle thresholds",
        expert_by=as_expert_by(expert_by),
        reserves={queue: dict(of_group) for queue, of_group in reserves.items()},
        groups=as_levels(groups),
        queues=as_levels(queues),
    )


def bullseye(
    rings: Mapping[str, Sequence[tuple[float, Sequence[str]]]],
    expert_by: ExpertBy | str = "longest_idle",
    *,
    epoch_s: float | None = 5.0,
) -> Rule:
    """Rings of groups around a queue: the innermost may serve at once, the next ones after a wait.

    Known by this name from routing products; timed relaxation of a `Formulation` is the same for an optimiser.

    Parameters
    ----------
    rings : by queue: seconds of waiting, ≥ 0, and the groups that may serve from then on. A queue that is not named may
        go anywhere at once; a group that is in no ring of a named queue never serves it.
    expert_by : as in `fcfs`.
    epoch_s : how often the desk looks whose ring has opened, > 0; None: only when something happens.

    Raises
    ------
    ValueError
        On a wait that is no number ≥ 0.

    Examples
    --------
    >>> bullseye({"billing": [(0, ["billing team"]), (30, ["second line"])]}).opens_s
    {'billing': {'billing team': 0.0, 'second line': 30.0}}
    """
    opens: dict[str, dict[str, float]] = {}
    for queue, of_queue in rings.items():
        waits = {str(number): ring[0] for number, ring in enumerate(of_queue, 1)}
        refuse(NON_NEGATIVE.problems(entries(f"rings[{queue!r}]", waits)))
        ordered = sorted(of_queue, key=lambda ring: -ring[0])
        opens[queue] = {group: float(wait_s) for wait_s, groups in reversed(ordered) for group in groups}
    return Rule(
        "bullseye",
        expert_by=as_expert_by(expert_by),
        groups={queue: (tuple(of_group),) for queue, of_group in opens.items()},
        opens_s=opens,
        epoch_s=epoch_s,
    )


def queue_and_idleness_ratio(
    queue_shares: Mapping[str, float] | None = None,
    group_shares: Mapping[str, float] | None = None,
    *,
    groups: Lists | None = None,
) -> Rule:
    """An expert takes the queue that is longest against its share of all waiting tickets; a ticket goes to the group
    whose idle experts are most against its share of all idle ones.

    I. Gurvich, W. Whitt, "Queue-and-idleness-ratio controls in many-server service systems", Mathematics of Operations
    Research 34 (2009) 363–396.

    Parameters
    ----------
    queue_shares, group_shares : by queue and by group, ≥ 0, mostly summing to 1; 0 for those not named; None: equal.
    groups : as in `preference_lists`.

    Raises
    ------
    ValueError
        On a share below 0.
    """
    return Rule(
        "queue-and-idleness ratio",
        expert_by=ExpertBy.IDLENESS_RATIO,
        ticket_by=TicketBy.QUEUE_RATIO,
        queue_shares=dict(queue_shares or {}),
        group_shares=dict(group_shares or {}),
        groups=as_levels(groups),
    )


def waiting_and_idle_time(
    base: Mapping[str, Mapping[str, float]] | None = None,
    waiting: Mapping[str, float] | None = None,
    idle: Mapping[str, float] | None = None,
    *,
    groups: Lists | None = None,
) -> Rule:
    """Weight-based routing: the pair with the greatest base + waiting · wait + idle · idle time.

    W. Chan, G. Koole, P. L'Ecuyer, "Dynamic call center routing policies using call waiting and agent idle times",
    Manufacturing & Service Operations Management 16 (2014) 544–560, whose index is affine in both times.

    Parameters
    ----------
    base : by queue and group; 0 where not named.
    waiting : by queue, > 0, a second of the wait of its first ticket; 1 for those not named.
    idle : by group, a second of an expert's idle time; 0 for those not named.
    groups : as in `preference_lists`.

    Raises
    ------
    ValueError
        On a weight that is not finite, or a weight of a wait that is not above 0.
    """
    wrong = POSITIVE.problems(entries("waiting", waiting or {})) + NUMBER.problems(entries("idle", idle or {}))
    refuse(wrong + NUMBER.problems(entries("base", base or {})))
    return Rule(
        "waiting and idle time",
        expert_by=ExpertBy.AFFINE,
        ticket_by=TicketBy.AFFINE,
        weights=dict(waiting or {}),
        idle_weights=dict(idle or {}),
        index={queue: dict(of_group) for queue, of_group in (base or {}).items()},
        groups=as_levels(groups),
    )
