"""The trained policies as contestants of any scenario, of each learner one."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.learning.desks import DESKS, TrainingDesk
from deskmatch.learning import Scored, Scorer
from deskmatch.policies import Policy
from deskmatch.simulation import Scenario

__all__ = ["NEEDED", "TITLES", "learned_policies", "share_of_optimum"]

WEIGHTS = Path(__file__).resolve().parent / "weights"
TITLES = {
    "ppo": "MaskablePPO",
    "q": "Q-learning",
    "ppo-busy": "MaskablePPO, nobody idles beside work",
}
"""Of the learners, by the name in files."""
NEEDED = 0.9
"""Share of the optimum of the N-model to which a learner must come before anything is claimed with it."""


def learned_policies(scenario: Scenario, directory: Path = WEIGHTS) -> dict[str, Policy]:
    """Of each learner whose weights are kept those trained on this desk, else on the desk nearest in size.

    A name says where the policy was trained, and whether its learner has yet to come within 10 % of the optimum of the
    N-model. Needs numpy only.

    Parameters
    ----------
    scenario : where they are to decide, at any load; its reward, its channels and its mean arrivals are told to them.
    directory : of the weights.
    """
    found: dict[str, Policy] = {}
    for learner, title in TITLES.items():
        trained = {name: path for name in DESKS if (path := directory / f"{name}-{learner}.npz").exists()}
        if not trained:
            continue
        desk = min((DESKS[name] for name in trained), key=lambda each: _distance(each, scenario))
        share = share_of_optimum(learner, directory)
        doubt = "" if share is not None and share >= NEEDED else ", not qualified"
        name = f"{title}, from {desk.title}{doubt}"
        found[name] = Scored.of(Scorer.load(trained[desk.name]), scenario, name=name)
    return found


def share_of_optimum(learner: str, directory: Path = WEIGHTS) -> float | None:
    """What the best seed of a learner comes to on the N-model, over the optimum; None: not known."""
    path = directory / f"n-{learner}.json"
    return json.loads(path.read_text("utf-8")).get("share_of_optimum") if path.exists() else None


def _distance(desk: TrainingDesk, scenario: Scenario) -> tuple[bool, int]:
    """Whether it is another desk, and by how many experts the two differ."""
    own = desk.scenario(1.0)
    experts = [(name, group.experts) for name, group in own.tables.groups.items()]
    other = [(name, group.experts) for name, group in scenario.tables.groups.items()]
    return experts != other, abs(own.n_experts - scenario.n_experts)
