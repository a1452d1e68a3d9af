"""A learned policy is a policy: it keeps the protocol, forgets who the experts are, and is what was saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import check_grad

from deskmatch.epochs import Epoch
from deskmatch.errors import DeskmatchError
from deskmatch.learning import Demonstrations, Scored, Scorer, clone
from deskmatch.learning.cloning import loss_and_gradient
from deskmatch.learning.features import FEATURES
from deskmatch.learning.judging import points_per_ticket
from deskmatch.policies import Decision, Policy, Rule, check_policy, fcfs, preference_lists
from deskmatch.simulation import Scenario, simulate

HOUR = 3600
Asked = Callable[[Rule], Policy]


def n_model(horizon_s: float = 2 * HOUR, experts: int = 1) -> Scenario:
    """Plain tickets for everyone, special ones, which are worth more and wait less, for half of the experts."""
    own = {"max_hops": 0, "handling": 180}
    return Scenario.load(
        {
            "horizon_s": horizon_s,
            "channels": {"call": {"patience": 300}, "line": {"like": "call", "patience": 60}},
            "types": {
                "plain": {"channel": "call", "arrivals": {"per_hour": 70 * experts}, **own},
                "special": {"channel": "line", "arrivals": {"per_hour": 18 * experts}, **own},
            },
            "groups": {
                "front": {"experts": 3 * experts, "topics": {"plain": 0.75}, "channels": ["call"]},
                "both": {"experts": 2 * experts, "topics": {"plain": 0.8, "special": 0.8}},
            },
            "reward": {"channels": {"line": {"value": 3.0}}},
        }
    )


def random_scorer(seed: int, hidden: tuple[int, ...] = (8,)) -> Scorer:
    return Scorer.random(np.random.default_rng(seed), hidden)


@pytest.mark.parametrize("work_conserving", [False, True])
def test_it_keeps_the_protocol(work_conserving: bool) -> None:
    check_policy(Scored(random_scorer(1), work_conserving=work_conserving))


def test_scores_of_experts_in_another_order_are_the_same_scores_in_that_order() -> None:
    rng = np.random.default_rng(2)
    rows, order = rng.normal(size=(40, len(FEATURES))), rng.permutation(40)
    scorer = random_scorer(2, (16, 16))
    assert np.allclose(scorer(rows)[order], scorer(rows[order]), atol=1e-6)
    assert np.allclose(scorer(rows)[:7], scorer(rows[:7]), atol=1e-6)


def test_what_is_learned_at_forty_experts_runs_at_four_hundred(asked: Asked) -> None:
    small, large = n_model(0.2 * HOUR, experts=8), n_model(0.05 * HOUR, experts=80)
    rule = preference_lists(groups={"plain": ["front", "both"]})
    scorer = clone(Demonstrations.of(asked(rule), small, decisions=300), random_scorer(0))
    run = simulate(large, Scored.of(scorer, large), seed=1)
    front = np.char.startswith(np.array(run.scenario.desk.expert_ids), "front")
    plain = run.rows[(run.rows["type"] == 0) & (run.rows["expert"] >= 0)]
    assert small.n_experts == 40
    assert large.n_experts == 400
    assert len(plain) > 150
    assert front[plain["expert"]].mean() > 0.6  # the list was learned: three fifths are the front's by chance alone


def test_a_work_conserving_policy_lets_nobody_idle_beside_work() -> None:
    scenario = n_model()

    class Watched(Scored):
        def decide(self, epoch: Epoch, state: Any) -> tuple[Decision, Any]:
            visit = self.visit(epoch, state)
            assert not any(visit._candidates(row).any() for row in np.flatnonzero(visit.waiting).tolist())
            return visit.decision(), state

    simulate(scenario, Watched.of(random_scorer(3), scenario, work_conserving=True), seed=1)


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    scorer = random_scorer(4).with_flat(random_scorer(5).flat, learner="none", work_conserving=True)
    scorer.save(tmp_path / "weights.npz")
    read = Scorer.load(tmp_path / "weights.npz")
    assert (read.flat == scorer.flat).all()
    assert read.about == {"learner": "none", "work_conserving": True}
    assert Scored.of(read, n_model()).work_conserving


def test_files_that_are_no_weights_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DeskmatchError, match="cannot be read"):
        Scorer.load(tmp_path / "absent.npz")
    (tmp_path / "text.npz").write_text("weights")
    with pytest.raises(DeskmatchError, match="expected weights"):
        Scorer.load(tmp_path / "text.npz")
    np.savez(tmp_path / "arrays.npz", a=np.zeros(3))
    with pytest.raises(DeskmatchError, match="expected weights"):
        Scorer.load(tmp_path / "arrays.npz")
    np.savez(tmp_path / "other.npz", text=np.array('{"features": ["waited"], "about": {}}'))
    with pytest.raises(DeskmatchError, match="other features"):
        Scorer.load(tmp_path / "other.npz")
    with pytest.raises(ValueError, match="layers"):
        Scorer((np.zeros((3, 1)),), (np.zeros(1),))


def test_the_gradient_of_cloning_is_the_difference_quotient(asked: Asked) -> None:
    shown = Demonstrations.of(asked(fcfs()), n_model(), decisions=30)
    scorer = random_scorer(6, (3, 2))
    error = check_grad(
        lambda flat: _loss(flat, scorer, shown)[0],
        lambda flat: _loss(flat, scorer, shown)[1],
        scorer.flat,
        epsilon=1e-4,
    )
    assert error < 1e-3  # weights are kept in single precision


def _loss(flat: np.ndarray, scorer: Scorer, shown: Demonstrations) -> tuple[float, np.ndarray]:
    return loss_and_gradient(scorer.with_flat(flat), shown, smoothing=0.1, decay=0.01)


def test_a_clone_acts_as_the_rule_and_earns_what_the_rule_earns(asked: Asked) -> None:
    rule = preference_lists(groups={"plain": ["front", "both"]}, queues={"both": ["special", "plain"]})
    scenario = n_model(2 * HOUR)
    shown = Demonstrations.of(asked(rule), scenario, decisions=500)
    scorer = clone(shown, random_scorer(7, (16,)))
    assert scorer.about["cloned_agreement"] == pytest.approx(shown.agreement(scorer), abs=1e-3)
    assert shown.agreement(scorer) > 0.97 > shown.agreement(random_scorer(7, (16,)))
    earned = points_per_ticket(Scored.of(scorer, scenario), scenario, replications=3)
    assert earned == pytest.approx(points_per_ticket(rule, scenario, replications=3), abs=0.1)


def test_nothing_shown_is_nothing_to_clone(asked: Asked) -> None:
    quiet = Scenario.load(
        {
            "horizon_s": 100,
            "channels": {"call": {}},
            "types": {"t": {"channel": "call", "arrivals": {"times_s": [50]}, "handling": 60}},
            "groups": {"g": {"experts": 1}},
        }
    )
    assert len(Demonstrations.of(asked(fcfs()), quiet, decisions=1)) == 1
    with pytest.raises(ValueError, match="found none"):
        shown = Demonstrations.of(asked(fcfs()), quiet, decisions=1, work_conserving=True)
        clone(shown, random_scorer(0))
