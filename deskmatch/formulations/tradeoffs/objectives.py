"""From what a desk wants to criteria of a problem: terms, points, tickets assigned, fairness."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.formulations.arcs import Arcs
from deskmatch.formulations.fairness.forms import Fairness, SquaredOccupancy
from deskmatch.formulations.fairness.work import Work
from deskmatch.formulations.model import Model
from deskmatch.formulations.terms import Term
from deskmatch.solver import Problem, Side
from deskmatch.solver.explicit import hardened
from deskmatch.solver.representatives import Criterion

__all__ = ["Criteria", "Objective", "criteria_of"]

Float64 = NDArray[np.float64]

Objective: TypeAlias = "str | Term | Fairness"
"""``"points"``, ``"assigned"``, ``"fairness"``, the name of a term, a term, or a form of fairness."""


@dataclass(frozen=True, slots=True, eq=False)
class Criteria:
    """Several objectives over one problem.

    Parameters
    ----------
    names : of the objectives.
    problem : the model's, all rows hard, with the columns that the objectives need.
    criteria : one for each name.
    has_fairness : whether one of them is a form of fairness, and none the number of tickets.
    """

    names: tuple[str, ...]
    problem: Problem
    criteria: tuple[Criterion, ...]
    has_fairness: bool


def criteria_of(model: Model, objectives: Sequence[Objective]) -> Criteria:
    """The criteria of a model.

    Parameters
    ----------
    model : an epoch's.
    objectives : two or more, all different; each is maximised. A term counts at weight 1, acceptance and importance
        included; ``"points"`` is the whole objective with its weights, costs and penalties; ``"assigned"`` the number
        of tickets; ``"fairness"`` is minus `SquaredOccupancy`.

    Raises
    ------
    InputError
        Lists unknown names and repeated ones, and says what would be accepted.
    """
    found = _known(model, objectives)
    problem = model.problem
    own = None if problem.side is None else hardened(problem.side, problem.n_arcs)
    sides, parts = [] if own is None else [own], []
    for _, objective in found:
        arcs, slots, columns = _parts(model, objective)
        parts.append((arcs, slots, columns, sum(side.n_extra for side in sides)))
        sides += [] if columns is None else [columns]
    total = sum(side.n_extra for side in sides)
    criteria = []
    for (_, objective), (arcs, slots, columns, start) in zip(found, parts, strict=True):
        extra = np.zeros(total)
        if objective == "points" and own is not None:
            extra[: own.n_extra] = own.extra_points
        if columns is not None:
            extra[start : start + columns.n_extra] = -1.0
        criteria.append(Criterion(arcs, slots, extra if total else None))
    side = Side.stack(sides) if sides else None
    side = None if side is None else replace(side, extra_points=np.zeros(side.n_extra))
    names = tuple(name for name, _ in found)
    return Criteria(
        names=names,
        problem=replace(problem, side=side),
        criteria=tuple(criteria),
        has_fairness="assigned" not in names and any(isinstance(one, Fairness) for _, one in found),
    )


def _known(model: Model, objectives: Sequence[Objective]) -> list[tuple[str, Term | Fairness | str]]:
    """The objectives with their names."""
    terms = {term.name: term for term in model.formulation.formulation.terms}
    found: list[tuple[str, Term | Fairness | str]] = []
    defects = []
    accepted = f"expected points, assigned, fairness, {', '.join(terms)}, a term or a form of fairness"
    one_alone = isinstance(objectives, str) or not isinstance(objectives, Iterable)
    given = [objectives] if one_alone else list(objectives)
    for objective in given:
        if objective in ("points", "assigned") and isinstance(objective, str):
            found.append((objective, objective))
        elif objective == "fairness":
            found.append(("fairness", SquaredOccupancy()))
        elif isinstance(objective, str) and objective in terms:
            found.append((objective, terms[objective]))
        elif isinstance(objective, Term | Fairness) and not isinstance(objective, type):
            found.append((objective.name, objective))
        else:
            defects.append(Defect(ARGUMENTS, None, "objectives", repr(objective), accepted))
    names = [name for name, _ in found]
    if not defects and (len(names) < 2 or len(set(names)) < len(names)):
        defects.append(Defect(ARGUMENTS, None, "objectives", repr(names), "expected two or more, all different"))
    if defects:
        raise InputError(defects)
    return found


def _parts(model: Model, objective: Term | Fairness | str) -> tuple[Float64, Float64 | None, Side | None]:
    """Points of the arcs, slot costs, and extra columns that cost one each."""
    problem = model.problem
    if objective == "points":
        hold = np.where(np.isfinite(problem.hold), problem.hold, 0.0)
        return problem.points - hold[problem.ticket], problem.slot_cost if problem.slot_cost.any() else None, None
    if objective == "assigned":
        return np.ones(problem.n_arcs), None, None
    if isinstance(objective, Fairness):
        work = Work.of(model.situation, problem.ticket, problem.expert, window_s=objective.window_s)
        curve = objective.curve(work)
        slots = curve.slot_cost(problem)
        return np.zeros(problem.n_arcs), slots, curve.columns(problem) if slots is None else None
    assert isinstance(objective, Term)
    return model.formulation.term_values(objective, Arcs(model.situation, problem.ticket, problem.expert)), None, None
