"""Epochs of 30 tickets and 20 experts, every constraint switched on at random: three solvers and the certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from deskmatch import Epoch, Formulation, certify, solve
from deskmatch.formulations import Model
from deskmatch.formulations.constraints import (
    Balance,
    Bundle,
    Constraint,
    Forbid,
    GroupLimit,
    MinService,
    Pin,
    Reserve,
    Stability,
    TierQuota,
)
from deskmatch.solver import evaluate, violations

Make = Callable[..., Epoch]

SOLVERS = ("highs", "cp_sat", "cbc")


def on_at_random(rng: np.random.Generator) -> list[Constraint]:
    """Each constraint with probability one half, each soft with probability one half."""

    def soft() -> dict[str, Any]:
        return {} if rng.random() < 0.5 else {"penalty": float(rng.choice([0.1, 0.5, 2.0]))}

    every: list[Callable[[], Constraint]] = [
        lambda: TierQuota(tier=int(rng.integers(2, 4)), share=float(rng.choice([0.1, 0.3])), **soft()),
        lambda: Reserve(slots=int(rng.integers(1, 6)), **soft()),
        lambda: Reserve(
            slots=int(rng.integers(1, 6)), experts={"language": "de"}, channel="chat", name="chats", **soft()
        ),
        lambda: GroupLimit(at_most=int(rng.integers(3, 12)), tickets={"language": ["de", "en"]}, **soft()),
        lambda: GroupLimit(at_most=1, each="expert", tickets={"topic": "dns"}, name="each", **soft()),
        lambda: MinService(at_least=int(rng.integers(1, 5)), tickets={"channel": "post"}, **soft()),
        lambda: Balance(spread=float(rng.choice([0.1, 0.4])), experts={"tier": [1, 2]}, **soft()),
        lambda: Bundle(**soft()),
        lambda: Pin(pairs={"t1": "e1", "t2": "e2"}, penalty=0.5),
        lambda: Forbid(tickets={"topic": "billing"}, experts={"tier": 1}, **soft()),
        lambda: Stability(penalty=float(rng.choice([0.1, 1.0]))),
    ]
    return [make() for make in every if rng.random() < 0.5]


def model_of(make_epoch: Make, seed: int) -> Model:
    """Usage, fairness aside, is switched on at random, too."""
    rng = np.random.default_rng(seed)
    epoch = make_epoch(seed, tickets=30, experts=20)
    customers = tuple(rng.choice([None, *(f"c{k}" for k in range(12))], 30).tolist())
    offered = rng.integers(-1, 20, 30)
    epoch = replace(epoch, tickets=replace(epoch.tickets, customer_id=customers, offered_to=offered))
    routing = {"channels": {"chat": {"usage": "limit"}}} if rng.random() < 0.4 else None
    return Formulation.of(routing, constraints=on_at_random(rng)).bind(epoch.desk).build(epoch)


@pytest.mark.parametrize("seed", [*range(20), 1005])
def test_highs_cp_sat_and_cbc_agree_and_the_certificate_covers_everything(make_epoch: Make, seed: int) -> None:
    problem = model_of(make_epoch, seed).problem
    answers = {name: solve(problem, method=name) for name in SOLVERS}
    objectives = {name: answer.objective for name, answer in answers.items()}
    first = objectives["highs"]
    for name, answer in answers.items():
        if first is None:
            assert (objectives[name], answer.status) == (None, "infeasible"), name
            continue
        assert objectives[name] == pytest.approx(first, abs=1e-6), objectives
        certificate = certify(problem, answer)
        assert certificate.violations == ()
        assert certificate.objective == pytest.approx(first, abs=1e-6)
        assert certificate.proven_bound >= first - 1e-9
        assert violations(problem, answer.expert_of, answer.extra) == ()
        assert evaluate(problem, answer.expert_of, answer.extra) == certificate.objective
