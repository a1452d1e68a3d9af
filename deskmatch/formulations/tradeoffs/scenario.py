"""`what_if`: the plan under other settings or with another roster, beside the plan as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.formulations.arcs import Arcs
from deskmatch.formulations.model import Model
from deskmatch.formulations.tradeoffs.roster import with_roster
from deskmatch.routing import Routing
from deskmatch.solver import Status, solve
from deskmatch.solver.closest import closest_optimum

if TYPE_CHECKING:
    import pandas as pd

    from deskmatch.formulations.plan import Plan
    from deskmatch.formulations.tradeoffs.roster import Added

__all__ = ["WhatIf", "what_if"]

NAMED = 12
"""How many tickets that go elsewhere the text names."""


class _Moved(NamedTuple):
    ticket_id: str
    before: str | None
    after: str | None
    points_before: float
    points_after: float


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """Two plans of one instant.

    Parameters
    ----------
    before : the plan as it is; where it was not optimal, the best one.
    after : the best plan under the other settings or with the other roster; of several that are equally good, one that
        keeps most of what was.
    note : which plan `before` is, where it is not the plan that was asked.
    """

    before: Plan
    after: Plan
    note: str = ""

    @property
    def terms(self) -> pd.DataFrame:
        """The change in every term: ``term, aim_before, aim_after, points_before, points_after, change``.

        The *aim* is the sum over the assigned pairs at weight 1 (acceptance and importance included), which can be
        compared across weights; the *points* are under each plan's own weights, and ``change`` is theirs. The last rows
        are what else the objective holds (slot costs, penalties), where there is any, and the total.
        """
        import pandas as pd

        totals = [_totals(plan) for plan in (self.before, self.after)]
        names = list(dict.fromkeys(name for total in totals for name in total))
        rows = [(name, *(total.get(name, (0.0, 0.0))[part] for part in (0, 1) for total in totals)) for name in names]
        frame = pd.DataFrame(rows, columns=["term", "aim_before", "aim_after", "points_before", "points_after"])
        return frame.assign(change=frame["points_after"] - frame["points_before"])

    @property
    def moves(self) -> pd.DataFrame:
        """Who goes elsewhere: ``ticket_id, before, after, points_before, points_after``; None: held."""
        import pandas as pd

        moved = self._moved()
        places = {name: pd.Series([getattr(move, name) for move in moved], dtype=object) for name in _Moved._fields[:3]}
        points = {name: pd.Series([getattr(move, name) for move in moved], dtype=float) for name in _Moved._fields[3:]}
        return pd.DataFrame(places | points)

    def _moved(self) -> list[_Moved]:
        places = [plan.expert_of for plan in (self.before, self.after)]
        tables = [plan.assignments for plan in (self.before, self.after)]
        points = [dict(zip(table["ticket_id"], table["points"], strict=True)) for table in tables]
        return [
            _Moved(ticket, before, after, float(points[0].get(ticket, 0.0)), float(points[1].get(ticket, 0.0)))
            for ticket in self.before.model.epoch.tickets.ids
            if (before := places[0].get(ticket)) != (after := places[1].get(ticket))
        ]

    def summary(self) -> str:
        """The change in one line."""
        assigned = [int((plan.solution.expert_of >= 0).sum()) for plan in (self.before, self.after)]
        if self.after.objective is None or self.before.objective is None:
            return f"no plan keeps every rule: {self.after.solution.message or self.after.status}"
        change = self.after.objective - self.before.objective
        moved = len(self._moved())
        return (
            f"{self.before.objective:.4f} → {self.after.objective:.4f} points ({change:+.4f}),"
            f" {assigned[0]} → {assigned[1]} tickets assigned, {moved} {'goes' if moved == 1 else 'go'} elsewhere"
        )

    def __str__(self) -> str:
        terms = self.terms
        loud = terms[(terms.drop(columns="term").abs() >= 5e-5).any(axis=1)]
        lines = [self.summary(), "", loud.to_string(index=False, float_format="{:.4f}".format)]
        moved = self._moved()
        if moved:
            lines.append("")
        for move in moved[:NAMED]:
            change = move.points_after - move.points_before
            lines.append(f"  {move.ticket_id}: {move.before or 'held'} → {move.after or 'held'} ({change:+.4f})")
        if len(moved) > NAMED:
            lines.append(f"  … and {len(moved) - NAMED} more")
        return "\n".join([*lines, *([f"({self.note})"] if self.note else [])])


def what_if(
    plan: Plan,
    *,
    routing: Routing | Mapping[str, object] | str | Path | None = None,
    add_experts: Added | None = None,
    remove_experts: Iterable[str] | str = (),
    time_limit_s: float | None = None,
) -> WhatIf:
    """See `Plan.what_if`."""
    gone = (remove_experts,) if isinstance(remove_experts, str) else tuple(remove_experts)
    if routing is None and add_experts is None and not gone:
        expected = "expected routing, add_experts or remove_experts: nothing else can change"
        raise InputError([Defect(ARGUMENTS, None, "what_if", None, expected)])
    plan = plan.whole()
    model = plan.model
    formulation = model.formulation.formulation
    if routing is not None:
        formulation = replace(formulation, routing=_changed(formulation.routing, routing))
    epoch = with_roster(model.epoch, add=add_experts, remove=gone)
    same_desk = add_experts is None and not gone
    bound = formulation.bind(model.formulation.desk if same_desk else epoch.desk)
    before, note = _best(plan, time_limit_s)
    other = bound.build(epoch)
    found = solve(other.problem, time_limit_s=time_limit_s)
    if found.status is Status.OPTIMAL:
        found = closest_optimum(other.problem, found, _as_rows(before, other))
    return WhatIf(before=before, after=other.recover(found), note=note)


def _changed(routing: Routing, given: Routing | Mapping[str, object] | str | Path) -> Routing:
    """A whole other routing, or this one with the keys of a mapping changed."""
    if not isinstance(given, Mapping):
        return Routing.load(given)
    return Routing.load(_merged(routing.model_dump(exclude_unset=True), given))


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in new.items():
        there = merged.get(key)
        both = isinstance(there, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(there, value) if both else value  # type: ignore[arg-type]
    return merged


def _best(plan: Plan, time_limit_s: float | None) -> tuple[Plan, str]:
    """The plan where it is optimal, or claimed to be; else the best one: a change is not to hide what a method lost."""
    if plan.certificate.optimal or plan.solution.status is Status.OPTIMAL:
        return plan, ""
    best = plan.model.recover(solve(plan.model.problem, time_limit_s=time_limit_s, hint=plan.solution))
    return best, f"before: the best plan, not this one by {plan.method}"


def _as_rows(plan: Plan, model: Model) -> NDArray[np.int32]:
    """A plan's assignment in the rows of another model: who is not there any more holds nobody."""
    names, desk = plan.model.epoch.desk.expert_ids, model.epoch.desk
    rows = np.array([*(desk.index_of(name) for name in names), -1], np.int32)
    return rows[plan.solution.expert_of]


def _totals(plan: Plan) -> dict[str, tuple[float, float]]:
    """Of each term the sum at weight 1 and in points, then what else there is, and the total."""
    model = plan.model
    ticket = np.flatnonzero(plan.solution.expert_of >= 0).astype(np.int32)
    arcs = Arcs(model.situation, ticket, plan.solution.expert_of[ticket])
    bound = model.formulation
    weighted = {name: float(points.sum()) for name, points in bound.weighted_terms(arcs)}
    totals = {
        term.name: (float(bound.term_values(term, arcs).sum()), weighted[term.name]) for term in bound.formulation.terms
    }
    total = plan.objective or 0.0
    other = total - sum(weighted.values())
    if abs(other) > 1e-9 * max(1.0, *(abs(x) for x in weighted.values())):
        totals["other"] = (other, other)
    return totals | {"total": (total, total)}
