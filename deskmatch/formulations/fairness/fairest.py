"""`fair_plan`: the fairest plan that loses few points and assigns no fewer tickets."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ARGUMENTS, ContractError, Defect, InputError
from deskmatch.formulations.expected import expect_plan
from deskmatch.formulations.fairness.forms import Fairness, MaxMin, Range
from deskmatch.formulations.fairness.max_min import max_min
from deskmatch.formulations.fairness.price_search import price_search, slots_cost
from deskmatch.formulations.fairness.region import Region
from deskmatch.formulations.fairness.work import Work
from deskmatch.solver import Problem, Side, Solution, Status, solve
from deskmatch.solver.checking import time_limit
from deskmatch.solver.explicit import hint_for, no_rows, solve_robustly, widened

if TYPE_CHECKING:
    from deskmatch.formulations.plan import Plan

__all__ = ["Form", "fair_plan"]

Float64 = NDArray[np.float64]

Form: TypeAlias = "Fairness | MaxMin | Range"

TIE = 1e-6
"""How much all points together count beside the fairness: of equally fair plans one with most points is taken."""


def fair_plan(plan: Plan, form: Form, *, delta: float = 0.02, time_limit_s: float | None = 10.0) -> Plan:
    """The fairest plan with points ≥ optimum − δ·|optimum| that assigns no fewer tickets.

    To hold everyone would be perfectly fair, hence both conditions. The answer is an ordinary plan of the same model;
    its gap is what fairness costs, in points.

    Parameters
    ----------
    plan : where it is not optimal, or claimed to be, the problem is solved exactly first.
    form : `MaxMin`, `Range`, or a cost such as `AlphaFairness`, which then counts alone.
    delta : δ ≥ 0, the share of the optimum that may be lost.
    time_limit_s : seconds for integer programs together, None: as many as they take. When they are over, the fairest
        plan found so far is the answer, and ``plan.solution.message`` says so.

    Returns
    -------
    A plan by the method ``"fair: …"``. Among equally fair ones it has most points (to a millionth).

    Raises
    ------
    InputError
        Where δ is no number ≥ 0.
    ContractError
        Where the form is none of these.
    ProblemError
        Where no plan keeps every rule, or `time_limit_s` is no number of seconds.

    Examples
    --------
    >>> import deskmatch
    >>> epoch = deskmatch.Epoch.from_tables("examples/desk/tickets.csv", "examples/desk/experts.csv")
    >>> plan = fair_plan(deskmatch.assign(epoch), deskmatch.Range(), delta=0.02)
    >>> plan.method, plan.gap <= 0.02 * plan.bound
    ('fair: range', True)
    """
    expect_plan(plan)
    if isinstance(delta, bool) or not isinstance(delta, Real) or not (math.isfinite(delta) and delta >= 0):
        raise InputError([Defect(ARGUMENTS, None, "delta", repr(delta), "expected a finite number ≥ 0")])
    if isinstance(form, type) or not isinstance(form, Fairness | MaxMin | Range):
        raise ContractError(f"form: found {form!r}; expected MaxMin(), Range(), AlphaFairness(…) or SlotCost(…)")
    limit_s = time_limit(time_limit_s)
    plan = plan.whole()
    best = _best(plan, limit_s)
    problem, situation = plan.model.problem, plan.model.situation
    work = Work.of(situation, problem.ticket, problem.expert, window_s=form.window_s)
    region = Region.of(best, work, float(delta))
    within = ""
    if isinstance(form, MaxMin):
        found, claimed = max_min(region, limit_s)
    elif isinstance(form, Range):
        found, claimed = _searched(_range(region), best.solution, limit_s)
    else:
        found, claimed, within = _cheapest(region, form, limit_s)
    return plan.model.recover(_told(region, found, form.name, claimed=claimed, within=within))


def _searched(program: Problem, start: Solution, time_limit_s: float | None) -> tuple[Solution, bool]:
    """The answer of an integer program, or the start where it has none; whether it is claimed to be the best."""
    answer = solve_robustly(program, time_limit_s=time_limit_s, hint=hint_for(program, start))
    return (start if answer.objective is None else answer), answer.status is Status.OPTIMAL


def _cheapest(region: Region, form: Fairness, time_limit_s: float | None) -> tuple[Solution, bool, str]:
    """The plan of least cost, whether that is claimed, and otherwise how far from it the plan may be."""
    slots = form.curve(region.work).slot_cost(region.problem) if region.is_plain else None
    program, start = _least_cost(region, form), region.plan.solution
    if slots is None:
        return *_searched(program, start, time_limit_s), ""
    began_s = time.perf_counter()
    priced = price_search(region, slots, None if time_limit_s is None else began_s + time_limit_s / 2)
    left_s = None if time_limit_s is None else max(0.0, time_limit_s - (time.perf_counter() - began_s))
    if priced is None:
        return *_searched(program, start, left_s), ""
    found, claimed = _searched(program, priced.solution, left_s)
    if claimed:
        return found, True, ""
    if slots_cost(slots, found.expert_of) > priced.cost:
        found = priced.solution
    cost = slots_cost(slots, found.expert_of)
    return found, False, f": its cost is {cost:.6g}, and prices prove that none is below {priced.bound:.6g}"


def _best(plan: Plan, time_limit_s: float | None) -> Plan:
    if plan.certificate.optimal or (plan.solution.status is Status.OPTIMAL and plan.certificate.feasible):
        return plan
    return plan.model.recover(solve(plan.model.problem, time_limit_s=time_limit_s, hint=plan.solution))


def _told(region: Region, found: Solution, name: str, *, claimed: bool, within: str) -> Solution:
    """The assignment as a solution of the plan's own problem, with the prices that prove the optimum's points."""
    best = region.plan.solution
    extra = None
    if region.problem.n_extra and found.extra is not None:
        extra = found.extra[: region.problem.n_extra]
    return replace(
        best,
        expert_of=found.expert_of,
        extra=extra,
        objective=None,
        status=Status.FEASIBLE,
        method=f"fair: {name}",
        claimed_bound=None,
        message="the fairest plan" if claimed else f"the fairest plan that was found in time{within}",
        elapsed_s=found.elapsed_s,
    )


def _least_cost(region: Region, form: Fairness) -> Problem:
    """Minimise the cost of unfairness within the region."""
    curve = form.curve(region.work)
    bare = _bare(region.problem)
    slots = curve.slot_cost(region.problem)
    if slots is not None:
        tie = TIE * float(np.abs(slots).max(initial=0.0)) / max(float(np.abs(region.points).sum()), 1e-300)
        side = replace(region.side, extra_points=tie * region.side.extra_points)
        return replace(widened(bare, side, *region.rows()), points=tie * region.points, slot_cost=slots)
    costs = curve.columns(region.problem)
    return _program(region, costs, np.full(costs.n_extra, -1.0))


def _range(region: Region) -> Problem:
    """Minimise the difference of two columns: one above all occupancies of the group, one below them."""
    from scipy.sparse import vstack

    group = np.flatnonzero(region.work.group)
    if not len(group):
        return _program(region, no_rows(region.problem.n_arcs), np.zeros(0))
    work, own, count = region.work, region.shares(group), len(group)
    start = work.before[group]
    side = Side.from_matrix(
        vstack([own, own]),
        ["<="] * count + [">="] * count,
        np.tile(-start, 2),
        over_extra=np.repeat([[-1.0, 0.0], [0.0, -1.0]], count, axis=0),
        lower=float(start.min()),
        upper=float(start.max() + own.sum(axis=1).max()),
    )
    return _program(region, side, np.array([-1.0, 1.0]))


def _program(region: Region, side: Side, extra_points: Float64) -> Problem:
    """The region's rows and others with columns of their own, which alone count, and the points by a millionth."""
    tie = TIE / max(float(np.abs(region.points).sum()), 1e-300)
    own = replace(region.side, extra_points=tie * region.side.extra_points)
    stacked = Side.stack([own, replace(side, extra_points=extra_points)])
    bare = replace(_bare(region.problem), points=tie * region.points)
    return widened(bare, stacked, *region.rows(beside=side.n_extra))


def _bare(problem: Problem) -> Problem:
    """The problem without points, slot costs and values of holding."""
    hold = np.where(np.isfinite(problem.hold), 0.0, problem.hold)
    return replace(
        problem, points=np.zeros(problem.n_arcs), hold=hold, slot_cost=np.zeros((problem.n_experts, 1)), side=None
    )
