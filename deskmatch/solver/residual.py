"""The residual network of an assignment: its prices where it is optimal, its improvement where it is not.

Every node (expert or limit) has a *value*: the most points that one more unit there can bring. One more unit
at an expert saves the cost of its last slot; or a held ticket takes it; or a ticket takes it that frees a
unit elsewhere, and so on. The values are longest paths, found by label correcting in numpy (Bellman-Ford over
the tickets that changed). They are finite exactly where the assignment is optimal, and then they are the
least dual prices. Otherwise the labels close a profitable circuit, by a node that has a free unit below its
value, by a ticket that had better be held, or around a ring of full experts; it is applied and the search
starts again. Each label carries the rounding errors of the sums on its path (none for integers), and rises
only where that is no matter of rounding. (Ahuja, Magnanti, Orlin, *Network Flows*, 1993, §5.5 and §9.6: cycle
cancelling with cycles found by labels.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.errors import ProblemError

from .bound import row_max
from .evaluation import arcs_chosen, limit_usage, violations
from .network import above_limits, entry_nodes, refuse_beyond_networks
from .problem import Problem
from .whole_numbers import whole

__all__ = ["Polished", "polish"]

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

SLACK = 1
"""A label rises only by more than this many times the rounding errors of the two sums that are compared."""
SLACK_GROWTH = 8
CYCLE_CHECK_ROUNDS = 16
"""Rounds between two searches for a ring among the labels; one search costs about half a round."""

SLOT = -1
"""A unit at this expert saves the cost of its last slot."""
ABOVE = -2
"""A unit at this limit is a unit at the node around it."""
BELOW = -3
"""``BELOW − l``: a unit at this node is a unit at limit l inside it."""


@dataclass(frozen=True, slots=True, eq=False)
class Polished:
    """An optimal assignment and the least prices that prove it.

    Parameters
    ----------
    expert_of : ``(tickets,)`` the expert of each ticket, −1: held.
    ticket_price : ``(tickets,)`` the most that each ticket can get at these prices.
    expert_price : ``(experts,)`` the least price of each expert's next unit; an idle expert's is its first
        slot's cost or what a ticket that must not use it would give.
    limit_price : ``(limits,)`` ≥ 0, or None where the problem has no limits.
    repairs : how many circuits were applied to the assignment that came in.
    """

    expert_of: Int32
    ticket_price: Float64
    expert_price: Float64
    limit_price: Float64 | None
    repairs: int


def polish(problem: Problem, expert_of: ArrayLike, *, exact: bool = False) -> Polished:
    """Make an assignment optimal by applying profitable circuits, and find its least prices.

    Each circuit's gain is summed exactly (`math.fsum`) and applied only if it is positive, so that the loop
    ends. Should a circuit gain nothing, the labels are compared with more slack, and the search starts again.

    Parameters
    ----------
    problem : the problem.
    expert_of : ``(tickets,)`` an assignment that keeps every rule.
    exact : sum in integers of any length instead of floats: no rounding at all until the prices are made, about a
        hundred times slower; for points whose magnitudes lie more than 1e12 apart.

    Raises
    ------
    ProblemError
        Where the assignment breaks a rule.
    BackendError
        Where the problem is no network.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    >>> polished = polish(problem, [0, -1])
    >>> polished.expert_of, polished.expert_price, polished.repairs
    (array([-1,  0], dtype=int32), array([3.]), 1)
    """
    refuse_beyond_networks(problem, "polish")
    broken = violations(problem, expert_of)
    if broken:
        raise ProblemError("; ".join(broken))
    network = _Network(problem, _exact_numbers(problem) if exact else _float_numbers(problem))
    arcs = arcs_chosen(problem, np.asarray(expert_of))
    slack, repairs = SLACK, 0
    while True:
        labels = _Labels(network, arcs, slack)
        circuit = labels.settle()
        if circuit is None:
            return _polished(problem, labels, repairs)
        if circuit.gain > 0:
            arcs = circuit.apply(arcs)
            repairs += 1
        else:
            slack = SLACK_GROWTH * slack + SLACK_GROWTH


def _polished(problem: Problem, labels: _Labels, repairs: int) -> Polished:
    m, live, scale = problem.n_experts, labels.network.live, labels.network.numbers.scale
    value = labels.value
    if value.dtype == object:
        value = np.array([number / scale for number in value.tolist()], dtype=np.float64)
    limit_price = np.zeros(len(value) - m)
    limit_price[live] = value[m + live] - value[labels.network.above[live]]
    arcs = labels.arcs
    expert_of = np.full(problem.n_tickets, -1, dtype=np.int32)
    expert_of[arcs >= 0] = problem.expert[arcs[arcs >= 0]]
    net = problem.points - np.where(problem.capacity > 0, 0.0, np.inf)[problem.expert]
    net -= value[labels.network.entry]
    return Polished(
        expert_of=expert_of,
        ticket_price=row_max(problem.indptr, net, problem.hold),
        expert_price=value[:m].copy(),
        limit_price=None if problem.limits is None else limit_price,
        repairs=repairs,
    )


@dataclass(frozen=True, slots=True)
class _Circuit:
    """A change of the assignment: tickets and the arcs they move to (−1: hold), and the points it gains."""

    moves: dict[int, int]
    gain: float

    def apply(self, arcs: Int64) -> Int64:
        arcs = arcs.copy()
        arcs[list(self.moves)] = list(self.moves.values())
        return arcs


@dataclass(frozen=True, slots=True, eq=False)
class _Numbers:
    """The problem's numbers, as floats, or as Python integers that are `scale` times as large."""

    points: NDArray[Any]
    hold: NDArray[Any]
    slot_cost: NDArray[Any]
    scale: int

    def total(self, terms: list[Any]) -> float:
        """Their exact sum, rounded at most once."""
        return math.fsum(terms) if self.points.dtype != object else sum(terms) / self.scale


