"""Why, exactly: what each alternative would cost the whole desk, and who would move; behind the methods of `Plan`."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.formulations.answers import ExpertPrice, Step, Verdict, WhyNot
from deskmatch.formulations.basis import Basis, expert_row, ticket_row
from deskmatch.formulations.eligibility import is_excluded
from deskmatch.formulations.model import Model
from deskmatch.formulations.obstacles import obstacles, stays_when_free
from deskmatch.solver.evaluation import violations
from deskmatch.solver.forcing import ForcedSolves
from deskmatch.solver.regret import Forced, Regrets

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["expert_price", "loss_if_held", "prices", "ticket_prices", "top_experts", "why_not"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


def top_experts(basis: Basis, ticket_id: str, k: int) -> pd.DataFrame:
    """See `Plan.top_experts`."""
    import pandas as pd

    model = basis.model
    row = ticket_row(model.epoch, ticket_id)
    experts, losses, points, now = _ranked(basis, row, k)
    names, free_in = model.epoch.desk.expert_ids, model.epoch.staffing.free_in_s[experts]
    frame = pd.DataFrame(
        {
            "expert_id": [names[expert] for expert in experts.tolist()],
            "loss": losses,
            "points": points,
            **model.weighted_terms(np.full(len(experts), row, np.int32), experts),
            "now": now,
            "free_in_s": free_in,
        }
    )
    frame.attrs["note"] = basis.note
    return frame


def why_not(basis: Basis, ticket_id: str, expert_id: str) -> WhyNot:
    """See `Plan.why_not`."""
    model = basis.model
    row, expert = ticket_row(model.epoch, ticket_id), expert_row(model.epoch, expert_id)
    found = obstacles(model, row, expert)
    if any(not obstacle.kind.passes_with_time for obstacle in found):
        return WhyNot(ticket_id, expert_id, Verdict.NOT_ALLOWED, found, note=basis.note)
    points = float(model.points(np.array([row], np.int32), np.array([expert], np.int32))[0])
    if found and isinstance(basis.regrets, ForcedSolves):
        return WhyNot(ticket_id, expert_id, Verdict.NOT_NOW, found, points=points, note=basis.note)
    if found and isinstance(basis.regrets, Regrets):
        forced, verdict = basis.regrets.virtual(row, expert, points), Verdict.NOT_NOW
    else:
        forced = basis.regrets.forced(row, expert)
        verdict = _verdict(forced, assigned=bool(basis.expert_of[row] == expert))
    return WhyNot(
        ticket_id=ticket_id,
        expert_id=expert_id,
        verdict=verdict,
        obstacles=found,
        points=points,
        loss=forced.loss,
        chain=_chain(model, forced),
        note=basis.note,
    )


def loss_if_held(basis: Basis, ticket_id: str) -> float:
    """See `Plan.loss_if_held`."""
    return basis.regrets.held(ticket_row(basis.model.epoch, ticket_id)).loss


def prices(basis: Basis) -> pd.DataFrame:
    """See `Plan.prices`."""
    import pandas as pd

    problem, found = basis.model.problem, basis.expert_prices
    frame = pd.DataFrame(
        {
            "expert_id": list(basis.model.epoch.desk.expert_ids),
            "slots": problem.capacity,
            "used": basis.graph.load,
            "least": np.where(problem.capacity > 0, found.least, _if_free(basis)),
            "greatest": found.greatest,
        }
    )
    frame.attrs["note"] = basis.note
    return frame


def expert_price(basis: Basis, expert_id: str, frame: pd.DataFrame) -> ExpertPrice:
    """See `Plan.expert_price`; `frame` is that of `prices`."""
    row = expert_row(basis.model.epoch, expert_id)
    slots, used, least, greatest = (frame[name].iloc[row] for name in ("slots", "used", "least", "greatest"))
    return ExpertPrice(
        expert_id=expert_id,
        slots=int(slots),
        used=int(used),
        least=float(least),
        greatest=None if math.isnan(greatest) else float(greatest),
        note=basis.note,
    )


def ticket_prices(basis: Basis) -> pd.DataFrame:
    """See `Plan.ticket_prices`."""
    import pandas as pd

    found, ids = basis.ticket_prices, basis.model.epoch.tickets.ids
    frame = pd.DataFrame({"ticket_id": list(ids), "least": found.least, "greatest": found.greatest})
    frame.attrs["note"] = basis.note
    return frame


def _ranked(basis: Basis, row: int, k: int) -> tuple[Int32, Float64, Float64, list[str]]:
    """The k experts of least loss (then most points, then the desk's order): rows, losses, points, state."""
    problem = basis.model.problem
    start = int(problem.indptr[row])
    experts, losses = basis.regrets.losses(row)
    busy, their_points, virtual = np.zeros(0, np.int32), np.zeros(0), np.zeros(0)
    if isinstance(basis.regrets, Regrets):
        busy, their_points = _busy(basis.model, row)
        virtual = basis.regrets.virtual_losses(row, busy, their_points)
    everyone, lost = np.concatenate([experts, busy]), np.concatenate([losses, virtual])
    points = np.concatenate([problem.points[start : start + len(experts)], their_points])
    best = np.lexsort((everyone, -points, lost))[: max(k, 0)]
    now = [_state(basis, row, start + place) if place < len(experts) else "busy" for place in best.tolist()]
    return everyone[best], lost[best], points[best], now


def _state(basis: Basis, row: int, arc: int) -> str:
    problem = basis.model.problem
    if basis.expert_of[row] == problem.expert[arc]:
        return "assigned"
    if basis.is_network:
        return "free" if basis.graph.has_room(arc) else "full"
    trial = basis.expert_of.copy()
    trial[row] = problem.expert[arc]
    return "full" if violations(replace(problem, side=None), trial) else "free"


def _busy(model: Model, row: int) -> tuple[Int32, Float64]:
    """The busy experts who may serve a ticket once they are free, and the points of those pairs."""
    ticket, expert = _pairs_if_free(model, model.epoch.staffing.free_in_s > 0)
    experts = expert[ticket == row]
    return experts, model.points(np.full(len(experts), row, np.int32), experts)


def _if_free(basis: Basis) -> Float64:
    """``(experts,)`` what one free slot of each expert who has none would bring: max(0, p − c − ticket's price)."""
    model, problem = basis.model, basis.model.problem
    ticket, expert = _pairs_if_free(model, problem.capacity == 0)
    worth = model.points(ticket, expert) - problem.slot_cost[expert, 0]
    value = np.zeros(problem.n_experts)
    np.maximum.at(value, expert, worth - basis.ticket_prices.greatest[ticket])
    return value


def _pairs_if_free(model: Model, some: NDArray[np.bool_]) -> tuple[Int32, Int32]:
    """All pairs that the rules would allow with some experts if these were free."""
    epoch, situation = model.epoch, model.situation
    ticket, expert = situation.eligibility.static_arcs(epoch.tickets, situation.stage)
    ticket, expert = ticket[some[expert]], expert[some[expert]]
    stays = stays_when_free(epoch, situation.channels)[expert, epoch.tickets.channel[ticket]]
    keep = stays & ~is_excluded(epoch, ticket, expert)
    return ticket[keep], expert[keep]


def _verdict(forced: Forced, *, assigned: bool) -> Verdict:
    if assigned:
        return Verdict.ASSIGNED
    if forced.loss == math.inf:
        return Verdict.IMPOSSIBLE
    return Verdict.WORSE if forced.loss > 0 else Verdict.AS_GOOD


def _chain(model: Model, forced: Forced) -> tuple[Step, ...]:
    tickets, experts = model.epoch.tickets.ids, model.epoch.desk.expert_ids
    return tuple(
        Step(
            ticket_id=tickets[move.ticket],
            before=experts[move.before] if move.before >= 0 else None,
            after=experts[move.after] if move.after >= 0 else None,
            gain=move.gain,
        )
        for move in forced.moves
    )
