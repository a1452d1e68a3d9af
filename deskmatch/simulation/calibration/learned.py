"""`learned_predictors`: what policies may know, fitted on a history that the twin itself produced under its current
rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from deskmatch.policies.protocol import Policy
from deskmatch.prediction.historical_rate import HistoricalRate
from deskmatch.prediction.lognormal_time import LognormalTime
from deskmatch.simulation.calibration.replaying import current_rule
from deskmatch.simulation.run import Run, simulate
from deskmatch.simulation.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Learned", "history_of", "learned_predictors"]


class Learned(NamedTuple):
    """Predictors as a desk would have them: biased by whom the rule gave which contacts, and noisy.

    Parameters
    ----------
    resolution : who resolves what.
    service : how long that takes.
    contacts : in the history.
    """

    resolution: HistoricalRate
    service: LognormalTime
    contacts: int


def learned_predictors(scenario: Scenario, *, policy: Policy | None = None, seed: int = 1_000_003) -> Learned:
    """Predictors fitted on one run of a scenario, for policies that are compared on others.

    A twin knows the true probability that an expert resolves a contact. A desk never does, and a policy that is shown
    it looks better than it can be. Hand these to the policy instead, and keep one that sees the truth as a row of its
    own, called oracle.

    Parameters
    ----------
    scenario : a calibrated one, or any with a `policy`.
    policy : under which the history comes about; default: the routing that the calibration found.
    seed : of the history's customers; others than those of the comparison.
    """
    history = history_of(simulate(scenario, policy or current_rule(scenario), seed=seed))
    return Learned(HistoricalRate.fit(history), LognormalTime.fit(history), len(history))


def history_of(run: Run) -> pd.DataFrame:
    """The contacts of a run that were served, as a table of history: expert, topic, resolved, handling time."""
    contacts = run.tickets
    served = contacts[contacts["started_s"].notna() & contacts["ended_s"].notna() & contacts["expert_id"].notna()]
    topics = {each.name: each.topic for each in run.scenario.types}
    served = served[~served["outcome"].isin(("no_answer", "unanswered"))]
    return served.assign(
        expert_id=served["expert_id"].astype(str),
        topic=[topics[name] for name in served["type"].astype(str)],
        resolved_first_contact=served["outcome"] == "resolved",
        handling_s=served["ended_s"] - served["started_s"] + served["after_s"],
    )[["expert_id", "topic", "resolved_first_contact", "handling_s"]].reset_index(drop=True)
