"""`find_conflict`: rules that contradict one another, and what it would take to keep the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ProblemError
from deskmatch.formulations.constraints.rules import Rules
from deskmatch.formulations.constraints.tightness import RowState, row_states
from deskmatch.solver import Side, Solution, Status, solve
from deskmatch.solver.folding import fold

__all__ = ["Conflict", "find_conflict", "relaxed"]

Int64 = NDArray[np.int64]

SHOWN = 8
"""How many rules a text names before it only counts them."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why no plan keeps every hard rule.

    Parameters
    ----------
    rules : an irreducible set of rules that contradict one another beside eligibility and the experts' room: without
        any one of them there is a plan that keeps the others (of this set).
    relaxation : the cheapest way out: rules, of this set or others, by how much each would have to give way
        (``missed``), so that a plan keeps all rules as relaxed.
    cost : Σ weight · units of the relaxation, the least there is.
    is_certain : false where a time limit left something open: the set may then be reducible, the relaxation too dear.
    rights : of all rows of each constraint, once it has given way.
    """

    rules: tuple[RowState, ...]
    relaxation: tuple[RowState, ...]
    cost: float
    is_certain: bool
    rights: Mapping[str, NDArray[np.float64]] = field(repr=False, compare=False)

    def __str__(self) -> str:
        lines = ["no plan keeps these rules together (and does without any one of them):"]
        lines += _listed([f"{one.constraint}, {one.row}: {one.sense} {one.right:g}" for one in self.rules])
        lines += [f"the cheapest way out gives way by {self.cost:g} in all:"]
        lines += _listed(
            [
                f"{one.constraint}, {one.row}: {one.sense} {_given_way(one):g} instead of {one.right:g}"
                for one in self.relaxation
            ]
        )
        return "\n".join(lines)


def find_conflict(
    rules: Rules, *, weights: Mapping[str, float] | None = None, time_limit_s: float | None = None
) -> Conflict | None:
    """See `Plan.conflict`."""
    _check_weights(rules, weights or {})
    rows = _HardRows(rules, time_limit_s)
    by_rule = _irreducible(rows.contradict, rows.groups())
    chosen = _irreducible(rows.contradict, [np.array([row]) for group in by_rule for row in group.tolist()])
    held = row_states(rules, np.full(rules.base.n_tickets, -1, np.int32))
    if not chosen and not rows.contradict([np.array([], np.int64)]):
        return None
    elastic = _elastic(rules, rows, weights or {}, time_limit_s)
    states = row_states(rules, elastic.expert_of)
    missed = [one for one in states if one.penalty is None and one.missed > 0]
    names = rows.state_of()
    return Conflict(
        rules=tuple(held[names[int(row)]] for group in chosen for row in group),
        relaxation=tuple(missed),
        cost=float(sum((weights or {}).get(one.constraint, 1.0) * one.missed for one in missed)),
        is_certain=rows.is_certain and elastic.status is Status.OPTIMAL,
        rights=_rights(rules, states),
    )


def relaxed(rules: Rules, conflict: Conflict) -> Rules:
    """The same rules, with those of a relaxation giving way by as much as it says."""
    changed = {
        name: replace(rows, side=replace(rows.side, rhs=conflict.rights[name])) for name, rows in rules.rows.items()
    }
    return rules.with_rows(changed)


class _HardRows:
    """The hard rules of an epoch, as rows of one side, and whether some of them contradict one another."""

    def __init__(self, rules: Rules, time_limit_s: float | None) -> None:
        self.rules = rules
        side = Side.stack([rows.side for rows in rules.rows.values()])
        self.side = replace(side, extra_points=np.zeros(side.n_extra), penalty=np.full(side.n_rows, np.inf))
        self.time_limit_s = time_limit_s
        self.is_certain = True
        self.defining = np.concatenate([rows.defines for rows in rules.rows.values()])
        owner = np.repeat(np.arange(len(rules.rows)), [len(rows) for rows in rules.rows.values()])
        hard = np.array([one.penalty is None for one in rules.constraints.values()])
        self.rows = np.flatnonzero(hard[owner] & ~self.defining)
        self.owner = owner[self.rows]
        base = rules.base
        self.base = replace(base, side=None, points=np.zeros(base.n_arcs), slot_cost=np.zeros((base.n_experts, 1)))
        self.beside = [] if base.side is None else [replace(base.side, extra_points=np.zeros(base.side.n_extra))]

    def groups(self) -> list[Int64]:
        """The rows of each constraint that has any."""
        return [self.rows[self.owner == number] for number in np.unique(self.owner)]

    def state_of(self) -> dict[int, int]:
        """The place of each row in `row_states`, which lists rules only."""
        place = np.cumsum(~self.defining) - 1
        return {int(row): int(place[row]) for row in self.rows}

    def contradict(self, chosen: list[Int64]) -> bool:
        """Whether no assignment keeps all of these rows, the rows that define columns, and the desk's own rules."""
        kept = self.defining.copy()
        kept[np.concatenate([np.zeros(0, np.int64), *chosen])] = True
        side = Side.stack([*self.beside, self.side.kept(kept)])
        answer = solve(fold(replace(self.base, side=side)).problem, time_limit_s=self.time_limit_s)
        if answer.status is Status.UNKNOWN:
            self.is_certain = False
        return answer.status is Status.INFEASIBLE


