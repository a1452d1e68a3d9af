"""`describe`: the mathematics of a formulation, as text and as data: objective, terms, constraints, kind of model."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from deskmatch.epochs import Epoch
from deskmatch.formulations.constraints.protocol import Constraint
from deskmatch.formulations.constraints.rules import Rules
from deskmatch.formulations.expected import expect_epoch
from deskmatch.formulations.model import Model
from deskmatch.formulations.terms import FunctionTerm, Term
from deskmatch.solver import backends_for, needs
from deskmatch.solver.folding import RowFate
from deskmatch.solver.separation import separate

if TYPE_CHECKING:
    from deskmatch.formulations.formulation import Formulation

__all__ = ["ConstraintDescription", "Description", "ModelDescription", "TermDescription", "describe"]

OBJECTIVE = (
    "maximise Σ x_ij · acceptance_j · Σ_k weight_k · value_k(i, j) · (importance_i where term k scales) − penalties"
)
FATES = {
    RowFate.ROW: "row of an integer program",
    RowFate.FILTER: "filter of arcs",
    RowFate.CHARGE: "charge on arcs",
    RowFate.LIMIT: "nested limit",
    RowFate.BOUND: "bound of a column",
    RowFate.SLACK: "rule that nothing can miss",
}


@dataclass(frozen=True, slots=True)
class TermDescription:
    """A term of the objective.

    Parameters
    ----------
    name, formula : the formula is the first paragraph of its docstring.
    scales_with_importance : whether the ticket's importance multiplies it.
    weight : points for each unit of its value.
    by_channel : the weights that differ.
    """

    name: str
    formula: str
    scales_with_importance: bool
    weight: float
    by_channel: dict[str, float]


@dataclass(frozen=True, slots=True)
class ConstraintDescription:
    """A constraint.

    Parameters
    ----------
    name, kind, formula : its name, its class, and the first paragraph of its docstring.
    penalty : points per unit; None: hard.
    parameters : all others.
    becomes : how many of its rows became what in the epoch's problem; None where there is no epoch.
    """

    name: str
    kind: str
    formula: str
    penalty: float | None
    parameters: dict[str, Any]
    becomes: dict[str, int] | None


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """The problem of one epoch.

    Parameters
    ----------
    kind : "network", or "integer program".
    because : what makes it an integer program; empty for a network.
    methods : the solvers that can take it, in the order in which ``"auto"`` tries them.
    tickets, experts, arcs, limits, rows, columns : sizes; rows and columns beside the network.
    """

    kind: str
    because: tuple[str, ...]
    methods: tuple[str, ...]
    tickets: int
    experts: int
    arcs: int
    limits: int
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Description:
    """What a formulation says; ``str()`` tells it, `to_dict` hands it over.

    Parameters
    ----------
    objective : what is maximised.
    terms, constraints : in their order.
    fairness : name and formula of the cost of unfairness, and its parameters; None: there is none.
    model : of the epoch; None where there is none.
    """

    objective: str
    terms: tuple[TermDescription, ...]
    constraints: tuple[ConstraintDescription, ...]
    fairness: tuple[str, str, dict[str, Any]] | None
    model: ModelDescription | None

    def to_dict(self) -> dict[str, Any]:
        """As plain Python values, ready for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [self.objective, "", "terms:", *(_term_text(term) for term in self.terms)]
        if self.fairness is not None:
            name, formula, given = self.fairness
            lines += ["", f"minus fairness, {name} ({_listed(given)}): {formula}"]
        lines += ["", "constraints:" if self.constraints else "no constraints"]
        for constraint in self.constraints:
            lines += _constraint_text(constraint)
        if self.model is not None:
            lines += ["", *_model_text(self.model)]
        return "\n".join(lines)


def describe(formulation: Formulation, epoch: Epoch | None = None) -> Description:
    """See `Formulation.describe`."""
    if epoch is not None:
        expect_epoch(epoch)
    model = None if epoch is None else formulation.bind(epoch.desk).build(epoch)
    rules = None if model is None else model.rules
    fair = formulation.cost_of_unfairness
    return Description(
        objective=OBJECTIVE,
        terms=tuple(_term(formulation, term) for term in formulation.terms),
        constraints=tuple(_constraint(name, one, rules) for name, one in formulation.named_constraints.items()),
        fairness=None if fair is None else (type(fair).__name__, formula_of(type(fair)), _parameters(fair)),
        model=None if model is None else _model(model),
    )


def formula_of(described: object) -> str:
    """The first paragraph of a docstring, on one line; empty where there is none."""
    text = inspect.getdoc(described) or ""
    return " ".join(text.split("\n\n")[0].split())


