"""A plan next to what really happened, judged by a model that did not make the plan.

A plan always wins under the model that it maximised: that says nothing. Here the incidents whose outcome is known are
split into two halves. A model fitted on one half makes the plan; a model fitted on the other half, which shares no
incident with it, scores the plan and reality. Then the halves change places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata
from scipy.stats import t as student
from servicenow_tables import active_experts, known_outcomes, waiting_tickets, what_happened

from deskmatch import Epoch, HistoricalRate, Plan, Routing, assign

__all__ = [
    "METHOD",
    "ROUTING",
    "Interval",
    "Moment",
    "TwoModels",
    "compared",
    "discrimination",
    "fitted",
    "mean_over_repeats",
    "mean_over_tickets",
    "moment_at",
    "plan_of",
    "really",
    "swapped",
    "two_models",
]

#: The experts table's proficiency is computed from all known outcomes, both halves; it must not reach a plan that
#: one half makes. The model of resolution, which is made of the same outcomes, takes its place.
ROUTING = Routing.load({"weights": {"proficiency": 0.0}})
#: Plans of equal points may choose different persons. A named method breaks such ties alike in every run; "auto"
#: would take whichever is ready.
METHOD = "min_cost_flow"


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant: the epoch, the outcomes known by then, and (for scoring only) what happened after."""

    now: pd.Timestamp
    epoch: Epoch
    outcomes: pd.DataFrame
    after: pd.DataFrame


@dataclass(frozen=True, slots=True)
class TwoModels:
    """An instant with two models, fitted on halves of its past that share no incident."""

    moment: Moment
    first: HistoricalRate
    second: HistoricalRate


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its interval, of 95 % where nothing else is said."""

    value: float
    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.value:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))


def moment_at(log: pd.DataFrame, now: pd.Timestamp) -> Moment:
    """The epoch of an instant with its past, and its future kept apart."""
    epoch = Epoch.from_tables(waiting_tickets(log, now), active_experts(log, now), now=now.to_pydatetime())
    after = what_happened(log, now).reindex(list(epoch.tickets.ids))
    return Moment(now, epoch, known_outcomes(log, now), after)


def fitted(history: pd.DataFrame) -> HistoricalRate:
    """The model of resolution of some outcomes."""
    return HistoricalRate.fit(history[["expert_id", "topic", "resolved_first_contact"]])


def plan_of(moment: Moment, model: HistoricalRate) -> Plan:
    """The plan that maximises the points under a model of resolution."""
    return assign(moment.epoch, routing=ROUTING, resolution=model, method=METHOD)


def two_models(
    moments: Iterable[Moment], *, split: int, dealt_out: np.random.Generator | None = None
) -> list[TwoModels]:
    """Two models for each instant, on halves of what was known.

    Parameters
    ----------
    split : seeds the split into halves.
    dealt_out : negative control: deals the experts' names out anew over the rows of each half, so that nobody
        differs. Swap the names (`swapped`) as well: a rate smoothed from many rows differs a little from one of few,
        in expectation too, and who has many rows would still be known.
    """

    def model(half: pd.DataFrame) -> HistoricalRate:
        if dealt_out is None:
            return fitted(half)
        return fitted(half.assign(expert_id=dealt_out.permutation(half["expert_id"].to_numpy(dtype=object))))

    return [TwoModels(moment, *(model(half) for half in halves(moment.outcomes, split))) for moment in moments]


def halves(outcomes: pd.DataFrame, split: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The outcomes in two parts by a hash of the incident's number: an incident is on the same side at all instants."""
    key = pd.util.hash_array(outcomes["number"].to_numpy(dtype=object), hash_key=f"{split:016d}")
    first = (key >> np.uint64(32)) % np.uint64(2) == 0
    return outcomes[first], outcomes[~first]


