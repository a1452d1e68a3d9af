"""`Matcher`: the optimum of an assignment problem, kept alive while tickets and experts come and go."""

from __future__ import annotations

import math
import operator
import time
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.errors import BackendError, ProblemError, UnknownIdError

from .backends.answer import without_answer
from .backends.protocol import Capability, capability_names, needs
from .bound import limit_sums
from .certificate import certify
from .evaluation import arcs_chosen, evaluate
from .incremental.records import FREE, HELD, UNPLACED, Code, Event, where
from .incremental.storage import NO_FLOATS, NO_INTEGERS, Handles, Rows, Storage
from .network import entry_nodes
from .problem import LARGEST, Problem
from .residual import polish
from .solution import Solution, Status
from .solving import solve

__all__ = ["Handles", "Matcher"]

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

_CAPABILITIES = Capability.CAPACITIES | Capability.SLOT_COSTS | Capability.LIMITS | Capability.MUST_ASSIGN
_LARGEST_HANDLE = int(np.iinfo(np.int64).max)
_INT32_MAX = int(np.iinfo(np.int32).max)


class Matcher:
    """The best assignment at every moment, restored after each event by one or two shortest paths.

    Tickets, experts and limits have *handles*: integers that stay as they are while others come and go, and
    that are never given out again. Those of the problem's tickets are 0, 1, …; those of its experts are
    0, 1, …, and its limits go on counting after the experts.

    Every event leaves the assignment exactly optimal, with prices that prove it (complementary slackness).
    An arriving ticket looks for room along a shortest augmenting path, the unit that a leaving one frees looks
    for its best use along another, and a change of one ticket is the two in one; a capacity that changes by k
    takes up to k paths (Toroslu & Üçoluk 2007, *Incremental assignment problem*; Mills-Tettey, Stentz & Dias
    2007, *The dynamic Hungarian algorithm for the assignment problem with changing costs*). Each path is one
    run of Dijkstra's method on reduced costs, which stops where no path can be shorter. What prices gather in
    rounding errors is shed by making them anew from the points about every thousand paths.

    A ticket with hold −inf must be assigned. Where not all such tickets can be, `status` is INFEASIBLE; the
    other tickets are kept in the best assignment that there would be without the *unplaced* ones, and these
    come in as soon as there is room.

    Events raise before they change anything. An object is not safe to use from several threads at once.

    Parameters
    ----------
    problem : the problem to start from; it may be empty. It is solved by `deskmatch.solver.solve`.

    Raises
    ------
    BackendError
        On problems with usage, side rows or extra columns, which are no networks.

    Examples
    --------
    >>> from deskmatch.solver import Matcher, Problem
    >>> matcher = Matcher(Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0]))
    >>> matcher.expert_of(1), matcher.expert_of(0), matcher.objective
    (0, None, 5.0)
    >>> expert = matcher.add_expert([0], [2.0])
    >>> matcher.expert_of(0) == expert, matcher.objective
    (True, 7.0)
    >>> matcher.remove_ticket(1)
    >>> matcher.expert_of(0), matcher.objective
    (0, 3.0)
    """

    def __init__(self, problem: Problem) -> None:
        missing = needs(problem) & ~_CAPABILITIES
        if missing:
            raise BackendError(f"Matcher cannot take {capability_names(missing)}; solve each epoch instead")
        self._storage = Storage(problem)
        self._stale = False
        self._start(problem)

    def _start(self, problem: Problem) -> None:
        solution = solve(problem)
        if solution.status is Status.OPTIMAL:
            self._adopt(problem, solution, np.arange(int(self._storage.search[0]["places"])))
            return
        storage = self._storage
        size = int(storage.search[0]["places"])
        prices = storage.slot_cost[storage.places["owner"][:size], 0]
        nobody = np.full(problem.n_tickets, UNPLACED, np.int64)
        storage.apply(Event.ADOPT, ids=nobody, values=np.zeros(len(nobody)), holds=prices)
        self._stale = True

    # Tickets.

    def add_ticket(self, experts: ArrayLike, points: ArrayLike, *, hold: float = 0.0) -> int:
        """Add a ticket; returns its handle.

        Parameters
        ----------
        experts : ``(arcs,)`` handles of the experts that may serve it, each once, in any order. The handle of
            a limit stands for an arc to its expert that counts against the limit and those around it.
        points : ``(arcs,)`` or a number.
        hold : points for leaving it waiting: finite, or −inf: it must be assigned.

        Raises
        ------
        UnknownIdError
            On handles that no expert or limit has.
        ProblemError
            On nan, values above 1e150, two arcs to one expert.
        """
        ids = _handles("experts", experts)
        starts = np.array((0, len(ids)), np.int64)
        return int(self._add_tickets(starts, ids, points, np.array((hold,), np.float64))[0])

    def add_tickets(self, indptr: ArrayLike, experts: ArrayLike, points: ArrayLike, *, hold: ArrayLike = 0.0) -> Int64:
        """Add tickets; returns their handles, ``(tickets,)``.

        Parameters
        ----------
        indptr : ``(tickets + 1,)`` the arcs of ticket t are ``indptr[t]:indptr[t + 1]``.
        experts, points : ``(arcs,)`` as in `add_ticket`.
        hold : ``(tickets,)`` or a number.

        Raises
        ------
        UnknownIdError, ProblemError
            As `add_ticket`, also on offsets that fall or do not fit the arcs; no ticket is added then.
        """
        starts, ids = _handles("indptr", indptr), _handles("experts", experts)
        if len(starts) < 1 or starts[0] != 0 or starts[-1] != len(ids) or (np.diff(starts) < 0).any():
            raise ProblemError(f"indptr: expected nondecreasing offsets from 0 to the {len(ids)} arcs")
        return self._add_tickets(starts, ids, points, _floats("hold", hold, len(starts) - 1))

    def _add_tickets(self, starts: Int64, ids: Int64, points: ArrayLike, holds: Float64) -> Int64:
        _refuse("hold", holds, (np.abs(holds) <= LARGEST) | (holds == -np.inf), "or −inf")
        values = _floats("points", points, len(ids))
        made = np.empty(len(holds), np.int64)
        self._apply(Event.ADD_TICKETS, ids=ids, values=values, starts=starts, holds=holds, made=made)
        return made

    def remove_ticket(self, ticket: int) -> None:
        """Remove a ticket: it has been served, or has gone.

        Raises
        ------
        UnknownIdError
            Where no ticket has this handle, or none any more.
        """
        self._apply(Event.REMOVE_TICKETS, ids=np.array((_handle(ticket),), np.int64))

    def remove_tickets(self, tickets: ArrayLike) -> None:
        """Remove tickets, ``(k,)`` handles; none of them where one is unknown or occurs twice."""
        self._apply(Event.REMOVE_TICKETS, ids=_handles("tickets", tickets))

    def set_hold(self, ticket: int, hold: float) -> None:
        """Change what leaving a ticket waiting is worth: finite, or −inf: it must be assigned."""
        if not (abs(hold) <= LARGEST or hold == -math.inf):
            raise ProblemError(f"hold: found {hold}; expected magnitude at most {LARGEST:g}, or −inf")
        self._apply(Event.SET_HOLD, _handle(ticket), number=hold)

    def shift_tickets(self, amounts: ArrayLike, tickets: ArrayLike | None = None) -> None:
        """Add an amount to the points of all arcs of each ticket, while its hold stays as it is.

        For what grows with waiting alone: being served gains, whoever serves, against being held. No arc is
        touched, and an assigned ticket moves only if it had rather be held.

        Parameters
        ----------
        amounts : a number, or one for each of `tickets`; may be negative.
        tickets : ``(k,)`` handles, each once; None: all tickets, by the same amount.

        Raises
        ------
        UnknownIdError, ProblemError
            On unknown handles, handles that occur twice, amounts that are nan or carry points over 1e150;
            nothing is shifted then.
        """
        ids = NO_INTEGERS if tickets is None else _handles("tickets", tickets)
        values = _floats("amounts", amounts, 1 if tickets is None else len(ids))
        _refuse("amounts", values, np.abs(values) <= LARGEST)
        self._apply(Event.SHIFT, other=1 if tickets is None else 0, ids=ids, values=values)

    # Arcs.

    def set_points(self, ticket: int, expert: int, points: float | None) -> None:
        """Change the points of an arc, add it where there is none, or remove it where `points` is None.

        Parameters
        ----------
        ticket : its handle.
        expert : the expert's handle, or that of one of its limits: the arc counts against that one then, also
            if it did not so far.
        points : without what `shift_tickets` has added. None: the ticket may no longer go to this expert.

        Raises
        ------
        UnknownIdError
            On unknown handles, or where an arc to be removed does not exist.
        ProblemError
            On nan or values above 1e150.
        """
        if points is None:
            self._apply(Event.REMOVE_ARC, _handle(ticket), _handle(expert))
        else:
            self._apply(Event.SET_POINTS, _handle(ticket), _handle(expert), number=float(points))

    # Experts and limits.

    def add_expert(
        self,
        tickets: ArrayLike = (),
        points: ArrayLike = 0.0,
        *,
        capacity: int = 1,
        slot_cost: ArrayLike | None = None,
    ) -> int:
        """Add an expert; returns its handle.

        Parameters
        ----------
        tickets : ``(arcs,)`` handles of the tickets that it may serve, each once.
        points : ``(arcs,)`` or a number; without what `shift_tickets` has added to the tickets.
        capacity : most tickets, ≥ 0.
        slot_cost : the costs of its units, nondecreasing, the last one going on; None: they cost nothing.

        Raises
        ------
        UnknownIdError
            On handles that no ticket has.
        ProblemError
            On nan, values above 1e150, two arcs of one ticket, a negative capacity, costs that fall.
        """
        ids = _handles("tickets", tickets)
        costs = self._costs(slot_cost)
        made = np.empty(1, np.int64)
        values = _floats("points", points, len(ids))
        other = _capacity(capacity)
        self._apply(Event.ADD_EXPERT, other=other, ids=ids, values=values, holds=costs, made=made)
        return int(made[0])

    def remove_expert(self, expert: int) -> None:
        """Remove an expert, its limits, and all arcs to it; its tickets go elsewhere or are held."""
        self._apply(Event.REMOVE_EXPERT, _handle(expert))

    def add_limit(self, around: int, bound: int) -> int:
        """Add a limit inside an expert or another limit; returns its handle, to be named by arcs.

        Parameters
        ----------
        around : handle of the expert, or of the limit around it.
        bound : the most tickets on the arcs of this limit and of the limits inside it.
        """
        made = np.empty(1, np.int64)
        self._apply(Event.ADD_LIMIT, _handle(around), _capacity(bound), made=made)
        return int(made[0])

    def set_capacity(self, expert: int, capacity: int) -> None:
        """Change the capacity of an expert, or the bound of a limit whose handle is given."""
        self._apply(Event.SET_BOUND, _handle(expert), _capacity(capacity))

    def set_slot_cost(self, expert: int, slot_cost: ArrayLike | None) -> None:
        """Change the costs of an expert's units; see `add_expert`."""
        self._apply(Event.SET_SLOT_COST, _handle(expert), values=self._costs(slot_cost))

    def _costs(self, slot_cost: ArrayLike | None) -> Float64:
        costs = np.atleast_1d(np.asarray(0.0 if slot_cost is None else slot_cost, np.float64))
        if costs.ndim != 1 or not len(costs):
            raise ProblemError("slot_cost: expected the costs of an expert's units, at least one")
        _refuse("slot_cost", costs, np.abs(costs) <= LARGEST)
        if (np.diff(costs) < 0).any():
            raise ProblemError("slot_cost: expected nondecreasing costs (convex)")
        self._storage.widen_slots(len(costs))
        return costs

    # What is known.

    @property
    def tickets(self) -> Int64:
        """``(tickets,)`` the handles of all tickets."""
        return self._storage.handles(self._storage.in_use()).tickets

    @property
    def experts(self) -> Int64:
        """``(experts,)`` the handles of all experts."""
        return self._storage.handles(self._storage.in_use()).experts

    @property
    def limits(self) -> Int64:
        """``(limits,)`` the handles of all limits."""
        return self._storage.handles(self._storage.in_use()).limits

    @property
    def status(self) -> Status:
        """OPTIMAL, or INFEASIBLE where not all tickets that must be assigned can be."""
        self._settle()
        return Status.INFEASIBLE if self._storage.search[0]["unplaced"] else Status.OPTIMAL

    @property
    def objective(self) -> float | None:
        """Total points, correctly rounded from the points, holds and slot costs; None where infeasible."""
        if self.status is Status.INFEASIBLE:
            return None
        used = self._storage.in_use()
        tickets = self._storage.tickets[used.tickets]
        served = tickets[tickets["place"] >= 0]
        terms = (served["points"] + served["shift"]).tolist()
        terms += tickets["hold"][tickets["place"] == HELD].tolist()
        units = self._storage.places["used"][used.experts]
        for slot, costs in enumerate(self._storage.slot_cost[used.experts].T):
            last = slot + 1 == self._storage.slot_cost.shape[1]
            paid = np.repeat(costs, np.maximum(units - slot, 0) if last else units > slot)
            terms += (-paid[paid != 0]).tolist()
        return math.fsum(terms)

    @property
    def unplaced(self) -> Int64:
        """``(k,)`` tickets that must be assigned and are not; none where the status is OPTIMAL."""
        self._settle()
        tickets = self._storage.tickets
        return np.asarray(tickets["handle"][tickets["place"] == UNPLACED])

    @property
    def violator(self) -> Int64:
        """``(k,)`` an inclusion-minimal set of tickets that must be assigned and cannot all be (Hall 1935).

        Empty where the status is OPTIMAL.
        """
        if self.status is Status.OPTIMAL:
            return np.zeros(0, np.int64)
        tickets = self._storage.tickets
        return np.asarray(tickets["handle"][tickets["reached"] == 1])

    def expert_of(self, ticket: int) -> int | None:
        """The handle of the ticket's expert, None: it is held, or `unplaced`."""
        self._settle()
        place = int(self._storage.tickets[self._ticket(ticket)]["place"])
        if place < 0:
            return None
        places = self._storage.places
        return int(places[places[place]["owner"]]["handle"])

    def tickets_of(self, expert: int) -> Int64:
        """``(k,)`` the handles of the tickets that an expert has, or those that count against a limit."""
        self._settle()
        here = self._storage.inside(self._place(expert))
        tickets = self._storage.tickets
        return np.asarray(tickets["handle"][np.isin(tickets["place"], here)])

    def price(self, expert: int) -> float:
        """A dual price of one unit of an expert, or of one unit of the bound of a limit (≥ 0).

        Prices are not unique; this is the one that the proof uses. It lies between what one unit less would
        cost and what one more would bring.
        """
        self._settle()
        return self._price(self._place(expert))

    def ticket_price(self, ticket: int) -> float:
        """A dual price of a ticket: the most that it can get at the prices of experts and limits.

        −inf for one that is `unplaced` and can go nowhere.
        """
        self._settle()
        record = self._storage.tickets[self._ticket(ticket)]
        return -math.inf if record["place"] == UNPLACED else float(record["value"])

    def snapshot(self) -> tuple[Problem, Solution, Handles]:
        """The problem at present, its solution with prices, and the handles of rows, columns and limits.

        `certify` proves the solution optimal, or infeasible. This is checked here; should rounding have left a
        gap all the same, the assignment is polished (`deskmatch.solver.residual`) and kept so. The prices are
        the least that prove the assignment, so that they do not depend on how it came about.
        """
        started = time.perf_counter()
        self._settle()
        self._storage.apply(Event.RENEW_PRICES)
        used = self._storage.in_use()
        problem = self._storage.problem(used)
        solution = self._solution(problem, used)
        if solution.status is Status.OPTIMAL and not certify(problem, solution).optimal:
            solution = self._polished(problem, solution)
        solution = replace(solution, elapsed_s=time.perf_counter() - started)
        return problem, solution, self._storage.handles(used)

    def __repr__(self) -> str:
        used = self._storage.in_use()
        return f"Matcher({len(used.tickets)} tickets, {len(used.experts)} experts, {self.status})"

    def _solution(self, problem: Problem, used: Rows) -> Solution:
        """The assignment and the prices as they are."""
        tickets, places = self._storage.tickets[used.tickets], self._storage.places
        if self.status is Status.INFEASIBLE:
            violator = np.flatnonzero(tickets["reached"] == 1)
            return without_answer(problem, violator.astype(np.int32), method="matcher")
        seated = tickets["place"] >= 0
        expert_of = np.full(problem.n_tickets, -1, np.int32)
        owner = places["owner"][tickets["place"][seated]]
        expert_of[seated] = np.searchsorted(used.experts, owner)
        objective = self.objective
        return Solution(
            expert_of=expert_of,
            objective=objective,
            status=Status.OPTIMAL,
            method="matcher",
            ticket_price=tickets["value"].copy(),
            expert_price=self._prices(used.experts),
            limit_price=None if problem.limits is None else self._prices(used.limits),
            claimed_bound=objective,
        )

    def _polished(self, problem: Problem, solution: Solution) -> Solution:
        """The assignment after cancelling every circuit that rounding has left profitable; it is kept."""
        polished = polish(problem, solution.expert_of)
        solution = replace(
            solution,
            expert_of=polished.expert_of,
            objective=evaluate(problem, polished.expert_of),
            ticket_price=polished.ticket_price,
            expert_price=polished.expert_price,
            limit_price=polished.limit_price,
            message=f"{polished.repairs} circuits repaired the rounding of prices",
        )
        used = self._storage.in_use()
        self._adopt(problem, solution, np.concatenate([used.experts, used.limits]))
        certificate = certify(problem, solution)
        status = Status.OPTIMAL if certificate.optimal else Status.FEASIBLE
        return replace(solution, status=status, claimed_bound=certificate.proven_bound)

    def _adopt(self, problem: Problem, solution: Solution, nodes: Int64) -> None:
        """Take over a solution of the problem at present, and make the prices anew from it.

        `nodes` are the places of the problem's experts, then of its limits.
        """
        storage = self._storage
        entry = nodes[entry_nodes(problem)]
        arcs = arcs_chosen(problem, solution.expert_of)
        places = np.full(int(storage.search[0]["tickets"]), FREE, np.int64)
        places[storage.in_use().tickets] = np.where(arcs >= 0, entry[arcs] if len(entry) else HELD, HELD)
        prices = np.zeros(int(storage.search[0]["places"]))
        experts, limits = nodes[: problem.n_experts], nodes[problem.n_experts :]
        prices[experts] = solution.expert_price
        if problem.limits is not None and solution.limit_price is not None:
            around = limit_sums(problem.limits, solution.limit_price)
            prices[limits] = prices[storage.places["owner"][limits]] + around
        storage.apply(Event.ADOPT, ids=places, values=storage.points_at(places), holds=prices)

    def _apply(
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
    ) -> None:
        """Apply an event, or say what is wrong with it."""
        code = self._storage.apply(event, subject, other, number, ids, values, starts, holds, made)
        self._stale = True
        if code != Code.DONE:
            raise self._error(event, code, subject, other, ids, values)

    def _settle(self) -> None:
        """Bring in what unplaced tickets have found room since the last event."""
        if self._stale and self._storage.search[0]["unplaced"]:
            self._storage.apply(Event.PLACE_UNPLACED)
        self._stale = False

    def _ticket(self, handle: int) -> int:
        storage = self._storage
        ticket = where(storage.tickets, storage.search[0]["tickets"], _handle(handle))
        if ticket < 0:
            raise UnknownIdError(_UNKNOWN_TICKET.format(handle))
        return ticket

    def _place(self, handle: int) -> int:
        storage = self._storage
        place = where(storage.places, storage.search[0]["places"], _handle(handle))
        if place < 0:
            raise UnknownIdError(_UNKNOWN_PLACE.format(handle))
        return place

    def _prices(self, places: Int64) -> Float64:
        return np.array([self._price(int(place)) for place in places], np.float64)

    def _price(self, place: int) -> float:
        """The price of an expert's unit, or by how much that of a limit is above the one around it.

        Where there is no room, the kernel knows no price: the least that keeps every ticket away.
        """
        places = self._storage.places
        price, above = float(places[place]["price"]), int(places[place]["parent"])
        if above >= 0 and places[place]["used"] < places[place]["bound"]:
            return 0.0
        around = 0.0 if above < 0 else float(places[above]["price"])
        if around == math.inf:
            return 0.0
        if price == math.inf:
            price = max(
                self._storage.greatest_offer(place), self._storage.slot_cost[place, 0] if above < 0 else -math.inf
            )
        return price if above < 0 else max(0.0, price - around)

    def _error(
        self, event: Event, code: int, subject: int, other: int, ids: Int64, values: Float64
    ) -> UnknownIdError | ProblemError:
        """What the kernel refused, in words."""
        wrong = int(self._storage.search[0]["wrong"])
        bulk = event in (Event.ADD_TICKETS, Event.REMOVE_TICKETS, Event.ADD_EXPERT, Event.SHIFT)
        named = int(ids[wrong]) if bulk and len(ids) else subject
        if code == Code.UNKNOWN_TICKET:
            return UnknownIdError(_UNKNOWN_TICKET.format(named))
        if code == Code.UNKNOWN_PLACE:
            on_arc = event in (Event.SET_POINTS, Event.REMOVE_ARC)
            return UnknownIdError(_UNKNOWN_PLACE.format(other if on_arc else named))
        if code == Code.NOT_AN_EXPERT:
            return UnknownIdError(f"{subject} is the handle of a limit; expected that of an expert")
        if code == Code.NO_ARC:
            return UnknownIdError(f"ticket {subject} has no arc to expert {other}")
        if code == Code.DUPLICATE:
            kind = "expert" if event == Event.ADD_TICKETS else "ticket"
            return ProblemError(f"{kind}s[{wrong}]: {kind} {named} occurs twice; expected once each")
        found = "" if event == Event.SET_POINTS else f"[{wrong if len(values) > 1 else 0}]"
        name = "amounts" if event == Event.SHIFT else "points"
        limit = "expected finite points of magnitude at most"
        return ProblemError(f"{name}{found}: {limit} {LARGEST:g}, the ticket's shift included")