def _irreducible(contradict: Callable[[list[Int64]], bool], groups: list[Int64]) -> list[Int64]:
    """A set of groups that contradict one another, none of which can be left out; empty where they do not.

    QuickXplain: U. Junker, "QuickXplain: preferred explanations and relaxations for over-constrained problems", AAAI
    2004, 167–172.
    """

    def search(beside: list[Int64], *, has_new: bool, some: list[Int64]) -> list[Int64]:
        if has_new and contradict(beside):
            return []
        if len(some) == 1:
            return some
        first, second = some[: len(some) // 2], some[len(some) // 2 :]
        of_second = search(beside + first, has_new=True, some=second)
        return search(beside + of_second, has_new=bool(of_second), some=first) + of_second

    if not groups or not contradict(groups) or contradict([]):
        return []
    return search([], has_new=False, some=groups)


def _check_weights(rules: Rules, weights: Mapping[str, float]) -> None:
    wrong = [name for name in weights if name not in rules.constraints]
    if wrong or not all(0 < weight < np.inf for weight in weights.values()):
        known = ", ".join(rules.constraints)
        raise ProblemError(f"weights: found {dict(weights)}; expected numbers > 0 for some of {known}")


def _elastic(rules: Rules, rows: _HardRows, weights: Mapping[str, float], time_limit_s: float | None) -> Solution:
    """The assignment that misses the hard rules by least, each unit at its weight (Chinneck 2008, §6)."""
    names = list(rules.constraints)
    penalty = np.full(rows.side.n_rows, np.inf)
    penalty[rows.rows] = [weights.get(names[number], 1.0) for number in rows.owner]
    wanted = np.isfinite(penalty)
    wanted |= rows.defining
    side = replace(rows.side, penalty=penalty).kept(wanted)
    problem = fold(replace(rows.base, side=Side.stack([*rows.beside, side]))).problem
    answer = solve(problem, time_limit_s=time_limit_s)
    if answer.objective is None:
        raise ProblemError(f"no relaxation of the constraints was found: {answer.message or answer.status}")
    return answer


def _rights(rules: Rules, states: list[RowState]) -> dict[str, NDArray[np.float64]]:
    """The right sides of all rows, those of missed hard rules where an assignment has them."""
    place, rights = 0, {}
    for name, rows in rules.rows.items():
        right = rows.side.rhs.copy()
        for row in np.flatnonzero(~rows.defines).tolist():
            if states[place].penalty is None and states[place].missed > 0:
                right[row] = _given_way(states[place])
            place += 1
        rights[name] = right
    return rights


def _given_way(state: RowState) -> float:
    """The right side that the plan would keep."""
    if state.sense == "≤":
        return state.right + state.missed
    if state.sense == "≥":
        return state.right - state.missed
    return state.left


def _listed(sentences: list[str]) -> list[str]:
    more = len(sentences) - SHOWN
    return [f"  {one}" for one in sentences[:SHOWN]] + ([f"  … and {more} more"] if more > 0 else [])