def _float_numbers(problem: Problem) -> _Numbers:
    return _Numbers(problem.points, problem.hold, problem.slot_cost, 1)


def _exact_numbers(problem: Problem) -> _Numbers:
    """Integers; −∞ becomes an integer below minus the sum of all magnitudes, which no path makes up for."""
    finite = np.isfinite(problem.hold)
    parts = problem.points, np.where(finite, problem.hold, 0.0), problem.slot_cost.ravel()
    values, scale = whole(np.concatenate(parts))
    below = -2 * sum(map(abs, values)) - 1
    numbers = np.array([*values, below], dtype=object)[:-1]
    points, hold, costs = np.split(numbers, [problem.n_arcs, problem.n_arcs + problem.n_tickets])
    hold[~finite] = below
    return _Numbers(points, hold, costs.reshape(problem.slot_cost.shape), scale)


class _Network:
    """What of the residual network stays the same for every assignment."""

    def __init__(self, problem: Problem, numbers: _Numbers) -> None:
        self.problem = problem
        self.numbers = numbers
        self.entry = entry_nodes(problem)
        self.above = above_limits(problem)
        self.live = np.flatnonzero(self.above >= 0)
        self.degree = np.diff(problem.indptr)

    def arcs_of(self, tickets: Int64) -> tuple[Int64, Int64]:
        """All arcs of these tickets, and for each the place of its ticket in `tickets`."""
        degree = self.degree[tickets]
        ends = np.cumsum(degree)
        start = self.problem.indptr[tickets] - (ends - degree)
        row = np.repeat(np.arange(len(tickets)), degree)
        return start[row] + np.arange(len(row)), row