def swapped(models: Sequence[TwoModels], rng: np.random.Generator) -> list[TwoModels]:
    """Negative control: whole histories change hands, so that experts differ but their names mean nothing.

    All first models take one permutation of all names, all second models another. The models keep every difference
    between experts that they found, and the plan wins under its own as if they were true. But given the plan, which
    one half makes, and reality, every permutation of the names in the other half is equally likely: planned and real
    persons score the same in expectation, exactly, however the model is made, and the mean gain is zero but for
    chance. Did the halves share an incident, or did the planning half reach the score otherwise, it would be above.
    """
    names = {name for two in models for name in two.moment.epoch.desk.expert_ids}
    names |= {name for two in models for model in (two.first, two.second) for name in model.expert_ids}
    everyone = np.array(sorted(names), dtype=object)
    one, other = (dict(zip(everyone, rng.permutation(everyone), strict=True)) for _ in range(2))
    return [TwoModels(two.moment, renamed(two.first, one), renamed(two.second, other)) for two in models]


def renamed(model: HistoricalRate, name_of: Mapping[str, str]) -> HistoricalRate:
    """The model with each expert's history under another name."""
    return replace(model, expert_ids=tuple(name_of[name] for name in model.expert_ids))


def compared(models: Iterable[TwoModels]) -> pd.DataFrame:
    """Plan and reality under the model that planned and under the other one, in both directions.

    Returns
    -------
    One row per instant, direction and ticket that the plan and reality both assign, see `next_to_reality`.
    """
    frames = [
        next_to_reality(two.moment, planner, judge)
        for two in models
        for planner, judge in ((two.first, two.second), (two.second, two.first))
    ]
    return pd.concat(frames, ignore_index=True)


def next_to_reality(moment: Moment, planner: HistoricalRate, judge: HistoricalRate) -> pd.DataFrame:
    """Probabilities of resolution of the planned and of the real person, by the planner and by the judge.

    Returns
    -------
    One row per ticket that the plan and reality both assign (reality: to a person of the experts table):
    ``ticket_id``; ``plan``, ``real`` and ``random`` (mean of the eligible persons) under the judge;
    ``gain = plan − real``; ``own_gain`` (the same under the planner); ``same`` (the plan chose the real person);
    ``eligible`` (it could have).
    """
    plan, epoch = plan_of(moment, planner), moment.epoch
    chosen, real = np.asarray(plan.solution.expert_of, np.int32), rows_of_real(moment)
    ticket = np.flatnonzero((chosen >= 0) & (real >= 0)).astype(np.int32)
    choice, allowed = judged_arcs(plan, judge)
    own = [scored(planner, epoch, ticket, person[ticket]) for person in (chosen, real)]
    judged = [scored(judge, epoch, ticket, person[ticket]) for person in (chosen, real)]
    return pd.DataFrame(
        {
            "ticket_id": np.array(epoch.tickets.ids, dtype=object)[ticket],
            "plan": judged[0],
            "real": judged[1],
            "random": choice[ticket],
            "gain": judged[0] - judged[1],
            "own_gain": own[0] - own[1],
            "same": chosen[ticket] == real[ticket],
            "eligible": allowed[ticket, real[ticket]],
        }
    )


def judged_arcs(plan: Plan, judge: HistoricalRate) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """``(tickets,)`` mean score of the persons eligible for each ticket, and ``(tickets, experts)`` who they are."""
    problem, epoch = plan.model.problem, plan.model.epoch
    degree = np.diff(problem.indptr)
    ticket = np.repeat(np.arange(epoch.n_tickets, dtype=np.int32), degree)
    score = scored(judge, epoch, ticket, problem.expert)
    allowed = np.zeros((epoch.n_tickets, epoch.n_experts), dtype=bool)
    allowed[ticket, problem.expert] = True
    return np.bincount(ticket, score, epoch.n_tickets) / np.maximum(1, degree), allowed


def rows_of_real(moment: Moment) -> NDArray[np.int32]:
    """``(tickets,)`` row of the person who really got each ticket; −1: nobody, or one whom the experts table lacks."""
    names = moment.after["expert_id"].fillna("")
    return np.array([moment.epoch.desk.index_of(name) for name in names], dtype=np.int32)