def _term(formulation: Formulation, term: Term) -> TermDescription:
    routing = formulation.routing
    weight = routing.weights.of(term.name)
    given = {name: channel.weights.get(term.name, weight) for name, channel in routing.channels.items()}
    return TermDescription(
        name=term.name,
        formula=formula_of(term.function if isinstance(term, FunctionTerm) else type(term)),
        scales_with_importance=term.scales_with_importance,
        weight=weight,
        by_channel={name: value for name, value in given.items() if value != weight},
    )


def _constraint(name: str, constraint: Constraint, rules: Rules | None) -> ConstraintDescription:
    return ConstraintDescription(
        name=name,
        kind=type(constraint).__name__,
        formula=formula_of(type(constraint)),
        penalty=constraint.penalty,
        parameters=_parameters(constraint),
        becomes=None if rules is None else _becomes(rules, name),
    )


def _parameters(constraint: object) -> dict[str, Any]:
    """The parameters but name and penalty, those at their default left out where that is known."""
    if isinstance(constraint, BaseModel):
        return constraint.model_dump(exclude={"name", "penalty"}, exclude_none=True, exclude_defaults=True, mode="json")
    names = [name for name in getattr(constraint, "__dataclass_fields__", ()) if name not in ("name", "penalty")]
    return {name: getattr(constraint, name) for name in names}


def _becomes(rules: Rules, name: str) -> dict[str, int]:
    counts = Counter(rules.fates(name).tolist())
    return {FATES[fate]: counts[fate] for fate in RowFate if counts[fate]}


def _model(model: Model) -> ModelDescription:
    problem, side = model.problem, model.problem.side
    apart = separate(problem)
    return ModelDescription(
        kind="network" if problem.is_network else "integer program",
        because=tuple(_reasons(model)),
        methods=backends_for(needs(problem if apart is None else apart.problem)),
        tickets=problem.n_tickets,
        experts=problem.n_experts,
        arcs=problem.n_arcs,
        limits=0 if problem.limits is None else len(problem.limits.bound),
        rows=0 if side is None else side.n_rows,
        columns=0 if side is None else side.n_extra,
    )


def _reasons(model: Model) -> Iterator[str]:
    """What makes a problem an integer program; nothing for a network."""
    rules = model.rules
    base = model.problem if rules is None else rules.base
    if base.usage is not None:
        yield "usage: tickets take different shares of an expert"
    if base.side is not None and base.side.n_extra:
        yield f"fairness: a cost that is no slot cost here, with {base.side.n_extra} columns"
    elif base.side is not None:
        yield "capacity: the number of an expert's new tickets, beside their shares"
    for name in () if rules is None else rules.constraints:
        rows = int((rules.fates(name) == RowFate.ROW).sum()) if rules is not None else 0
        if rows:
            yield f"{name}: {rows} row{'s' * (rows > 1)} over several tickets and experts"


def _term_text(term: TermDescription) -> str:
    weights = [f"{term.weight:g}", *(f"{value:g} on {name}" for name, value in term.by_channel.items())]
    scales = ", times importance" if term.scales_with_importance else ""
    return f"  {term.name} (weight {', '.join(weights)}{scales}): {term.formula}"


def _constraint_text(one: ConstraintDescription) -> list[str]:
    bond = "hard" if one.penalty is None else f"{one.penalty:g} points per unit"
    given = _listed(one.parameters)
    lines = [f"  {one.name} ({bond}): {one.formula}"]
    lines += [f"    with {given}"] if given else []
    if one.becomes is not None:
        told = ", ".join(f"{count} × {what}" for what, count in one.becomes.items())
        lines.append(f"    here: {told or 'nothing to say'}")
    return lines


def _model_text(model: ModelDescription) -> list[str]:
    sizes = f"{model.tickets} tickets, {model.experts} experts, {model.arcs} arcs, {model.limits} nested limits"
    if model.rows or model.columns:
        sizes += f", {model.rows} rows, {model.columns} columns"
    lines = [f"a {model.kind}: {sizes}" if model.kind == "network" else f"an {model.kind}: {sizes}"]
    lines += [f"  because of {reason}" for reason in model.because]
    return [*lines, f"  solved by {', '.join(model.methods[:3])}"]


def _listed(parameters: dict[str, Any]) -> str:
    return "; ".join(f"{key} {_shown(value)}" for key, value in parameters.items())


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{key} {_shown(one)}" for key, one in value.items() if one is not None) + ")"
    if isinstance(value, list | tuple):
        return " or ".join(map(_shown, value))
    return str(value)
