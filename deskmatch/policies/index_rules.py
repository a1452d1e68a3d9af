"""Rules in which an expert takes the queue with the highest index: cμ and its kin, and MaxWeight."""

from __future__ import annotations

from collections.abc import Mapping

from deskmatch.policies.dispatch import ExpertBy, IndexBy, Rule, TicketBy
from deskmatch.policies.rules import Lists, as_expert_by, as_levels
from deskmatch.ranges import NON_NEGATIVE, refuse

__all__ = ["c_mu", "c_mu_theta", "generalised_c_mu", "max_weight", "p_c_mu"]


def c_mu(
    costs: Mapping[str, float] | None = None, expert_by: ExpertBy | str = "fastest", *, groups: Lists | None = None
) -> Rule:
    """An expert takes the queue with the greatest cost of waiting × own rate of service; nobody is interrupted.

    Optimal for one expert and patient customers: D. R. Cox, W. L. Smith, Queues (1961); C. Buyukkoc, P. Varaiya,
    J. Walrand, "The cμ rule revisited", Advances in Applied Probability 17 (1985) 237–238.

    Parameters
    ----------
    costs : c by queue, of a second of waiting, > 0; 1 for those not named. Rates μ are what the desk expects.
    expert_by : as in `fcfs`.
    groups : as in `preference_lists`.

    Raises
    ------
    ValueError
        On a cost that is not above 0.

    Examples
    --------
    >>> c_mu({"sales": 2.0}).costs
    {'sales': 2.0}
    """
    return _index_rule("cμ", IndexBy.COST_RATE, costs, expert_by, groups)


def c_mu_theta(
    costs: Mapping[str, float] | None = None, expert_by: ExpertBy | str = "fastest", *, groups: Lists | None = None
) -> Rule:
    """An expert takes the queue with the greatest cost × own rate of service × mean patience (cμ/θ).

    Asymptotically optimal under overload: R. Atar, C. Giat, N. Shimkin, "The cμ/θ rule for many-server queues with
    abandonment", Operations Research 58 (2010) 1427–1439. Customers who never hang up count as patient for 30 days.

    Parameters
    ----------
    costs : by queue, of a second of waiting, the losses of those who hang up included: c = h + θ · (points lost).
    expert_by, groups : as in `c_mu`.
    """
    return _index_rule("cμ/θ", IndexBy.COST_RATE_PATIENCE, costs, expert_by, groups)


def generalised_c_mu(
    costs: Mapping[str, float] | None = None,
    powers: Mapping[str, float] | float = 1.0,
    expert_by: ExpertBy | str = "fastest",
    *,
    groups: Lists | None = None,
) -> Rule:
    """An expert takes the ticket with the greatest marginal cost of waiting × own rate of service.

    J. A. van Mieghem, "Dynamic scheduling with convex delay costs: the generalized cμ rule", Annals of Applied
    Probability 5 (1995) 809–833; A. Mandelbaum, A. L. Stolyar, Operations Research 52 (2004) 836–855.

    Parameters
    ----------
    costs, powers : by queue: the marginal cost after a wait of w seconds is costs · w^powers, so that powers = 1 stands
        for quadratic costs; one number: for all queues.
    expert_by, groups : as in `c_mu`.

    Raises
    ------
    ValueError
        On a cost that is not above 0, or a power below 0.
    """
    rule = _index_rule("generalised cμ", IndexBy.COST_RATE, costs, expert_by, groups, TicketBy.WAIT_INDEX)
    if isinstance(powers, Mapping):
        return rule.replace(powers=dict(powers))
    refuse(NON_NEGATIVE.problems({"powers": powers}))
    return rule.replace(power=float(powers))


def p_c_mu(costs: Mapping[str, float] | None = None, *, groups: Lists | None = None) -> Rule:
    """Resolution × speed, on both sides: an expert takes the queue with the greatest p·c·μ, a ticket the expert.

    F. de Véricourt, Y.-P. Zhou, "Managing response time in a call-routing problem with service failure", Operations
    Research 53 (2005) 968–981; V. Mehrotra, K. Ross, G. Ryder, Y.-P. Zhou, "Routing to manage resolution and waiting
    time in call centers with heterogeneous servers", Manufacturing & Service Operations Management 14 (2012) 66–81.

    Parameters
    ----------
    costs, groups : as in `c_mu`. The resolution p is the proficiency, or the mean of an unknown topic.
    """
    return _index_rule("p·cμ", IndexBy.RESOLUTION_COST_RATE, costs, ExpertBy.HIGHEST_INDEX, groups)


def max_weight(
    costs: Mapping[str, float] | None = None, expert_by: ExpertBy | str = "fastest", *, groups: Lists | None = None
) -> Rule:
    """An expert takes the queue with the greatest cost × own rate of service × length.

    L. Tassiulas, A. Ephremides, "Stability properties of constrained queueing systems", IEEE Transactions on Automatic
    Control 37 (1992) 1936–1948; A. L. Stolyar, Annals of Applied Probability 14 (2004) 1–53.

    Parameters
    ----------
    costs, expert_by, groups : as in `c_mu`.
    """
    return _index_rule("MaxWeight", IndexBy.COST_RATE, costs, expert_by, groups, TicketBy.LENGTH_INDEX)


def _index_rule(
    name: str,
    index_by: IndexBy,
    costs: Mapping[str, float] | None,
    expert_by: ExpertBy | str,
    groups: Lists | None,
    ticket_by: TicketBy = TicketBy.HIGHEST_INDEX,
) -> Rule:
    return Rule(
        name,
        expert_by=as_expert_by(expert_by),
        ticket_by=ticket_by,
        index_by=index_by,
        costs=dict(costs or {}),
        groups=as_levels(groups),
    )
