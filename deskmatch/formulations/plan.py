"""`Plan`: a solution in the words of the desk — who serves whom, who waits and why, and how good it provably is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.formulations import why
from deskmatch.formulations.answers import ExpertPrice, WhyNot
from deskmatch.formulations.basis import Basis
from deskmatch.formulations.constraints.conflict import Conflict, find_conflict, relaxed
from deskmatch.formulations.constraints.prices import constraint_prices
from deskmatch.formulations.constraints.tightness import tightness
from deskmatch.formulations.model import Model
from deskmatch.formulations.reasons import hold_reasons
from deskmatch.frozen import Frozen
from deskmatch.heuristics import Attempt, Ending
from deskmatch.solver import Certificate, Solution, Status, solve
from deskmatch.solver.evaluation import arcs_chosen, violations

if TYPE_CHECKING:
    import pandas as pd

    from deskmatch.epochs import Intake
    from deskmatch.formulations.tradeoffs.roster import Added
    from deskmatch.formulations.tradeoffs.scenario import WhatIf
    from deskmatch.routing import Routing

__all__ = ["Plan"]

_QUOTED = re.compile(r"'[^']*'(?: and '[^']*')*")
_TICKET_ROW, _EXPERT_ROW = re.compile(r"\bticket (\d+)\b"), re.compile(r"\bexpert (\d+)\b")
_NAMES = "{names}"
_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True, eq=False)
class Plan(Frozen):
    """Which waiting ticket goes to which expert now, which tickets are held and why, and the proof of its quality.

    It holds its `Model`, so that it can answer questions later. Frames are made when they are asked for.

    Parameters
    ----------
    model : the epoch as a problem.
    solution : the answer in rows and columns.
    certificate : what `certify` proved of it.
    elapsed_s : seconds that the decision took, certificate included.
    attempts : what was tried to find the solution, in order: what answered, what was cut off, what failed.
    """

    model: Model
    solution: Solution
    certificate: Certificate
    elapsed_s: float
    attempts: tuple[Attempt, ...] = ()
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)
    _bases: dict[str, Basis] = field(default_factory=dict, init=False, repr=False)

    @property
    def expert_of(self) -> dict[str, str]:
        """The expert's id for each assigned ticket's id, in the tickets' order; for services, without pandas."""
        ids, experts = self.model.epoch.tickets.ids, self.model.epoch.desk.expert_ids
        chosen = self.solution.expert_of.tolist()
        return {ids[row]: experts[expert] for row, expert in enumerate(chosen) if expert >= 0}

    @property
    def assignments(self) -> pd.DataFrame:
        """``ticket_id, expert_id, points`` and one column of weighted points per term, which add up to ``points``."""
        return self._frame("assignments", self._assignments)

    @property
    def held(self) -> pd.DataFrame:
        """``ticket_id, reason`` of every ticket that is not assigned, those with bad rows included."""
        return self._frame("held", self._held)

    @property
    def status(self) -> Status:
        """What is proven of the plan: optimal, feasible (a better one may exist), infeasible, or unknown."""
        if self.certificate.feasible:
            return Status.OPTIMAL if self.certificate.optimal else Status.FEASIBLE
        return Status.INFEASIBLE if self.solution.status is Status.INFEASIBLE else Status.UNKNOWN

    @property
    def objective(self) -> float | None:
        """Total points; None where there is no feasible plan."""
        return self.certificate.objective

    @property
    def bound(self) -> float | None:
        """No plan has more points than this (proven)."""
        return self.certificate.proven_bound

    @property
    def gap(self) -> float | None:
        """``bound − objective`` in points, ≥ 0; 0: optimal."""
        return self.certificate.gap

    @property
    def method(self) -> str:
        """Which solver or heuristic answered."""
        return self.solution.method

    @property
    def notes(self) -> tuple[str, ...]:
        """What a deadline cut off, and what failed on the way, as sentences; empty where nothing was."""
        untold = (Ending.ANSWERED, Ending.NOT_STARTED)
        return (*self.model.notes, *(str(attempt) for attempt in self.attempts if attempt.ending not in untold))

    @property
    def violates(self) -> tuple[str, ...]:
        """Every rule that the plan breaks, as sentences: empty unless no plan was found that keeps them all."""
        if self.certificate.feasible:
            return ()
        epoch, solution = self.model.epoch, self.solution
        broken = violations(self.model.problem, solution.expert_of, solution.extra)
        return tuple(_in_ids(sentence, epoch.tickets.ids, epoch.desk.expert_ids) for sentence in broken)

    @property
    def intake(self) -> Intake:
        """What was held, left out and counted while the tables were read."""
        return self.model.epoch.intake

    @property
    def constraints(self) -> pd.DataFrame:
        """How tight each rule of each constraint is: ``constraint, row, left, sense, right, room, missed, penalty, …``.

        ``row`` says what the rule is about (an expert, a ticket, the desk); ``room`` is how much further the left side
        could go, ``missed`` by how many units the rule is missed, ``penalty`` the points per unit (nan: hard), ``cost``
        what the penalty takes off the total, and ``tight`` whether no room is left. Where no plan keeps every rule,
        these are the numbers of holding everybody.
        """
        return self._frame("constraints", lambda: tightness(self.model.rules, self.solution.expert_of))

    def constraint_prices(self, *, time_limit_s: float | None = None) -> pd.DataFrame:
        """What each constraint costs: ``constraint, least, greatest, proof, points_without, assigned_without``.

        The epoch is solved once more without each constraint. Its price is what the total gains by that, the penalties
        that it takes included. Prices do not add up: of two rules that forbid the same, neither alone costs anything.
        ``least`` and ``greatest`` differ where a gap remains; they are infinite where no plan keeps every rule and this
        one alone is in the way. ``proof`` is *claimed* where the bounds are a solver's word.

        Parameters
        ----------
        time_limit_s : for each solve that is an integer program; None: to the end.
        """
        return constraint_prices(self.model.rules, self.solution, self.certificate, time_limit_s=time_limit_s)

    def conflict(
        self, *, weights: Mapping[str, float] | None = None, time_limit_s: float | None = None
    ) -> Conflict | None:
        """Which hard rules contradict one another, and the cheapest relaxation; None where some plan keeps them all.

        Parameters
        ----------
        weights : what a unit of giving way counts, by the names of constraints; 1 where none is said.
        time_limit_s : for each of the solves; None: to the end.

        Raises
        ------
        ProblemError
            On weights that are no numbers > 0, or of constraints that do not exist.
        """
        rules = self.model.rules
        return None if rules is None else find_conflict(rules, weights=weights, time_limit_s=time_limit_s)

    def relaxed(self, *, weights: Mapping[str, float] | None = None, time_limit_s: float | None = None) -> Plan:
        """The best plan once the rules in conflict give way as the cheapest relaxation says; this plan where none need.

        The parameters are those of `conflict`.
        """
        conflict = self.conflict(weights=weights, time_limit_s=time_limit_s)
        if conflict is None or self.model.rules is None:
            return self
        rules = relaxed(self.model.rules, conflict)
        model = replace(self.model, rules=rules, problem=rules.problem)
        return model.recover(solve(rules.problem, time_limit_s=time_limit_s))

    def top_experts(self, ticket_id: str, k: int = 5) -> pd.DataFrame:
        """The best k experts for a ticket, given everybody else, each with what the whole desk would lose.

        Parameters
        ----------
        ticket_id : the ticket.
        k : at most so many experts.

        Returns
        -------
        ``expert_id, loss, points, …terms, now, free_in_s``, least loss first: ``loss`` is what the total would lose,
        exactly, if the ticket were forced to the expert and everyone else moved as well as can be; 0: as good as
        the plan; inf: a ticket that must be assigned would have no expert. ``now`` is *assigned* (this ticket),
        *free* (a place is left), *full* (others have the places) or *busy*: not available before ``free_in_s``,
        ranked as if one slot were free, so that the loss is negative where waiting for them would gain.
        ``attrs["note"]`` says which plan this is told of, where this one is not optimal. Where constraints make the
        problem an integer program, it is solved again for each expert, which is then told as its solver claims, and
        busy experts are left out.

        Raises
        ------
        UnknownIdError
            Names the nearest ids.
        ProblemError
            Where no plan keeps every rule.
        """
        return why.top_experts(self._basis(), ticket_id, k)

    def why_not(self, ticket_id: str, expert_id: str) -> WhyNot:
        """Why a ticket does not go to an expert: the rules in the way, or the loss and who would have to move.

        A plan that is not proven optimal, such as a greedy one, is solved exactly first; ``note`` says so. Where
        constraints make the problem an integer program, it is solved again with the pair.

        Raises
        ------
        UnknownIdError
            Names the nearest ids.
        ProblemError
            Where no plan keeps every rule.
        """
        return why.why_not(self._basis(), ticket_id, expert_id)

    def loss_if_held(self, ticket_id: str) -> float:
        """What the best total would lose if this ticket were held: 0 where it is, inf where it must be assigned."""
        return why.loss_if_held(self._basis(), ticket_id)

    def prices(self) -> pd.DataFrame:
        """What the experts' time is worth now: ``expert_id, slots, used, least, greatest``.

        ``least`` is what the total would gain by one more slot of the expert's total, the channels' limits unchanged;
        for an expert without slots (busy, full, or nobody to serve) by one free slot on any channel. ``greatest`` is
        what it would lose by one slot less; inf where a ticket that must be assigned would have no expert, nan where
        there is no slot.
        """
        return self._frame("prices", lambda: why.prices(self._basis()))

    def expert_price(self, expert_id: str) -> ExpertPrice:
        """One expert's row of `prices`, in words.

        Raises
        ------
        UnknownIdError
            Names the nearest ids.
        """
        return why.expert_price(self._basis(), expert_id, self.prices())

    def ticket_prices(self) -> pd.DataFrame:
        """What each ticket brings: ``ticket_id, least, greatest``.

        ``greatest`` is what the total would lose without the ticket, ``least`` what a second one like it would add.
        """
        return self._frame("ticket_prices", lambda: why.ticket_prices(self._basis()))

    def what_if(
        self,
        *,
        routing: Routing | Mapping[str, object] | str | Path | None = None,
        add_experts: Added | None = None,
        remove_experts: Iterable[str] | str = (),
        time_limit_s: float | None = None,
    ) -> WhatIf:
        """The best plan under other settings or with another roster, beside this one.

        Parameters
        ----------
        routing : a mapping changes the settings that it names, such as ``{"weights": {"waiting": 2}}``, and leaves the
            others; a `Routing` or the path of a routing.toml replaces them all.
        add_experts : ``{"new": "E12"}``: an idle expert like E12 (with a fitted resolution model the new one is a
            stranger, though); or a table of experts with the columns of docs/tables.md.
        remove_experts : ids of experts who are not there.
        time_limit_s : seconds for integer programs; networks take no limit.

        Returns
        -------
        WhatIf
            The change in every term, and who goes elsewhere. A plan that is not optimal is solved exactly first.

        Raises
        ------
        InputError
            Where nothing is to change, or experts are unknown, or there already.
        RoutingError
            For wrong settings.

        Examples
        --------
        >>> import deskmatch
        >>> epoch = deskmatch.Epoch.from_tables("examples/desk/tickets.csv", "examples/desk/experts.csv")
        >>> print(deskmatch.assign(epoch).what_if(remove_experts="E33").summary())
        66.9516 → 63.9939 points (-2.9577), 60 → 56 tickets assigned, 10 go elsewhere
        """
        from deskmatch.formulations.tradeoffs.scenario import what_if

        return what_if(
            self,
            routing=routing,
            add_experts=add_experts,
            remove_experts=remove_experts,
            time_limit_s=time_limit_s,
        )

    def to_frame(self) -> pd.DataFrame:
        """Every ticket in one table: ``ticket_id, expert_id, points, …terms, reason``; nothing is left out."""
        import pandas as pd

        if not len(self.held):
            return self.assignments.assign(reason=None)
        if not len(self.assignments):
            return self.held.reindex(columns=[*self.assignments.columns, "reason"])
        return pd.concat([self.assignments, self.held], ignore_index=True)

    def to_csv(self, path: str | Path | None = None) -> str | None:
        """`to_frame` as CSV: written to `path`, or returned as text where there is none."""
        text = self.to_frame().to_csv(index=False, lineterminator="\n")
        return _written(text, path)

    def to_json(self, path: str | Path | None = None) -> str | None:
        """The plan as JSON: written to `path`, or returned as text where there is none."""
        import json

        return _written(json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n", path)

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain Python values, ready for JSON."""
        return {
            "status": str(self.status),
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "proof": str(self.certificate.proof),
            "method": self.method,
            "elapsed_s": self.elapsed_s,
            "assignments": self.assignments.to_dict(orient="records"),
            "held": self.held.to_dict(orient="records"),
            "constraints": _plain(self.constraints),
            "attempts": [str(attempt) for attempt in self.attempts],
            "cut_off": list(self.notes),
            "violates": list(self.violates),
            "experts_left_out": [{"expert_id": name, "reason": why} for name, why in self.intake.left_out],
            "notes": dict(self.intake.notes),
        }

    def summary(self) -> str:
        """The plan in one line."""
        waiting = self.model.epoch.n_tickets + len(self.intake.held)
        assigned = len(self.assignments)
        experts = len(np.unique(self.solution.expert_of[self.solution.expert_of >= 0]))
        head = f"{assigned} of {waiting} tickets assigned to {experts} of {self.model.epoch.n_experts} experts"
        if self.objective is None:
            broken = f" · rules broken: {len(self.violates)}" if assigned else ""
            return f"{head} · {self.status} · by {self.method} in {self.elapsed_s * 1e3:.0f} ms{broken}"
        proof = "proven optimal" if self.status is Status.OPTIMAL else f"{self.status}, {_gap(self.gap)}"
        return f"{head} · {self.objective:.4f} points, {proof} · by {self.method} in {self.elapsed_s * 1e3:.0f} ms"

    def held_by_reason(self) -> dict[str, list[str]]:
        """The held tickets of each kind of reason, most frequent first.

        Reasons that differ only in the names that they quote are one kind, told with the first of those names; who
        outbids whom, and what is wrong in a bad row, is left out.
        """
        tickets: dict[str, list[str]] = defaultdict(list)
        names: dict[str, dict[str, None]] = defaultdict(dict)
        for ticket, reason in self.held.itertuples(index=False):
            kind = _kind(reason)
            tickets[kind].append(ticket)
            names[kind].update(dict.fromkeys(_QUOTED.findall(reason)))
        most_first = sorted(tickets, key=lambda kind: -len(tickets[kind]))
        return {kind.replace(_NAMES, _listed(list(names[kind]))): tickets[kind] for kind in most_first}

    def __str__(self) -> str:
        lines = [self.summary()]
        if self.status is Status.INFEASIBLE and self.model.rules is not None:
            lines += ["plan.conflict() says which rules contradict one another, plan.relaxed() what to do about it"]
        if len(self.assignments):
            lines += ["", self._best(20).to_string(index=False, float_format="{:.3f}".format)]
        if len(self.held):
            lines += ["", f"{len(self.held)} held:"]
            lines += [f"  {len(tickets):>5}  {reason}" for reason, tickets in self.held_by_reason().items()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Plan: {self.summary()}>"

    def _repr_html_(self) -> str:
        from html import escape

        parts = [
            f"<p>{escape(self.summary())}</p>",
            self._best(20).to_html(index=False, float_format="{:.3f}".format),
        ]
        if len(self.held):
            rows = "".join(f"<li>{len(ids)} × {escape(why)}</li>" for why, ids in self.held_by_reason().items())
            parts.append(f"<p>{len(self.held)} held:</p><ul>{rows}</ul>")
        return "".join(parts)

    def whole(self) -> Plan:
        """The same plan, told against all pairs, where a deadline left some of them out; else this one."""
        if self.model.is_whole:
            return self
        return self.model.formulation.build(self.model.epoch).recover(self.solution)

    def _best(self, rows: int) -> pd.DataFrame:
        """The assignments with the most points, without the terms that are zero throughout."""
        frame = self.assignments.sort_values("points", ascending=False, kind="stable").head(rows)
        silent = [name for name in frame.columns[3:] if not self.assignments[name].any()]
        return frame.drop(columns=silent)

    def _basis(self) -> Basis:
        """The optimal plan that answers are told against, made at the first question."""
        if not self._bases:
            self._bases["exact"] = Basis(self)
        return self._bases["exact"]

    def _frame(self, name: str, make: Any) -> pd.DataFrame:
        if name not in self._frames:
            self._frames[name] = make()
        return self._frames[name].copy()

    def _assignments(self) -> pd.DataFrame:
        import pandas as pd

        epoch = self.model.epoch
        ticket, expert = self._chosen()
        terms = self.model.weighted_terms(ticket, expert)
        points = sum(terms.values(), np.zeros(len(ticket)))
        self._check_points(ticket, points)
        return pd.DataFrame(
            {
                "ticket_id": _picked(epoch.tickets.ids, ticket),
                "expert_id": _picked(epoch.desk.expert_ids, expert),
                "points": points,
                **terms,
            }
        )

    def _check_points(self, ticket: NDArray[np.int32], points: NDArray[np.float64]) -> None:
        """The points now are those of the problem, rounding aside; a term that is no pure function shows here."""
        problem = self.model.problem
        arcs = arcs_chosen(problem, self.solution.expert_of)[ticket]
        eligible = arcs >= 0
        if not np.allclose(points[eligible], problem.points[arcs[eligible]], rtol=1e-9, atol=1e-12):
            raise ContractError(
                "terms: the chosen pairs have other points now than when the problem was built; expected terms that"
                " depend on their own arc only and always answer alike (check_term finds which does not)"
            )

    def _held(self) -> pd.DataFrame:
        import pandas as pd

        rows = np.flatnonzero(self.solution.expert_of < 0).tolist()
        ids = _picked(self.model.epoch.tickets.ids, rows)
        reasons = hold_reasons(self.model, self.solution, rows)
        bad = self.intake.held
        return pd.DataFrame(
            {
                "ticket_id": [*ids, *(ticket for ticket, _ in bad)],
                "reason": [*reasons, *(f"bad row: {why}" for _, why in bad)],
            },
            dtype=object,
        )

    def _chosen(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        ticket = np.flatnonzero(self.solution.expert_of >= 0).astype(np.int32)
        return ticket, self.solution.expert_of[ticket]


def _in_ids(sentence: str, tickets: tuple[str, ...], experts: tuple[str, ...]) -> str:
    """A sentence about rows and columns, told with the desk's ids."""
    sentence = _TICKET_ROW.sub(lambda found: f"ticket {tickets[int(found[1])]!r}", sentence)
    return _EXPERT_ROW.sub(lambda found: f"expert {experts[int(found[1])]!r}", sentence)


def _picked(names: tuple[str, ...], rows: Any) -> list[str]:
    return [names[row] for row in rows]


def _gap(gap: float | None) -> str:
    return "no bound" if gap is None else f"at most {gap:.4g} points below the best"


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as plain values; None for nan."""
    return [
        {str(key): None if value != value else value for key, value in row.items()}
        for row in frame.to_dict(orient="records")
    ]


def _kind(reason: str) -> str:
    """A reason without what differs from ticket to ticket."""
    for start in ("outbid", "bad row"):
        if reason.startswith(start):
            return start
    return _QUOTED.sub(_NAMES, reason)


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _written(text: str, path: str | Path | None) -> str | None:
    if path is None:
        return text
    Path(path).write_text(text, encoding="utf-8")
    return None
