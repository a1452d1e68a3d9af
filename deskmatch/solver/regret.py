"""`Regrets`: what the total loses if a ticket is forced to an expert or held, and who would have to move."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.errors import ProblemError

from .problem import Problem
from .residual_graph import Paths, ResidualGraph
from .solution import Solution

__all__ = ["Forced", "Move", "Regrets", "forced_loss"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Move:
    """A ticket that changes places.

    Parameters
    ----------
    ticket : its row.
    before, after : the expert that it leaves and the one that it goes to; −1: held.
    gain : points that it gets more, negative where it gets less; slot costs are not in it.
    """

    ticket: int
    before: int
    after: int
    gain: float


@dataclass(frozen=True, slots=True)
class Forced:
    """The best way to force one ticket somewhere.

    Parameters
    ----------
    loss : points that the total loses; 0 where another optimum has it, inf where no assignment has it. Below 0 only
        for a virtual arc, which may bring more than everything in the problem.
    moves : who changes places, the forced ticket first; empty where nobody does and where it is impossible.
        Together with the others, who stay, they are an assignment that keeps every rule and loses exactly `loss`.
    """

    loss: float
    moves: tuple[Move, ...]

    def apply(self, expert_of: ArrayLike) -> Int32:
        """The assignment after the moves: ``(tickets,)``."""
        moved = np.array(expert_of, dtype=np.int32)
        for move in self.moves:
            moved[move.ticket] = move.after
        return moved


def forced_loss(problem: Problem, solution: Solution, ticket: int) -> tuple[Int32, Float64]:
    """What the total loses if a ticket is forced to each of its experts.

    One shortest-path computation in the residual network; nothing is solved again. For several tickets of one
    solution make a `Regrets`, which builds the network once.

    Parameters
    ----------
    problem : the problem.
    solution : an optimal solution of it.
    ticket : the ticket's row.

    Returns
    -------
    experts : ``(k,)`` the experts of the ticket's arcs, ascending.
    losses : ``(k,)`` points ≥ 0: 0 where an optimum has the pair, inf where no assignment has it (a must-assign
        ticket would lose its place, or the expert has no capacity).

    Raises
    ------
    ProblemError
        Where the solution breaks a rule or is not optimal, or there is no such ticket.

    Examples
    --------
    >>> from deskmatch.solver import solve
    >>> problem = Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 0], [3.0, 2.0, 2.5])
    >>> forced_loss(problem, solve(problem), 0)
    (array([0, 1], dtype=int32), array([1.5, 0. ]))
    """
    return Regrets(ResidualGraph.of(problem, solution)).losses(ticket)


class Regrets:
    """The losses of forcing tickets, for one optimal assignment.

    Forcing ticket i from its place c (the sink where it is held) over an arc into node e opens a circuit: a unit
    arrives at e and one leaves c, so that the loss is p_now − p_ie plus the shortest path from e to c in the
    residual graph (Ahuja, Magnanti, Orlin 1993, §9.5). One run of Dijkstra's algorithm towards c serves all arcs of
    the ticket; for held tickets it is the same run.

    Parameters
    ----------
    graph : the residual graph of the assignment.
    """

    def __init__(self, graph: ResidualGraph) -> None:
        self.graph = graph
        self._latest: tuple[int, Paths] | None = None

    def losses(self, ticket: int) -> tuple[Int32, Float64]:
        """The experts of a ticket's arcs and the loss of each; see `forced_loss`."""
        arcs = self._arcs(ticket)
        paths = self._paths(ticket)
        return self.graph.problem.expert[arcs], self.graph.slack[arcs] + paths.reduced[self.graph.entry[arcs]]

    def forced(self, ticket: int, expert: int) -> Forced:
        """The best assignment that has this pair.

        Raises
        ------
        ProblemError
            Where there is no such arc; `virtual` takes any pair.
        """
        graph, arcs = self.graph, self._arcs(ticket)
        found = np.flatnonzero(graph.problem.expert[arcs] == expert)
        if not len(found):
            raise ProblemError(f"ticket {ticket} has no arc to expert {expert}")
        arc = arcs.start + int(found[0])
        if graph.arcs[ticket] == arc:
            return Forced(0.0, ())
        forced = self._forced(ticket, expert, int(graph.entry[arc]), float(graph.problem.points[arc]))
        return Forced(max(forced.loss, 0.0), forced.moves)

    def held(self, ticket: int) -> Forced:
        """The best assignment that holds this ticket; a loss of inf where it must be assigned."""
        graph = self.graph
        self._arcs(ticket)
        if graph.arcs[ticket] < 0:
            return Forced(0.0, ())
        hold = float(graph.problem.hold[ticket])
        if hold == -math.inf:
            return Forced(math.inf, ())
        forced = self._forced(ticket, -1, graph.sink, hold)
        return Forced(max(forced.loss, 0.0), forced.moves)

    def virtual_losses(self, ticket: int, expert: ArrayLike, points: ArrayLike, *, spare: int = 1) -> Float64:
        """What the total loses if the ticket is forced over arcs that the problem does not have, each by itself.

        Parameters
        ----------
        ticket : the ticket's row.
        expert, points : ``(k,)`` the arcs.
        spare : 1: the expert gets a free slot for this ticket alone, at the cost of the first slot, such as that of
            someone who is busy now; 0: the ticket needs one of the slots that the expert has. (With a slot of its
            own a ticket never does better in a shared one, which costs at least as much.)

        Returns
        -------
        ``(k,)`` losses against the best total without the arc; negative where the arc would bring more.
        """
        graph, paths = self.graph, self._paths(ticket)
        experts = np.asarray(expert, dtype=np.int64)
        slot = graph.problem.slot_cost[experts, 0] + paths.length[graph.sink]
        onward = slot if spare > 0 else paths.length[experts]
        return np.asarray(graph.gets[ticket] - np.asarray(points, dtype=np.float64) + onward)

    def virtual(self, ticket: int, expert: int, points: float, *, spare: int = 1) -> Forced:
        """The best assignment that has a pair which the problem does not have; see `virtual_losses`."""
        if spare > 0:
            cost = float(self.graph.problem.slot_cost[expert, 0])
            return self._forced(ticket, expert, self.graph.sink, points, slot_cost=cost)
        return self._forced(ticket, expert, expert, points)

    def _forced(self, ticket: int, expert: int, start: int, points: float, *, slot_cost: float = 0.0) -> Forced:
        """Follow the shortest path from the node where the ticket arrives; sum what is lost on it exactly."""
        graph, paths = self.graph, self._paths(ticket)
        if paths.reduced[start] == math.inf:
            return Forced(math.inf, ())
        moves = [self._move(ticket, expert, points)]
        lost = [slot_cost, float(graph.gets[ticket]), -points]
        path = _walk(paths, start)
        for before, node, after in zip([-1, *path], path, [*path[1:], -1], strict=False):
            if node > graph.sink:
                moved, gets = node - graph.sink - 1, self._points(node - graph.sink - 1, after)
                moves.append(self._move(moved, int(graph.owner[after]), gets))
                lost += [float(graph.gets[moved]), -gets]
            elif node == graph.sink:
                if 0 <= before < graph.sink:
                    lost.append(float(graph.next_cost[before]))
                if 0 <= after < graph.sink:
                    lost.append(-float(graph.saved[after]))
        return Forced(math.fsum(lost), tuple(moves))

    def _move(self, ticket: int, after: int, points: float) -> Move:
        graph = self.graph
        before = int(graph.owner[graph.place[ticket]])
        return Move(ticket, before, after, points - float(graph.gets[ticket]))

    def _points(self, ticket: int, node: int) -> float:
        """What a ticket gets where it arrives over an arc into this node, or at the sink."""
        problem = self.graph.problem
        if node == self.graph.sink:
            return float(problem.hold[ticket])
        arcs = self._arcs(ticket)
        return float(problem.points[arcs][self.graph.entry[arcs] == node][0])

    def _arcs(self, ticket: int) -> slice:
        problem = self.graph.problem
        if not 0 <= ticket < problem.n_tickets:
            raise ProblemError(f"ticket: found {ticket}; expected 0 to {problem.n_tickets - 1}")
        return slice(int(problem.indptr[ticket]), int(problem.indptr[ticket + 1]))

    def _paths(self, ticket: int) -> Paths:
        """Shortest paths to the place of a ticket; the latest is kept, since questions come together."""
        self._arcs(ticket)
        node = int(self.graph.place[ticket])
        if self._latest is None or self._latest[0] != node:
            self._latest = (node, self.graph.towards(node))
        return self._latest[1]


def _walk(paths: Paths, start: int) -> list[int]:
    """The nodes of the path from `start` to the node that the paths lead to."""
    path = [start]
    while (node := int(paths.step[path[-1]])) >= 0:
        path.append(node)
    return path