class _Labels:
    """The value of one more unit at each node, and where it comes from."""

    def __init__(self, network: _Network, arcs: Int64, slack: float) -> None:
        problem = network.problem
        m = problem.n_experts
        self.network, self.arcs, self.slack = network, arcs, slack
        self.assigned = arcs >= 0
        self.at = np.where(self.assigned, network.entry[arcs] if len(network.entry) else -1, -1)
        numbers = network.numbers
        self.gets = numbers.hold.copy()
        self.gets[self.assigned] = numbers.points[arcs[self.assigned]]
        self.load = np.bincount(problem.expert[arcs[self.assigned]], minlength=m)
        last = problem.slot_cost.shape[1] - 1
        experts = np.arange(m)
        self.saved = numbers.slot_cost[experts, np.clip(self.load - 1, 0, last)]
        self.next_cost = numbers.slot_cost[experts, np.minimum(self.load, last)]
        self.next_cost = np.where(self.load < problem.capacity, self.next_cost, np.inf)
        self.value = np.zeros(m + len(network.above), dtype=numbers.points.dtype)
        self.value[:m] = self.saved
        self.value[m + network.live] = -np.inf
        self.error = np.zeros_like(self.value)
        self.source = np.full(len(self.value), SLOT, dtype=np.int64)
        self.open = np.zeros(0, dtype=np.int64)
        if problem.limits is not None:
            usage = limit_usage(problem.limits, arcs)
            self.open = network.live[usage[network.live] < problem.limits.bound[network.live]]

    def settle(self) -> _Circuit | None:
        """Raise the values until they are the least prices, or until they show a profitable circuit."""
        self._level_limits()
        rounds = 0
        active = np.flatnonzero(self.assigned | (self.network.degree > 0))
        while len(active):
            rounds += 1
            before = self.value.copy()
            circuit = self._unhappy_ticket(active)
            if circuit is None:
                self._raise_by(active)
                self._level_limits()
                circuit = self._cheap_slot(before)
            if circuit is None and rounds % CYCLE_CHECK_ROUNDS == 0:
                circuit = self._ring()
            if circuit is not None:
                return circuit
            changed = np.append(self.value > before, False)
            active = np.flatnonzero(changed[self.at])
        return None

    def _raise_by(self, tickets: Int64) -> None:
        """What these tickets would give for one more unit at each node that they could take."""
        points = self.network.numbers.points
        arcs, row = self.network.arcs_of(tickets)
        needs, needs_error = self._needs(tickets)
        offer = points[arcs] - needs[row]
        higher = np.flatnonzero(offer > self.value[self.network.entry[arcs]])
        arcs, row, offer = arcs[higher], row[higher], offer[higher]
        target = self.network.entry[arcs]
        error = needs_error[row] + rounding(points[arcs], needs[row])
        certain = offer - self.value[target] > self.slack * (error + self.error[target])
        arcs, offer, target, error = arcs[certain], offer[certain], target[certain], error[certain]
        np.maximum.at(self.value, target, offer)
        best = offer == self.value[target]
        self.source[target[best]] = arcs[best]
        self.error[target[best]] = error[best]

    def _needs(self, tickets: Int64) -> tuple[Float64, Float64]:
        """What each ticket must get to leave its place: its hold, or its points minus its node's value.

        And the rounding error of that.
        """
        at, gets = self.at[tickets], self.gets[tickets]
        value, error = np.zeros_like(gets), np.zeros_like(gets)
        placed = np.flatnonzero(at >= 0)
        value[placed], error[placed] = self.value[at[placed]], self.error[at[placed]]
        error[placed] += rounding(gets[placed], value[placed])
        return gets - value, error

    def _level_limits(self) -> None:
        """Values inside a limit are at least those around it, and equal where the limit has room."""
        m, above = self.network.problem.n_experts, self.network.above
        inner, room = self.network.live, self.open
        while len(inner):
            low = inner[self.value[m + inner] < self.value[above[inner]]]
            self.value[m + low] = self.value[above[low]]
            self.error[m + low] = self.error[above[low]]
            self.source[m + low] = ABOVE
            high = room[self.value[above[room]] < self.value[m + room]]
            np.maximum.at(self.value, above[high], self.value[m + high])
            best = high[self.value[above[high]] == self.value[m + high]]
            self.error[above[best]] = self.error[m + best]
            self.source[above[best]] = BELOW - best
            if not len(low) and not len(high):
                return

    def _unhappy_ticket(self, tickets: Int64) -> _Circuit | None:
        """The ticket that most wants to be held rather than keep its place, if there is one."""
        tickets = tickets[self.assigned[tickets]]
        needs, error = self._needs(tickets)
        short = self.network.numbers.hold[tickets] - needs - self.slack * error
        if not len(short) or short.max() <= 0:
            return None
        ticket = int(tickets[np.argmax(short)])
        start = [self.network.numbers.hold[ticket], -self.gets[ticket]]
        return self._circuit(int(self.at[ticket]), {ticket: -1}, start)

    def _cheap_slot(self, before: Float64) -> _Circuit | None:
        """The expert whose next slot costs least against its value, if one costs less."""
        m = self.network.problem.n_experts
        value = self.value[:m]
        raised = np.flatnonzero((value > before[:m]) & (value > self.next_cost))
        surplus = value[raised] - self.next_cost[raised] - self.slack * self.error[raised]
        if not len(surplus) or surplus.max() <= 0:
            return None
        expert = int(raised[np.argmax(surplus)])
        return self._circuit(expert, {}, [-self.next_cost[expert]])

    def _ring(self) -> _Circuit | None:
        """A ring among the sources of the labels, which is a circuit with a positive gain."""
        end = len(self.value)
        step = np.append(self._next_nodes(), end)
        for _ in range(end.bit_length()):
            step = step[step]
        endless = np.flatnonzero(step != end)
        return self._circuit(int(step[endless[0]]), {}, []) if len(endless) else None

    def _next_nodes(self) -> Int64:
        """The node from which each value comes, or the number of nodes where the path ends."""
        m, source, end = self.network.problem.n_experts, self.source, len(self.value)
        following = np.full(end, end, dtype=np.int64)
        arc = np.flatnonzero(source >= 0)
        at = self.at[self.network.problem.ticket[source[arc]]]
        following[arc] = np.where(at >= 0, at, end)
        limit = m + np.flatnonzero(source[m:] == ABOVE)
        following[limit] = self.network.above[limit - m]
        below = source <= BELOW
        following[below] = m + (BELOW - source[below])
        return following

    def _circuit(self, node: int, moves: dict[int, int], terms: list[Any]) -> _Circuit:
        """Follow the sources from a node to their end, or around the first ring that they run into."""
        path = self._path(node)
        ring = path[-1] in path[:-1]
        if ring:
            path = path[path.index(path[-1]) : -1]
            moves, terms = {}, []
        points, ticket_of = self.network.numbers.points, self.network.problem.ticket
        for place in path:
            arc = int(self.source[place])
            if arc >= 0:
                ticket = int(ticket_of[arc])
                moves[ticket] = arc
                terms += [points[arc], -self.gets[ticket]]
        if not ring and self.source[path[-1]] == SLOT:
            terms.append(self.saved[path[-1]])
        return _Circuit(moves, self.network.numbers.total(terms))

    def _path(self, node: int) -> list[int]:
        """The nodes from here to the end of the sources; closed by its repeated node if it is a ring."""
        following = self._next_nodes()
        path, seen = [node], {node}
        while (node := int(following[node])) < len(self.value):
            path.append(node)
            if node in seen:
                break
            seen.add(node)
        return path


def rounding(minuend: Float64, subtrahend: Float64) -> Float64:
    """How much ``minuend − subtrahend`` is off: exactly, elementwise (Knuth, *Seminumerical Algorithms*, 4.2.2)."""
    difference = minuend - subtrahend
    taken = minuend - difference
    return np.abs((taken - subtrahend) + (minuend - (difference + taken)))
