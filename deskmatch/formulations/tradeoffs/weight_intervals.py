"""`sensitivity`: how far each weight may move before another plan is better, and what one more slot is worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import fold
from deskmatch.errors import BackendError
from deskmatch.formulations import why
from deskmatch.formulations.arcs import Arcs
from deskmatch.formulations.basis import Basis
from deskmatch.formulations.expected import expect_plan
from deskmatch.formulations.fairness.work import Work
from deskmatch.formulations.model import Model
from deskmatch.solver import Solution, Status
from deskmatch.solver.parametric import Direction, OptimalInterval, optimal_interval

if TYPE_CHECKING:
    import pandas as pd

    from deskmatch.formulations.plan import Plan

__all__ = ["Sensitivity", "sensitivity"]


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """What a plan's optimality depends on.

    Parameters
    ----------
    weights : a row for each weight, under its key in routing.toml: ``weight, value, least, greatest`` (the plan stays
        optimal exactly while the weight lies in [least, greatest] and everything else stays), ``moves_below,
        moves_above``: how many tickets the plan that takes over there treats differently, 0 where none does.
    slots : as `Plan.prices`: what one more slot of each expert would bring, and one less would cost.
    note : which plan this is told of, where that is not the plan that was asked.
    """

    weights: pd.DataFrame
    slots: pd.DataFrame
    note: str = ""

    def __str__(self) -> str:
        weights = self.weights.to_string(index=False, float_format="{:.4g}".format)
        dear = self.slots.sort_values("least", ascending=False, kind="stable").head(5)
        head = "The plan stays optimal while one weight moves between least and greatest, the others staying:"
        slots = dear[["expert_id", "slots", "used", "least", "greatest"]]
        lines = [head, weights, "", "One more slot would bring most (least), one less cost (greatest):"]
        lines += [slots.to_string(index=False, float_format="{:.4g}".format, na_rep="–")]
        return "\n".join([*lines, *([f"({self.note})"] if self.note else [])])


def sensitivity(plan: Plan) -> Sensitivity:
    """How far each weight may move before another plan is better, and what one more slot of each expert is worth.

    The intervals are those of the plan itself, not of one of the bases that describe it: just outside them another plan
    has more points (`deskmatch.solver.parametric`). A weight is moved alone; weights of channels that differ from the
    desk's have rows of their own. A plan that is not optimal, such as a greedy one, is solved exactly first.

    Parameters
    ----------
    plan : of a model that is a network.

    Raises
    ------
    BackendError
        Where the model is no network: an integer program has no such intervals that could be proved; try the weights
        with `Plan.what_if`.
    ProblemError
        Where no plan keeps every rule.

    Examples
    --------
    >>> import deskmatch
    >>> epoch = deskmatch.Epoch.from_tables("examples/desk/tickets.csv", "examples/desk/experts.csv")
    >>> found = sensitivity(deskmatch.assign(epoch)).weights.set_index("weight")
    >>> found.loc["weights.tier", ["value", "least", "greatest"]].round(3).tolist()
    [0.2, 0.126, 0.218]
    """
    import pandas as pd

    expect_plan(plan)
    plan = plan.whole()
    problem = plan.model.problem
    if not problem.is_network:
        raise BackendError(
            f"sensitivity: {problem} is an integer program, for which no true intervals are known;"
            " compare plans with plan.what_if(routing=…) instead"
        )
    basis = Basis(plan)
    best = Solution(expert_of=basis.expert_of, objective=None, status=Status.OPTIMAL, method=plan.method)
    rows = []
    for key, value, direction in _weights(plan.model):
        found = optimal_interval(problem, best, direction, least=-value)
        rows.append((key, value, value + found.least, value + found.greatest, *_moves(basis, found)))
    columns = ["weight", "value", "least", "greatest", "moves_below", "moves_above"]
    return Sensitivity(weights=pd.DataFrame(rows, columns=columns), slots=why.prices(basis), note=basis.note)


def _weights(model: Model) -> Iterator[tuple[str, float, Direction]]:
    """Each weight by its key in routing.toml, its value, and the points that one unit of it adds to each arc."""
    bound, problem = model.formulation, model.problem
    routing, names = bound.formulation.routing, bound.channels.names
    arcs = Arcs(model.situation, problem.ticket, problem.expert)
    channel = model.epoch.tickets.channel[problem.ticket]
    described = [_described(routing.channels, name) for name in names]
    for term in bound.formulation.terms:
        values = bound.term_values(term, arcs)
        own = np.array([term.name in weights for _, weights in described], bool)
        yield f"weights.{term.name}", routing.weights.of(term.name), Direction(_only(values, ~own, channel))
        for code in np.flatnonzero(own).tolist():
            key, weights = described[code]
            alone = np.arange(len(names)) == code
            yield (
                f"channels.{key}.weights.{term.name}",
                weights[term.name],
                Direction(_only(values, alone, channel)),
            )
    fairness = bound.formulation.cost_of_unfairness
    if fairness is not None:
        work = Work.of(model.situation, problem.ticket, problem.expert, window_s=fairness.window_s)
        slots = fairness.curve(work).slot_cost(problem)
        if slots is not None:
            yield "fairness.weight", fairness.weight, Direction(np.zeros(problem.n_arcs), slots)


def _described(channels: dict[str, Any], name: str) -> tuple[str, dict[str, float]]:
    """The key under which the routing describes a channel, and the weights that differ there."""
    for key, channel in channels.items():
        if fold(key) == fold(name):
            return key, channel.weights
    return name, {}


def _only(values: NDArray[np.float64], channels: NDArray[np.bool_], channel: NDArray[np.int32]) -> NDArray[np.float64]:
    """The values on some channels, 0 on the others."""
    return np.where(np.append(channels, False)[channel], values, 0.0)


def _moves(basis: Basis, found: OptimalInterval) -> tuple[int, int]:
    """How many tickets the plans that take over below and above treat differently."""
    below, above = (0 if x is None else int((x != basis.expert_of).sum()) for x in (found.below, found.above))
    return below, above
