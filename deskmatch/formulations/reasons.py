"""Why a ticket is held: the first rule that leaves nobody, or who took the places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from deskmatch.epochs import Epoch
from deskmatch.formulations.availability import capacity, stays
from deskmatch.formulations.constraints.holding import filtering, resisting
from deskmatch.formulations.eligibility import Filter, TicketClass, is_excluded
from deskmatch.formulations.model import Model
from deskmatch.solver import Solution
from deskmatch.solver.evaluation import arcs_chosen

__all__ = ["hold_reasons"]

NAMED = 3
"""How many of the tickets that outbid another one are named; the rest is counted."""


def hold_reasons(model: Model, solution: Solution, rows: Iterable[int]) -> list[str]:
    """One sentence for each held ticket, in the words of the desk.

    Parameters
    ----------
    model : the epoch as a problem.
    solution : its answer.
    rows : the held tickets.
    """
    places = _Places(model, solution)
    indptr = model.problem.indptr
    return [
        _outbid(model, solution, row, places)
        if indptr[row] < indptr[row + 1]
        else _filtered(model, row) or _no_arc(model, row)
        for row in rows
    ]


class _Places:
    """Who took the places at each expert, and inside each limit."""

    def __init__(self, model: Model, solution: Solution) -> None:
        self.problem = problem = model.problem
        self.most = capacity(model.epoch, model.situation.channels, model.room)
        self.at_expert: dict[int, list[int]] = defaultdict(list)
        self.in_limit: dict[int, list[int]] = defaultdict(list)
        self.arcs = arcs_chosen(problem, solution.expert_of)
        for ticket in np.flatnonzero(self.arcs >= 0).tolist():
            self.at_expert[int(problem.expert[self.arcs[ticket]])].append(ticket)
            limit = -1 if problem.limits is None else int(problem.limits.of_arc[self.arcs[ticket]])
            while problem.limits is not None and limit >= 0:
                self.in_limit[limit].append(ticket)
                limit = int(problem.limits.parent[limit])

    def takers(self, arc: int) -> list[int]:
        """The tickets that leave no place for this arc: those in a full limit around it, or all of a full expert."""
        limits, expert = self.problem.limits, int(self.problem.expert[arc])
        if len(self.at_expert[expert]) >= self.most[expert]:
            return self.at_expert[expert]
        limit = -1 if limits is None else int(limits.of_arc[arc])
        while limits is not None and limit >= 0:
            if not self._fits(arc, self.in_limit[limit], int(limits.bound[limit])):
                return self.in_limit[limit]
            limit = int(limits.parent[limit])
        there = self.at_expert[expert]
        return [] if self._fits(arc, there, int(self.problem.capacity[expert])) else there

    def gains_beside(self, arc: int) -> bool:
        """Whether the arc brings more than holding does, at the cost of its expert's next slot."""
        problem, expert = self.problem, int(self.problem.expert[arc])
        slot = min(len(self.at_expert[expert]), problem.slot_cost.shape[1] - 1)
        gain = problem.points[arc] - problem.slot_cost[expert, slot]
        return bool(gain > problem.hold[problem.ticket[arc]])

    def _fits(self, arc: int, there: list[int], room: int) -> bool:
        """Whether an arc finds room beside some tickets, in units."""
        usage = self.problem.usage
        if usage is None:
            return len(there) < room
        return int(usage[self.arcs[there]].sum()) + int(usage[arc]) <= room


def _filtered(model: Model, row: int) -> str:
    """The constraints that leave no expert for a ticket which the desk's own rules would let pass; empty: none do."""
    if model.rules is None or not (model.rules.base.ticket == row).any():
        return ""
    return f"no expert is left by {', '.join(filtering(model.rules, row))}"


def _no_arc(model: Model, row: int) -> str:
    """The first rule that leaves no expert for this ticket."""
    if model.unseen is not None and model.unseen[row]:
        return "not looked at before the deadline"
    epoch, eligibility = model.epoch, model.situation.eligibility
    ticket_class = eligibility.ticket_class(epoch.tickets, row, model.situation.stage)
    left = np.ones(epoch.n_experts, bool)
    passed: list[str] = []
    for rule, mask in eligibility.filters(ticket_class):
        if not (left & mask).any():
            return _nobody(epoch, ticket_class, rule, among=passed if mask.any() else [])
        left &= mask
        passed.append(rule)
    experts = np.flatnonzero(left).astype(np.int32)
    excluded = is_excluded(epoch, np.full(len(experts), row, np.int32), experts)
    if excluded.all():
        return "every eligible expert is excluded"
    experts = experts[~excluded]
    if not stays(epoch, model.situation.channels)[experts, ticket_class.channel].any():
        return "nobody stays long enough"
    return "all eligible are full"


def _nobody(epoch: Epoch, ticket_class: TicketClass, rule: Filter, among: list[str]) -> str:
    desk = epoch.desk
    verbs = {
        Filter.CHANNEL: f"works the channel{_named(desk.channels.names, (ticket_class.channel,))}",
        Filter.LANGUAGE: f"speaks the language{_named(desk.languages.names, (ticket_class.language,))}",
        Filter.TOPIC: f"knows the topic{_named(desk.topics.names, ticket_class.topics)}",
        Filter.TIER: f"reaches the tier {ticket_class.tier}",
        Filter.TAG: f"holds the tag{_named(desk.tags.names, ticket_class.tags)}",
    }
    sentence = f"nobody {verbs[rule]}"
    if among:
        *first, last = among
        sentence += f" among those with the {', '.join(first)}{' and ' if first else ''}{last}"
    return sentence


def _named(names: tuple[str, ...], codes: tuple[int, ...]) -> str:
    known = [repr(names[code]) for code in codes if code >= 0]
    return f" {' and '.join(known)}" if known else ""


def _outbid(model: Model, solution: Solution, row: int, places: _Places) -> str:
    """Who took the places that this ticket would have gained from."""
    problem = model.problem
    arcs = np.arange(problem.indptr[row], problem.indptr[row + 1])
    points = problem.points[arcs]
    gains = points - problem.slot_cost[problem.expert[arcs], 0] > problem.hold[row]
    if not gains.any():
        return "worth more held"
    best_first = arcs[gains][np.argsort(-points[gains], kind="stable")]
    rivals = list(dict.fromkeys(ticket for arc in best_first.tolist() for ticket in places.takers(arc)))
    if not rivals:
        if not any(places.gains_beside(arc) for arc in best_first.tolist()):
            return "worth less than one more ticket costs any of the eligible experts"
        against = [] if model.rules is None else resisting(model.rules, solution.expert_of, row, best_first)
        return f"kept waiting by {', '.join(against)}" if against else f"left waiting by {solution.method}"
    named = ", ".join(model.epoch.tickets.ids[ticket] for ticket in rivals[:NAMED])
    more = f" and {len(rivals) - NAMED} more" if len(rivals) > NAMED else ""
    return f"outbid by {named}{more}"
