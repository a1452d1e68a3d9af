"""`Formulation`: what is maximised; bound to a desk it turns each epoch into a problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch
from deskmatch.errors import ContractError, Defect, InputError
from deskmatch.formulations.arcs import Arcs, Situation, of_channel, situation_of, with_peers
from deskmatch.formulations.attention import attention
from deskmatch.formulations.availability import capacity, nested_limits, packing, room, stays
from deskmatch.formulations.constraints.from_routing import constraints_of
from deskmatch.formulations.constraints.protocol import Constraint, ModelArcs, as_constraints
from deskmatch.formulations.constraints.rules import Rules
from deskmatch.formulations.eligibility import Eligibility
from deskmatch.formulations.expected import expect_epoch
from deskmatch.formulations.fairness.forms import Fairness, as_fairness
from deskmatch.formulations.fairness.from_routing import fairness_of
from deskmatch.formulations.fairness.work import Work
from deskmatch.formulations.hurry import Hurry
from deskmatch.formulations.model import Model
from deskmatch.formulations.one_pass import OnePass
from deskmatch.formulations.pairs import open_pairs
from deskmatch.formulations.terms import DEFAULT_TERMS, Term, TicketTerm, as_term
from deskmatch.heuristics.clock import Clock
from deskmatch.prediction import ResolutionModel
from deskmatch.routing import Routing
from deskmatch.solver import Problem
from deskmatch.solver.problem import LARGEST

if TYPE_CHECKING:
    from deskmatch.formulations.description import Description
    from deskmatch.formulations.plan import Plan

__all__ = ["BoundFormulation", "Formulation"]

RESERVED = frozenset({"ticket_id", "expert_id", "points", "reason"})
"""Columns of every plan, which no term may be called."""


@dataclass(frozen=True, slots=True)
class Formulation:
    """The terms of the objective, the settings that weigh them, and the constraints.

    maximise  Σ over assigned pairs of  acceptance_j · Σ_k weight_k · value_k(i, j) · (importance_i where term k scales)
    − penalties of the soft constraints that are missed − weighted cost of unfairness

    A held ticket is worth 0 points, so a pair whose points are negative is left waiting.

    Parameters
    ----------
    routing : settings per channel; anything that `Routing.load` takes.
    terms : the aims, as `Term` objects or plain functions of `Arcs`; their names must be distinct.
    resolution : predicts resolution; None: the epoch's pair table, and proficiency where it says nothing.
    constraints : rules over the assignments (`deskmatch.formulations.constraints`), hard or with a penalty, after those
        of the routing.
    fairness : a convex cost of the experts' new work (`AlphaFairness`, `SlotCost`), times its weight; None: that of the
        routing, if it has one.

    Examples
    --------
    >>> from deskmatch.formulations import Formulation
    >>> [term.name for term in Formulation().terms][:3]
    ['resolution', 'waiting', 'abandonment']
    """

    routing: Routing = field(default_factory=Routing)
    terms: tuple[Term, ...] = DEFAULT_TERMS
    resolution: ResolutionModel | None = None
    constraints: tuple[Constraint, ...] = ()
    fairness: Fairness | None = None

    def __post_init__(self) -> None:
        given: tuple[Term | Callable[[Arcs], NDArray[np.float64]], ...] = self.terms
        terms = tuple(as_term(term) for term in given)
        object.__setattr__(self, "terms", terms)
        names = [term.name for term in self.terms]
        taken = sorted(RESERVED & set(names))
        if taken:
            raise ContractError(f"terms: {', '.join(taken)} is the name of a column of every plan; choose another")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ContractError(f"terms: {', '.join(twice)} occur more than once; expected distinct names")
        object.__setattr__(self, "fairness", as_fairness(self.fairness))
        fairness_of(self.routing)  # what is wrong there is told now
        object.__setattr__(self, "constraints", as_constraints(self.constraints))
        taken = sorted((RESERVED | set(names)) & set(self.named_constraints))
        if taken:
            raise ContractError(f"constraints: {', '.join(taken)} is the name of a column of the plan; choose another")

    @property
    def cost_of_unfairness(self) -> Fairness | None:
        """What unfairness costs: `fairness`, or that of the routing where there is none; None: nothing."""
        return fairness_of(self.routing) if self.fairness is None else self.fairness

    @property
    def named_constraints(self) -> dict[str, Constraint]:
        """All constraints by name, those of the routing first; the second of a name is called ``"name 2"``, etc."""
        named: dict[str, Constraint] = {}
        every: tuple[Constraint, ...] = (*constraints_of(self.routing), *self.constraints)
        for constraint in every:
            name, number = constraint.name, 1
            while name in named:
                number += 1
                name = f"{constraint.name} {number}"
            named[name] = constraint
        return named

    @classmethod
    def of(
        cls,
        routing: Routing | Mapping[str, object] | str | Path | None = None,
        *,
        resolution: ResolutionModel | None = None,
        constraints: Iterable[Constraint] = (),
        fairness: Fairness | None = None,
    ) -> Formulation:
        """The default terms under settings from a file, a mapping, a `Routing`, or none."""
        return cls(
            routing=Routing.load(routing),
            resolution=resolution,
            constraints=as_constraints(constraints),
            fairness=fairness,
        )

    def adding(self, *terms: Term | Callable[[Arcs], NDArray[np.float64]]) -> Formulation:
        """This formulation with further terms.

        Examples
        --------
        >>> def night_owl(arcs):
        ...     return 0.1 * (arcs.epoch.tickets.waited_s[arcs.ticket] > 3600)
        >>> Formulation().adding(night_owl).terms[-1].name
        'night_owl'
        """
        return replace(self, terms=(*self.terms, *terms))  # type: ignore[arg-type]

    def under(self, *constraints: Constraint) -> Formulation:
        """This formulation with further constraints.

        Examples
        --------
        >>> from deskmatch.formulations.constraints import GroupLimit
        >>> list(Formulation().under(GroupLimit(at_most=9), GroupLimit(at_most=1, each="expert")).named_constraints)
        ['group_limit', 'group_limit 2']
        """
        return replace(self, constraints=(*self.constraints, *constraints))

    def describe(self, epoch: Epoch | None = None) -> Description:
        """The mathematics: every term and constraint with its formula and parameters.

        Parameters
        ----------
        epoch : adds the sizes of its problem, whether that is a network or an integer program, and what makes it one.

        Examples
        --------
        >>> print(str(Formulation().describe()).splitlines()[0])
        maximise Σ x_ij · acceptance_j · Σ_k weight_k · value_k(i, j) · (importance_i where term k scales) − penalties
        """
        from deskmatch.formulations.description import describe

        return describe(self, epoch)

    def bind(self, desk: Desk) -> BoundFormulation:
        """Prepare the eligibility of this desk; do it once per roster, then `BoundFormulation.build` each epoch."""
        return BoundFormulation(self, desk)


class BoundFormulation:
    """A formulation prepared for one desk.

    Parameters
    ----------
    formulation : what is maximised.
    desk : the experts; every epoch given to `build` must be of this desk.
    """

    def __init__(self, formulation: Formulation, desk: Desk) -> None:
        self.formulation = formulation
        self.desk = desk
        self.channels = formulation.routing.for_desk(desk)
        self.eligibility = Eligibility(desk, self.channels)
        self.constraints = formulation.named_constraints
        self._one_pass = OnePass(self)

    def problem(self, epoch: Epoch) -> Problem:
        """The assignment problem of one epoch alone, for policies that are asked very often; compiled where it can be.

        It is that of `build` up to rounding; the first call may wait for the compiler. Arguments and errors as there.
        """
        self._check_desk(epoch)
        problem = self._one_pass.problem(epoch)
        return self.build(epoch).problem if problem is None else problem

    def build(self, epoch: Epoch, *, clock: Clock | None = None) -> Model:
        """The assignment problem of one epoch.

        Parameters
        ----------
        epoch : the instant.
        clock : when a plan must be there. Then pairs for which there is no time are left out, evenly, and a resolution
            model that is late or fails is replaced by the constant one; `Model.notes` says so. None: all is built.

        Raises
        ------
        InputError
            If the epoch is of another desk.
        RoutingError
            If opening hours are set and the epoch has no `now`.
        ContractError
            If a term or the resolution model answers with the wrong shape or with numbers that are not finite.
        """
        self._check_desk(epoch)
        situation = situation_of(
            epoch,
            self.channels,
            self.eligibility,
            self.formulation.resolution,
            self.formulation.routing.epoch_s,
        )
        free = room(epoch, self.channels)
        quick = self._one_pass.problem(epoch) if clock and self._one_pass.is_quick(epoch, clock.left_s) else None
        if quick is not None:
            situation = with_peers(situation, quick.ticket, quick.expert)
            return Model(formulation=self, situation=situation, room=free, problem=quick)
        hurry = None if clock is None else Hurry(clock, has_rules=bool(self.formulation.constraints))
        most = capacity(epoch, self.channels, free)
        takes = (free > 0) & stays(epoch, self.channels) & (most > 0)[:, None]
        pairs = open_pairs(epoch, situation, takes) if hurry is None else hurry.open_pairs(epoch, situation, takes)
        situation = with_peers(situation, pairs.ticket, pairs.expert)
        if hurry is None:
            points = self.points(Arcs(situation, pairs.ticket, pairs.expert))
        else:
            situation = hurry.ask(situation, pairs)
            pairs, points = hurry.points(self.points, situation, pairs)
        asked = attention(epoch, self.channels)
        arcs = ModelArcs(situation, pairs.ticket, pairs.expert, room=free, capacity=most, attention=asked)
        problem = self._fair(_network(arcs, points), situation)
        rules = None
        if self.constraints:
            rules = Rules.of(self.constraints, arcs, problem)
            problem = rules.problem
        if hurry is not None:
            hurry.learn(problem.n_arcs)
        return Model(
            formulation=self,
            situation=situation,
            room=free,
            problem=problem,
            rules=rules,
            unseen=pairs.unseen,
            is_whole=pairs.is_whole,
            notes=() if hurry is None else tuple(hurry.told(pairs)),
        )

    def assign(self, epoch: Epoch, *, method: str = "auto", deadline_s: float | None = None) -> Plan:
        """Build, solve, certify and recover; see `deskmatch.assign`."""
        from deskmatch.formulations.answering import answer

        return answer(self, epoch, method=method, deadline_s=deadline_s, started=perf_counter())

    def points(self, arcs: Arcs) -> NDArray[np.float64]:
        """``(arcs,)`` the points of each arc: the sum of its weighted terms, but for rounding.

        What depends on the ticket alone (`TicketTerm`) is summed before it is spread over the arcs.
        """
        epoch = arcs.epoch
        scaled, plain = np.zeros(epoch.n_tickets), np.zeros(epoch.n_tickets)
        counted = [term for term in self.formulation.terms if self.channels.weight(term.name).any()]
        others: list[Term] = []
        for term in counted:
            if hasattr(term, "of_tickets"):
                weight = self.channels.weight(term.name)
                values = of_channel(epoch.tickets, weight) * cast(TicketTerm, term).of_tickets(arcs.situation)
                if term.scales_with_importance:
                    scaled += values
                else:
                    plain += values
            else:
                others.append(term)
        total = (scaled * epoch.tickets.importance + plain).take(arcs.ticket)
        if not np.isfinite(total.sum()):
            total, others = np.zeros(len(arcs)), counted
        elif arcs.acceptance is not None:
            total *= arcs.acceptance
        for term in others:
            total += self._weighted(term, arcs)
        return total

    def weighted_terms(self, arcs: Arcs) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Each term's name with its ``(arcs,)`` weighted points, acceptance and importance included."""
        for term in self.formulation.terms:
            counts = self.channels.weight(term.name).any()
            yield term.name, self._weighted(term, arcs) if counts else np.zeros(len(arcs))

    def term_values(self, term: Term, arcs: Arcs) -> NDArray[np.float64]:
        """``(arcs,)`` what a term adds at weight 1, acceptance and importance included.

        Raises
        ------
        ContractError
            If the term answers with the wrong shape or with numbers that are not finite.
        """
        values = _checked(term, arcs)
        if term.scales_with_importance:
            values = values * arcs.importance
        return values if arcs.acceptance is None else values * arcs.acceptance

    def _weighted(self, term: Term, arcs: Arcs) -> NDArray[np.float64]:
        """``(arcs,)`` the weighted points of one term."""
        weight, values = self.channels.weight(term.name), self.term_values(term, arcs)
        if (weight == weight[0]).all():
            return values if weight[0] == 1.0 else values * weight[0]
        return values * weight[arcs.epoch.tickets.channel].take(arcs.ticket)

    def _fair(self, problem: Problem, situation: Situation) -> Problem:
        """The problem with the cost of unfairness taken off its points."""
        fairness = self.formulation.cost_of_unfairness
        if fairness is None or fairness.weight == 0:
            return problem
        work = Work.of(situation, problem.ticket, problem.expert, window_s=fairness.window_s)
        return fairness.curve(work).times(fairness.weight).added(problem)

    def _check_desk(self, epoch: Epoch) -> None:
        expect_epoch(epoch)
        if not self.desk.equals(epoch.desk):
            accepted = "expected the desk that the formulation is bound to, or one with the same content; bind again"
            raise InputError([Defect("epoch", None, "desk", repr(epoch.desk), accepted)])