_UNKNOWN_TICKET = "no ticket has the handle {}, or none has it any more"
_UNKNOWN_PLACE = "no expert or limit has the handle {}, or none has it any more"


def _handle(value: int) -> int:
    """A handle as an int that fits the kernel; what can be none becomes −1."""
    try:
        handle = operator.index(value)
    except TypeError:
        raise UnknownIdError(f"found {value!r}; expected a handle, which is an integer") from None
    return handle if 0 <= handle <= _LARGEST_HANDLE else -1


def _handles(name: str, values: ArrayLike) -> Int64:
    array = np.asarray(values)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and len(array)):
        raise ProblemError(f"{name}: expected integers in one dimension, found {array.dtype}, {array.ndim}-d")
    return np.ascontiguousarray(array, np.int64)


def _floats(name: str, values: ArrayLike, count: int) -> Float64:
    try:
        array = np.ascontiguousarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise ProblemError(f"{name}: expected numbers ({error})") from None
    if np.ndim(values) == 0:
        return np.full(count, float(array[0]))
    if array.shape != (count,):
        raise ProblemError(f"{name}: expected a number or shape ({count},), got shape {array.shape}")
    return array


def _capacity(value: int) -> int:
    try:
        capacity = operator.index(value)
    except TypeError:
        capacity = -1
    if capacity < 0:
        raise ProblemError(f"capacity: found {value!r}; expected an integer ≥ 0")
    return min(capacity, _INT32_MAX)


def _refuse(name: str, values: Float64, fits: NDArray[np.bool_], more: str = "") -> None:
    if not fits.all():
        wrong = int(np.argmin(fits))
        expected = f"expected a finite number of magnitude at most {LARGEST:g}{more}"
        raise ProblemError(f"{name}[{wrong}]: found {values[wrong]}; {expected}")
