"""The arrays of a `Matcher`: filled from a problem, made larger or packed when events need it, read as one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.kernel.records import HEAP, Records
from deskmatch.solver.network import above_limits, entry_nodes
from deskmatch.solver.problem import Limits, Problem

from .entry import apply_event
from .records import ARC, FREE, HELD, NOBODY, PLACE, SEARCH, TICKET, UNPLACED, Code, Event
from .seats import next_inside

__all__ = ["NO_FLOATS", "NO_INTEGERS", "Handles", "Rows", "Storage"]

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

SMALLEST = 64
"""Entries of a new or packed array at least."""

ROUNDING = 4 * float(np.finfo(np.float64).eps)

NO_INTEGERS = np.zeros(0, np.int64)
NO_FLOATS = np.zeros(0)


class Handles(NamedTuple):
    """The handles of the rows, columns and limits of a snapshot's problem, in their order."""

    tickets: Int64
    experts: Int64
    limits: Int64


class Rows(NamedTuple):
    """Which records are in use: ``(tickets,)``, ``(experts,)``, ``(limits,)`` indices, increasing."""

    tickets: Int64
    experts: Int64
    limits: Int64


class Storage:
    """The arrays that `deskmatch.solver.incremental.records` describes; tickets, experts and limits of the problem
    come first, in its order, so that their handles are 0, 1, …; limits without arcs belong to no expert and
    are left out."""

    def __init__(self, problem: Problem) -> None:
        n, m = problem.n_tickets, problem.n_experts
        above = above_limits(problem)
        size = m + len(above)
        self.tickets = _new_tickets(max(n, SMALLEST))
        self.places = _new_places(max(size, SMALLEST))
        self.heap = _new_heap(len(self.places))
        self.slot_cost = np.zeros((len(self.places), problem.slot_cost.shape[1]))
        self.slot_cost[:m] = problem.slot_cost
        self.search = np.zeros(1, SEARCH)
        self.search["free_ticket"] = self.search["free_place"] = NOBODY
        self.search["tickets"], self.search["places"] = n, size
        self._load_tickets(problem)
        self._load_places(problem, above)
        self._load_arcs(problem)
        self._view()

    def apply(
        self,
        event: Event,
        subject: int = 0,
        other: int = 0,
        number: float = 0.0,
        ids: Int64 = NO_INTEGERS,
        values: Float64 = NO_FLOATS,
        starts: Int64 = NO_INTEGERS,
        holds: Float64 = NO_FLOATS,
        made: Int64 = NO_INTEGERS,
    ) -> int:
        """Have the kernel apply an event, making room as often as it asks for it; returns its `Code`."""
        number_of_event = int(event)  # Numba is slow to look at an enum
        while True:
            code = apply_event(number_of_event, subject, other, number, ids, values, starts, holds, made, *self._arrays)
            if code == Code.DONE or code > Code.COLUMNS_FULL:
                return code
            self._make_room(code)
            if event == Event.ADD_TICKETS:
                other = int(self.search[0]["step"])

    def in_use(self) -> Rows:
        """The records that stand for tickets, experts and limits."""
        tickets = self.tickets[: self.search[0]["tickets"]]
        parent = self.places["parent"][: self.search[0]["places"]]
        return Rows(
            np.flatnonzero(tickets["place"] != FREE),
            np.flatnonzero(parent == NOBODY),
            np.flatnonzero(parent >= 0),
        )

    def points_at(self, places: Int64) -> Float64:
        """The points, without shift, of each ticket's arc to a place: ``(tickets,)``; 0 where there is none."""
        start, count = self.tickets["start"][: len(places)], self.tickets["count"][: len(places)]
        arcs, ticket = self.rows[_ranges(start, count)], np.repeat(np.arange(len(places)), count)
        chosen = arcs["other"] == places[ticket]
        points = np.zeros(len(places))
        points[ticket[chosen]] = arcs["points"][chosen]
        return points

    def inside(self, place: int) -> list[int]:
        """A place and the limits inside it."""
        found = [place]
        while (after := next_inside(self.places, place, found[-1])) >= 0:
            found.append(after)
        return found

    def greatest_offer(self, place: int) -> float:
        """No ticket would pay more for a unit at a place or inside it; −inf: nobody would pay anything.

        Rounded up, since it serves as the price of a limit without room, which nothing but this must satisfy.
        """
        blocks = self.places[self.inside(place)]
        arcs = self.columns[_ranges(blocks["start"], blocks["count"])]
        tickets = self.tickets[arcs["other"]]
        known = tickets["place"] != UNPLACED
        points, value = (arcs["points"] + tickets["shift"])[known], tickets["value"][known]
        rounding = ROUNDING * (np.abs(points) + np.abs(value))
        return float(((points - value) + rounding).max(initial=-np.inf))

    def problem(self, used: Rows) -> Problem:
        """The problem at present."""
        tickets, places = self.tickets[used.tickets], self.places
        number = np.full(len(places), -1, np.int64)
        number[used.experts] = np.arange(len(used.experts))
        number[used.limits] = np.arange(len(used.limits))
        arcs = self.rows[_ranges(tickets["start"], tickets["count"])]
        ticket = np.repeat(np.arange(len(tickets)), tickets["count"])
        entry = arcs["other"]
        inner = places["parent"][entry] >= 0
        limits = None
        if len(used.limits):
            around = places["parent"][used.limits]
            limits = Limits(
                of_arc=np.where(inner, number[entry], -1).astype(np.int32),
                bound=places["bound"][used.limits],
                parent=np.where(places["parent"][around] >= 0, number[around], -1).astype(np.int32),
            )
        return Problem.from_arcs(
            len(tickets),
            len(used.experts),
            ticket,
            number[places["owner"][entry]],
            arcs["points"] + tickets["shift"][ticket],
            capacity=places["bound"][used.experts],
            hold=tickets["hold"].copy(),
            slot_cost=self.slot_cost[used.experts],
            limits=limits,
        )

    def handles(self, used: Rows) -> Handles:
        """The handles of these records."""
        return Handles(
            self.tickets["handle"][used.tickets],
            self.places["handle"][used.experts],
            self.places["handle"][used.limits],
        )

    def widen_slots(self, slots: int) -> None:
        """Make room for so many different slot costs an expert."""
        more = slots - self.slot_cost.shape[1]
        if more > 0:
            self.slot_cost = np.pad(self.slot_cost, ((0, 0), (0, more)), mode="edge")
            self._view()

    def __getstate__(self) -> dict[str, Any]:
        """Without the views, which a copy must have on its own arrays."""
        return {name: value for name, value in vars(self).items() if name != "_arrays"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._view()

    def _load_tickets(self, problem: Problem) -> None:
        n = problem.n_tickets
        tickets = self.tickets[:n]
        tickets["place"] = HELD
        tickets["hold"] = problem.hold
        tickets["handle"] = np.arange(n)
        tickets["start"] = problem.indptr[:-1]
        tickets["count"] = tickets["space"] = np.diff(problem.indptr)

    def _load_places(self, problem: Problem, above: Int64) -> None:
        m, size = problem.n_experts, problem.n_experts + len(above)
        places = self.places[:size]
        places["handle"] = np.arange(size)
        for name in ("first_child", "sibling", "seats"):
            places[name] = NOBODY
        places["parent"][:m] = NOBODY
        places["owner"][:m] = np.arange(m)
        places["bound"][:m] = problem.capacity
        if problem.limits is None:
            return
        places["bound"][m:] = problem.limits.bound
        for limit in np.flatnonzero(above >= 0) + m:
            around = above[limit - m]
            places[limit]["parent"] = around
            places[limit]["sibling"] = places[around]["first_child"]
            places[around]["first_child"] = limit
            while around >= m:
                around = above[around - m]
            places[limit]["owner"] = around
        places["handle"][m:][above < 0] = -1

    def _load_arcs(self, problem: Problem) -> None:
        entry = entry_nodes(problem)
        order = np.argsort(entry, kind="stable")
        count = np.bincount(entry, minlength=len(self.places))
        self.places["count"] = self.places["space"] = count
        self.places["start"] = np.cumsum(count) - count
        self.rows, self.columns = np.zeros(len(entry), ARC), np.zeros(len(entry), ARC)
        self.rows["points"], self.rows["other"] = problem.points, entry
        self.rows["twin"][order] = np.arange(len(entry))
        self.columns["points"], self.columns["other"] = problem.points[order], problem.ticket[order]
        self.columns["twin"] = order
        self.search["rows"] = self.search["columns"] = len(entry)

    def _make_room(self, code: int) -> None:
        if code == Code.TICKETS_FULL:
            self.tickets = np.concatenate([self.tickets, _new_tickets(len(self.tickets))])
        elif code == Code.PLACES_FULL:
            self.places = np.concatenate([self.places, _new_places(len(self.places))])
            self.slot_cost = np.concatenate([self.slot_cost, np.zeros_like(self.slot_cost)])
            self.heap = _new_heap(len(self.places))
        elif code == Code.ROWS_FULL:
            self.rows, end = _packed(self.tickets, self.rows, self.columns, int(self.search[0]["need"]))
            self.search["rows"] = end
        else:
            self.columns, end = _packed(self.places, self.columns, self.rows, int(self.search[0]["need"]))
            self.search["columns"] = end
        self._view()

    def _view(self) -> None:
        """The arrays as the kernel takes them."""
        self._arrays = (
            self.tickets.view(np.uint8),
            self.places.view(np.uint8),
            self.rows.view(np.uint8),
            self.columns.view(np.uint8),
            self.slot_cost,
            self.heap.view(np.uint8),
            self.search.view(np.uint8),
        )


def _new_tickets(count: int) -> Records:
    tickets = np.zeros(count, TICKET)
    tickets["place"] = FREE
    tickets["value"] = np.inf
    tickets["handle"] = -1
    return tickets


def _new_places(count: int) -> Records:
    places = np.zeros(count, PLACE)
    places["parent"] = FREE
    places["distance"] = places["room"] = np.inf
    places["last"] = -np.inf
    places["handle"] = -1
    return places


def _new_heap(count: int) -> Records:
    heap = np.zeros(count, HEAP)
    heap["place"] = -1
    return heap


def _packed(owners: Records, arcs: Records, twins: Records, need: int) -> tuple[Records, int]:
    """The blocks of arcs side by side, each with some space, in an array twice as long as that and `need` takes.

    Half the array is free afterwards, so that packing costs each new arc a constant time on average.
    """
    live = np.flatnonzero(owners["count"])
    start, count = owners["start"][live], owners["count"][live]
    space = count + count // 2 + 2
    end = int(space.sum())
    packed = np.zeros(max(SMALLEST, 2 * (end + need)), ARC)
    source = _ranges(start, count)
    target = _ranges(np.cumsum(space) - space, count)
    packed[target] = arcs[source]
    twins["twin"][packed["twin"][target]] = target
    owners["space"] = 0
    owners["start"][live] = np.cumsum(space) - space
    owners["space"][live] = space
    return packed, end


def _ranges(start: NDArray[Any], count: NDArray[Any]) -> Int64:
    """``start[0], …, start[0] + count[0] − 1, start[1], …``"""
    ends = np.cumsum(count, dtype=np.int64)
    entries: Int64 = np.arange(ends[-1] if len(ends) else 0) + np.repeat(start - (ends - count), count)
    return entries