def _network(arcs: ModelArcs, points: NDArray[np.float64]) -> Problem:
    """The problem without constraints: a network, or with usage a generalised assignment problem."""
    epoch = arcs.epoch
    indptr = np.zeros(epoch.n_tickets + 1, np.int32)
    np.cumsum(np.bincount(arcs.ticket, minlength=epoch.n_tickets), out=indptr[1:])
    known = {
        "n_tickets": epoch.n_tickets,
        "n_experts": epoch.n_experts,
        "indptr": indptr,
        "expert": arcs.expert,
        "points": points,
        "hold": np.zeros(epoch.n_tickets),
        "slot_cost": np.zeros((epoch.n_experts, 1)),
    }
    if arcs.attention is not None:
        packed = packing(arcs.attention, arcs.room, arcs.capacity, arcs.expert, arcs.channel)
        units = {"capacity": packed.capacity, "limits": packed.limits, "usage": packed.usage, "side": packed.side}
        return Problem(**known, **units)  # type: ignore[arg-type]
    most, limits = nested_limits(arcs.room, arcs.capacity, arcs.expert, arcs.channel)
    if not np.abs(points.sum()) < LARGEST or np.abs(points).max(initial=0.0) > LARGEST:
        return Problem(**known, capacity=most, limits=limits)  # type: ignore[arg-type]  # refuses them in words
    degree = np.bincount(arcs.expert, minlength=epoch.n_experts).astype(np.int32)
    return Problem._trusted(
        **known, capacity=most, limits=limits, usage=None, side=None, ticket=arcs.ticket, degree=degree
    )


def _checked(term: Term, arcs: Arcs) -> NDArray[np.float64]:
    try:
        values = np.asarray(term.values(arcs))
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise ContractError(f"term {term.name!r}: writes to what it is shown ({error})") from error
    if values.dtype.kind not in "biuf":
        raise ContractError(f"term {term.name!r}: expected numbers, got {values.dtype}")
    values = values.astype(np.float64, copy=False)
    if values.shape != (len(arcs),):
        raise ContractError(f"term {term.name!r}: expected values of shape ({len(arcs)},), got {values.shape}")
    with np.errstate(all="ignore"):
        if np.isfinite(values.sum()):  # twice as fast as looking at each, and huge ones are looked at below
            return values
    wrong = ~np.isfinite(values)
    if wrong.any():
        arc = int(np.argmax(wrong))
        pair = (arcs.epoch.tickets.ids[arcs.ticket[arc]], arcs.epoch.desk.expert_ids[arcs.expert[arc]])
        raise ContractError(
            f"term {term.name!r}: {values[arc]} for ticket {pair[0]!r}, expert {pair[1]!r}; expected finite"
        )
    return values
