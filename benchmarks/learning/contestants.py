"""The trained policies as contestants of any scenario: they know nothing of the desk on which they learned."""

from __future__ import annotations

from pathlib import Path

from benchmarks.learning.desks import DESKS
from deskmatch.learning import Scored, Scorer
from deskmatch.policies import Policy
from deskmatch.simulation import Scenario

__all__ = ["learned_policies"]

WEIGHTS = Path(__file__).resolve().parent / "weights"


def learned_policies(scenario: Scenario) -> dict[str, Policy]:
    """Those whose weights are kept, by learner and desk of training; needs numpy only.

    Parameters
    ----------
    scenario : where they are to decide; its reward, its channels and its mean arrivals are told to them.
    """
    found: dict[str, Policy] = {}
    for path in sorted(WEIGHTS.glob("*.npz")):
        scorer = Scorer.load(path)
        desk = next(desk for name, desk in DESKS.items() if path.stem.startswith(f"{name}-"))
        name = f"{scorer.about['learner']}, from {desk.title}"
        if scorer.about.get("work_conserving"):
            name += ", nobody idles"
        found[name] = Scored.of(scorer, scenario, name=name)
    return found
