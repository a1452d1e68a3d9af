"""Why-questions about plans with constraints: against solving with the pair forced by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from deskmatch import Epoch, assign
from deskmatch.errors import ProblemError
from deskmatch.formulations.answers import Verdict
from deskmatch.formulations.constraints import Forbid, GroupLimit, MinService, Pin, TierQuota

Make = Callable[..., Epoch]
QUOTA = (TierQuota(tier=3, share=0.2), TierQuota(tier=2, share=0.2), MinService(at_least=1))


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5])
def test_losses_of_an_integer_program_are_those_of_pinning_and_forbidding(make_epoch: Make, seed: int) -> None:
    epoch = make_epoch(seed, tickets=12)
    plan = assign(epoch, constraints=QUOTA)
    problem = plan.model.problem
    assert not problem.is_network
    for arc in range(0, problem.n_arcs, 3):
        ticket, expert = epoch.tickets.ids[problem.ticket[arc]], epoch.desk.expert_ids[problem.expert[arc]]
        pinned = assign(epoch, constraints=[*QUOTA, Pin(pairs={ticket: expert})]).objective
        answer = plan.why_not(ticket, expert)
        if pinned is None:
            assert answer.verdict is Verdict.IMPOSSIBLE
            continue
        assert answer.loss == pytest.approx(plan.objective - pinned, abs=1e-7)
        if answer.loss and plan.certificate.optimal:
            assert "solved again" in answer.note
        if answer.chain:
            assert (answer.chain[0].ticket_id, answer.chain[0].after) == (ticket, expert)
        top = plan.top_experts(ticket, k=50).set_index("expert_id")
        assert top.loc[expert, "loss"] == pytest.approx(answer.loss)
    for ticket in epoch.tickets.ids[::4]:
        held = assign(epoch, constraints=[*QUOTA, Forbid(tickets={"ticket_id": ticket})]).objective
        loss = plan.loss_if_held(ticket)
        assert loss == pytest.approx(np.inf if held is None else plan.objective - held, abs=1e-7)
    with pytest.raises(ProblemError, match="an integer program, of which prices"):
        plan.prices()


def test_a_pair_that_a_constraint_takes_out_says_which(make_epoch: Make) -> None:
    epoch = make_epoch(3)
    plain = assign(epoch).model.problem
    ticket, expert = epoch.tickets.ids[plain.ticket[0]], epoch.desk.expert_ids[plain.expert[0]]
    rules = [Forbid(pairs=[(ticket, expert)]), Forbid(tickets={"ticket_id": "t11"}, name="other")]
    answer = assign(epoch, constraints=rules).why_not(ticket, expert)
    assert answer.verdict is Verdict.NOT_ALLOWED
    assert [obstacle.sentence for obstacle in answer.obstacles] == [
        f"the constraint forbid leaves {ticket} to {expert} out"
    ]


def test_a_limit_that_leaves_nothing_keeps_the_pair_an_arc(make_epoch: Make) -> None:
    epoch = make_epoch(3)
    plan = assign(epoch, constraints=[GroupLimit(at_most=0, each="expert")])
    problem = plan.model.problem
    ticket, expert = epoch.tickets.ids[problem.ticket[0]], epoch.desk.expert_ids[problem.expert[0]]
    assert plan.why_not(ticket, expert).verdict is not Verdict.NOT_ALLOWED
