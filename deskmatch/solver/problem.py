"""`Problem`: the assignment problem itself, as arrays; rows are tickets, columns are experts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.errors import ProblemError
from deskmatch.frozen import Frozen, read_only

from .arranging import arrange, order_of
from .checking import LARGEST, broadcast, count, floats, integers, numbers, refuse
from .side import Side

__all__ = ["LARGEST", "Limits", "Problem"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Limits(Frozen):
    """Nested limits on subsets of an expert's arcs, such as a channel's limit inside the expert's total.

    Each limit belongs to one expert, and the limits of an expert are nested or disjoint (a forest), so that a
    problem with limits is still a network.

    Parameters
    ----------
    of_arc : ``(arcs,)`` the innermost limit that an arc counts against, −1: only the expert's capacity.
    bound : ``(limits,)`` the most tickets that may be assigned on the arcs of this limit and of the limits
        inside it.
    parent : ``(limits,)`` the limit around this one, −1: the expert's capacity. Default: no limit is inside
        another.

    Raises
    ------
    ProblemError
        On shapes that disagree, negative bounds, parents that are out of range or form a cycle.
    """

    of_arc: Int32
    bound: Int32
    parent: Int32 = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        bound = integers("limits.bound", self.bound)
        count = len(bound)
        given: object = self.parent
        parent = np.full(count, -1) if given is None else given
        self._set(
            of_arc=integers("limits.of_arc", self.of_arc),
            bound=bound,
            parent=integers("limits.parent", parent, shape=(count,)),
        )
        refuse("limits.bound", bound, bound < 0, "an integer ≥ 0")
        for name, index in (("limits.of_arc", self.of_arc), ("limits.parent", self.parent)):
            refuse(name, index, (index < -1) | (index >= count), f"a limit from 0 to {count - 1}, or −1 for none")
        above = self.parent
        for _ in range(count):
            if (above < 0).all():
                return
            above = np.where(above < 0, -1, self.parent[above]).astype(np.int32)
        if (above >= 0).any():
            raise ProblemError(f"limits.parent: limit {int(np.argmax(above >= 0))} lies inside itself")

    @classmethod
    def from_sets(cls, n_arcs: int, sets: Sequence[tuple[ArrayLike, int]]) -> Limits:
        """Limits from ``(arcs, bound)`` pairs: at most `bound` of the arcs with these indices.

        Any two sets must be disjoint or one inside the other; a convenience for problems made by hand, since
        it takes time quadratic in the number of sets that share arcs.
        """
        masks = np.zeros((len(sets), n_arcs), dtype=bool)
        for k, (mask, (arcs, _)) in enumerate(zip(masks, sets, strict=True)):
            index = integers(f"limits: arcs of set {k}", arcs)
            refuse(f"limits: arcs of set {k}", index, (index < 0) | (index >= n_arcs), f"an arc from 0 to {n_arcs - 1}")
            mask[index] = True
        order = np.argsort(-masks.sum(axis=1), kind="stable")
        of_arc = np.full(n_arcs, -1, dtype=np.int32)
        parent = np.full(len(sets), -1, dtype=np.int32)
        for limit in order:
            around = np.unique(of_arc[masks[limit]])
            if len(around) > 1:
                raise ProblemError(f"limits: set {int(limit)} is neither inside nor apart from set {int(around[-1])}")
            if len(around):
                parent[limit] = around[0]
            of_arc[masks[limit]] = limit
        return cls(of_arc=of_arc, bound=np.array([bound for _, bound in sets]), parent=parent)  # checked by the class


@dataclass(frozen=True, slots=True, eq=False)
class Problem(Frozen):
    """Assign tickets to experts, or hold them, for the most points.

    maximise  Σ points of the chosen arcs + Σ hold of the tickets held − Σ slot costs of the experts' units

    subject to: each ticket takes at most one arc (exactly one where its hold is −inf), expert j takes at most
    ``capacity[j]`` units, and no limit is exceeded. The s-th unit of expert j (s = 0, 1, …) costs
    ``slot_cost[j, min(s, slots − 1)]``. An arc takes ``usage`` units of its expert and of the limits around
    it, one unless said otherwise. Rows over arcs and continuous columns beside them come with `side`.

    Without `usage` and `side` this is a network, which has an integral optimum that prices prove.

    Use `Problem.from_arcs`; the constructor takes arcs that are already sorted by ticket, then expert.

    Parameters
    ----------
    n_tickets, n_experts : numbers of rows and columns.
    indptr : ``(tickets + 1,)`` the arcs of ticket i are ``indptr[i]:indptr[i + 1]``.
    expert : ``(arcs,)`` the expert of each arc, strictly increasing within a ticket.
    points : ``(arcs,)`` finite; may be negative.
    capacity : ``(experts,)`` most units, ≥ 0.
    hold : ``(tickets,)`` points for leaving the ticket waiting: finite, or −inf: it must be assigned.
    slot_cost : ``(experts, slots)`` nondecreasing along each row; the last column goes on for all further
        units.
    limits : nested limits on subsets of an expert's arcs, or None.
    usage : ``(arcs,)`` units that an arc takes, ≥ 1; None: one each (all ones become None).
    side : rows over arcs and extra columns, or None.

    Raises
    ------
    ProblemError
        Names the array, the index and what would be accepted: nan or infinite points, duplicate arcs, indices
        out of range, negative capacities, slot costs that fall, magnitudes above 1e150.
    """

    n_tickets: int
    n_experts: int
    indptr: Int32
    expert: Int32
    points: Float64
    capacity: Int32
    hold: Float64
    slot_cost: Float64
    limits: Limits | None = None
    usage: Int32 | None = None
    side: Side | None = None
    ticket: Int32 = field(init=False)
    """``(arcs,)`` the ticket of each arc (derived)."""
    degree: Int32 = field(init=False)
    """``(experts,)`` the number of arcs of each expert (derived)."""

    def __post_init__(self) -> None:
        n, m = count("n_tickets", self.n_tickets), count("n_experts", self.n_experts)
        indptr = integers("indptr", self.indptr, shape=(n + 1,))
        expert = integers("expert", self.expert)
        if indptr[0] != 0 or indptr[-1] != len(expert) or (np.diff(indptr) < 0).any():
            raise ProblemError(f"indptr: expected nondecreasing offsets from 0 to the {len(expert)} arcs")
        ticket = np.repeat(np.arange(n, dtype=np.int32), np.diff(indptr))
        ticket.flags.writeable = False
        self._set(
            n_tickets=n,
            n_experts=m,
            indptr=indptr,
            expert=expert,
            ticket=ticket,
            points=floats("points", self.points, shape=(len(expert),)),
            capacity=integers("capacity", self.capacity, shape=(m,)),
            hold=floats("hold", self.hold, shape=(n,)),
            slot_cost=floats("slot_cost", self.slot_cost),
            usage=_usage(self.usage, len(expert)),
            side=None if self.side is None or self.side.n_rows + self.side.n_extra == 0 else self.side,
        )
        self._check()
        self._set(degree=read_only(np.bincount(expert, minlength=m), np.int32))

    def _check(self) -> None:
        m = self.n_experts
        refuse("expert", self.expert, (self.expert < 0) | (self.expert >= m), f"an expert from 0 to {m - 1}")
        unsorted = (self.ticket[1:] == self.ticket[:-1]) & (self.expert[1:] <= self.expert[:-1])
        if unsorted.any():
            arc = int(np.argmax(unsorted)) + 1
            pair = f"ticket {self.ticket[arc]}, expert {self.expert[arc]}"
            same = self.expert[arc] == self.expert[arc - 1]
            raise ProblemError(f"arcs: {pair} {'occurs twice' if same else 'is out of order'}; expected once each")
        finite = f"a finite number of magnitude at most {LARGEST:g}"
        refuse("points", self.points, ~(np.abs(self.points) <= LARGEST), finite)
        self._check_nodes()
        if self.limits is not None:
            self._check_limits(self.limits)
        if self.side is not None:
            over = self.side.arc
            refuse("side.arc", over, over >= self.n_arcs, f"an arc from 0 to {self.n_arcs - 1}")

    def _check_nodes(self) -> None:
        m = self.n_experts
        finite = f"a finite number of magnitude at most {LARGEST:g}"
        fits = (np.abs(self.hold) <= LARGEST) | (self.hold == -np.inf)
        refuse("hold", self.hold, ~fits, finite + ", or −inf")
        refuse("capacity", self.capacity, self.capacity < 0, "an integer ≥ 0")
        if self.slot_cost.ndim != 2 or self.slot_cost.shape[0] != m or self.slot_cost.shape[1] < 1:
            raise ProblemError(f"slot_cost: expected shape ({m}, slots), got {self.slot_cost.shape}")
        refuse("slot_cost", self.slot_cost, ~(np.abs(self.slot_cost) <= LARGEST), finite)
        falling = np.diff(self.slot_cost, axis=1) < 0
        if falling.any():
            expert, slot = (int(k) for k in np.argwhere(falling)[0])
            raise ProblemError(
                f"slot_cost[{expert}]: unit {slot + 1} costs less than unit {slot}; "
                "expected nondecreasing costs (convex)"
            )

    def _check_limits(self, limits: Limits) -> None:
        if limits.of_arc.shape != self.expert.shape:
            wrong = limits.of_arc.shape
            raise ProblemError(f"limits.of_arc: expected shape {self.expert.shape}, got {wrong}")
        owner = limit_owner(limits, self.expert)
        inner = np.flatnonzero(limits.of_arc >= 0)
        limit = limits.of_arc[inner]
        refuse("limits.of_arc", limit, owner[limit] != self.expert[inner], "one expert's limit")

    @classmethod
    def from_arcs(
        cls,
        n_tickets: int,
        n_experts: int,
        ticket: ArrayLike,
        expert: ArrayLike,
        points: ArrayLike,
        *,
        capacity: ArrayLike = 1,
        hold: ArrayLike = 0.0,
        slot_cost: ArrayLike | Sequence[Sequence[float]] | None = None,
        limits: Limits | None = None,
        usage: ArrayLike = 1,
        side: Side | None = None,
    ) -> Problem:
        """Build a problem from one entry an arc, in any order.

        Parameters
        ----------
        ticket, expert, points : ``(arcs,)`` each; `points` may be a scalar.
        capacity : scalar or ``(experts,)``.
        hold : scalar or ``(tickets,)``.
        slot_cost : None: units cost nothing; a scalar or ``(experts,)``: every unit of an expert costs the
            same; ``(experts, slots)`` or one sequence per expert: the cost of each further unit,
            nondecreasing, the last one going on.
        limits : nested limits, ``limits.of_arc`` in the order in which the arcs are given here.
        usage : scalar or ``(arcs,)`` units that each arc takes.
        side : rows over arcs and extra columns, ``side.arc`` in the order in which the arcs are given here.

        Raises
        ------
        ProblemError
            See `Problem`.
        """
        n, m = count("n_tickets", n_tickets), count("n_experts", n_experts)
        plain = limits is None and side is None and isinstance(usage, int) and usage == 1
        arranged = arrange(n, m, ticket, expert, points) if plain else None
        if arranged is not None:
            problem = cls._trusted(
                n_tickets=n,
                n_experts=m,
                **arranged._asdict(),
                capacity=integers("capacity", broadcast("capacity", capacity, (m,))),
                hold=floats("hold", broadcast("hold", hold, (n,))),
                slot_cost=floats("slot_cost", _slot_costs(slot_cost, m)),
                limits=None,
                usage=None,
                side=None,
            )
            problem._check_nodes()
            return problem
        rows = integers("ticket", ticket)
        columns = integers("expert", expert, shape=rows.shape)
        values = floats("points", broadcast("points", points, rows.shape))
        refuse("ticket", rows, (rows < 0) | (rows >= n), f"a ticket from 0 to {n - 1}")
        refuse("expert", columns, (columns < 0) | (columns >= m), f"an expert from 0 to {m - 1}")
        if limits is not None and not isinstance(limits, Limits):
            raise ProblemError(f"limits: found {type(limits).__name__}; expected Limits (Limits.from_sets), or None")
        if limits is not None and limits.of_arc.shape != rows.shape:
            raise ProblemError(f"limits.of_arc: expected shape {rows.shape}, got {limits.of_arc.shape}")
        units = _usage(usage, len(rows))
        if side is not None:
            refuse("side.arc", side.arc, side.arc >= len(rows), f"an arc from 0 to {len(rows) - 1}")
        order = order_of(rows, columns)
        if order is not None:
            rows, columns, values = rows[order], columns[order], values[order]
            if limits is not None:
                limits = Limits(of_arc=limits.of_arc[order], bound=limits.bound, parent=limits.parent)
            units = None if units is None else units[order]
            side = None if side is None else side.reordered(order)
        indptr = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=n), out=indptr[1:])
        return cls(
            n_tickets=n,
            n_experts=m,
            indptr=indptr,  # type: ignore[arg-type]
            expert=columns,
            points=values,
            capacity=broadcast("capacity", capacity, (m,)),
            hold=broadcast("hold", hold, (n,)),
            slot_cost=_slot_costs(slot_cost, m),
            limits=limits,
            usage=units,
            side=side,
        )

    @property
    def n_arcs(self) -> int:
        """Number of arcs."""
        return len(self.expert)

    @property
    def n_extra(self) -> int:
        """Number of extra columns."""
        return 0 if self.side is None else self.side.n_extra

    @property
    def is_network(self) -> bool:
        """Whether it has neither usage nor side rows nor extra columns: a network, whose prices close the gap."""
        return self.usage is None and self.side is None

    def __repr__(self) -> str:
        limits = 0 if self.limits is None else len(self.limits.bound)
        rows = 0 if self.side is None else self.side.n_rows
        return (
            f"Problem({self.n_tickets} tickets, {self.n_experts} experts, {self.n_arcs} arcs"
            + (f", {limits} limits" if limits else "")
            + ("" if self.usage is None else ", usage")
            + (f", {rows} side rows" if rows else "")
            + (f", {self.n_extra} extra columns" if self.n_extra else "")
            + ")"
        )


def limit_owner(limits: Limits, expert: Int32) -> Int32:
    """The expert of each limit, from the arcs that count against it: ``(limits,)``, −1 where it has no arc.

    Parameters
    ----------
    limits : the limits.
    expert : ``(arcs,)`` the expert of each arc.
    """
    owner = np.full(len(limits.bound), -1, dtype=np.int32)
    inner = limits.of_arc >= 0
    limit, column = limits.of_arc[inner], expert[inner]
    while len(limit):
        clash = (owner[limit] >= 0) & (owner[limit] != column)
        owner[limit] = column
        clash |= owner[limit] != column
        if clash.any():
            shared = int(limit[np.argmax(clash)])
            raise ProblemError(f"limits: limit {shared} has arcs of more than one expert")
        above = limits.parent[limit]
        keep = above >= 0
        limit, column = above[keep], column[keep]
    return owner


def _usage(usage: ArrayLike | None, n_arcs: int) -> Int32 | None:
    """Units of each arc, None where all take one."""
    if usage is None or (isinstance(usage, int) and usage == 1):
        return None
    units = integers("usage", broadcast("usage", usage, (n_arcs,)))
    refuse("usage", units, units < 1, "an integer ≥ 1")
    return None if (units == 1).all() else units


def _slot_costs(slot_cost: Any, n_experts: int) -> Float64:
    """Slot costs as ``(experts, slots)``: scalars spread, ragged rows go on with their last cost."""
    if slot_cost is None:
        return np.zeros((n_experts, 1))
    ragged = isinstance(slot_cost, (list, tuple)) and any(np.ndim(row) for row in slot_cost)
    if not ragged:
        costs = numbers("slot_cost", slot_cost)
        if costs.ndim == 2:
            return costs
        return np.ascontiguousarray(broadcast("slot_cost", costs, (n_experts,))[:, None])
    rows = [np.atleast_1d(numbers("slot_cost", row)) for row in slot_cost]
    if len(rows) != n_experts or any(row.ndim != 1 or len(row) == 0 for row in rows):
        raise ProblemError(f"slot_cost: expected a non-empty row of costs for each of the {n_experts} experts")
    width = max((len(row) for row in rows), default=1)
    padded = [np.pad(row, (0, width - len(row)), mode="edge") for row in rows]
    return np.array(padded).reshape(n_experts, width)