def scored(
    model: HistoricalRate, epoch: Epoch, ticket: NDArray[np.int32], expert: NDArray[np.int32]
) -> NDArray[np.float64]:
    """``(pairs,)`` probability of resolution; every ticket here has exactly one topic."""
    topic = epoch.tickets.topic[epoch.tickets.topic_ptr[:-1]]
    return model.probability(epoch, ticket=ticket, expert=expert, topic=topic[ticket])


def really(moments: Iterable[Moment]) -> pd.DataFrame:
    """What the model of all known outcomes expects of the real person, and what became of it, ticket by ticket.

    Left out are tickets whose first record with a person says Resolved: there the person was written down because the
    work was done.

    Returns
    -------
    ``ticket_id, expected, resolved``; a ticket that waits at several instants stands here for the first of them.
    """
    frames = []
    for moment in moments:
        real = rows_of_real(moment)
        known = moment.after["while_open"].eq(True) & moment.after["resolved"].notna()
        ticket = np.flatnonzero((real >= 0) & known.to_numpy(dtype=bool)).astype(np.int32)
        after = moment.after.iloc[ticket]
        expected = scored(fitted(moment.outcomes), moment.epoch, ticket, real[ticket])
        frames.append(
            pd.DataFrame(
                {
                    "ticket_id": after.index,
                    "expected": expected,
                    "resolved": after["resolved"].to_numpy(dtype=bool),
                }
            )
        )
    return pd.concat(frames, ignore_index=True).drop_duplicates("ticket_id", ignore_index=True)


def discrimination(frame: pd.DataFrame, rng: np.random.Generator, *, draws: int = 2000) -> Interval:
    """Area under the ROC curve of ``expected`` for ``resolved``, bootstrapped over tickets; 0.5: knows nothing."""
    if frame.empty:
        return UNKNOWN
    expected, resolved = frame["expected"].to_numpy(), frame["resolved"].to_numpy()
    picks = rng.integers(len(frame), size=(draws, len(frame)))
    areas = np.array([area(expected[pick], resolved[pick]) for pick in picks])
    areas = areas[~np.isnan(areas)]
    if not len(areas):
        return UNKNOWN
    low, high = np.quantile(areas, (0.025, 0.975))
    return Interval(area(expected, resolved), float(low), float(high))


def area(expected: NDArray[np.float64], resolved: NDArray[np.bool_]) -> float:
    """Probability that a resolved ticket was expected above one that was not; nan where there is only one kind."""
    yes, no = int(resolved.sum()), int((~resolved).sum())
    if not yes or not no:
        return float("nan")
    return float((rankdata(expected)[resolved].sum() - yes * (yes + 1) / 2) / (yes * no))


def mean_over_tickets(frame: pd.DataFrame, column: str, rng: np.random.Generator, *, draws: int = 2000) -> Interval:
    """Mean of a column with a bootstrap interval over incidents; all rows of an incident are drawn together."""
    if frame.empty:
        return UNKNOWN
    per_ticket = frame.groupby("ticket_id")[column].agg(["sum", "size"]).to_numpy(dtype=float)
    times = rng.multinomial(len(per_ticket), np.full(len(per_ticket), 1 / len(per_ticket)), size=draws)
    total = times @ per_ticket
    low, high = np.quantile(total[:, 0] / total[:, 1], (0.025, 0.975))
    return Interval(float(frame[column].mean()), float(low), float(high))


def mean_over_repeats(means: Sequence[float], *, level: float = 0.95) -> Interval:
    """Mean of independent repeats, at least two, with Student's interval."""
    values = np.asarray(means)
    quantile = student.ppf((1 + level) / 2, len(values) - 1)
    half = float(quantile * values.std(ddof=1) / np.sqrt(len(values)))
    return Interval(float(values.mean()), float(values.mean()) - half, float(values.mean()) + half)
