"""`Hurry`: what a deadline means for building a problem: how many pairs fit, and how long a model may think."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.errors import ContractError
from deskmatch.formulations.arcs import Arcs, Situation, ToldResolution, expected_over_topics
from deskmatch.formulations.pairs import Pairs, open_pairs
from deskmatch.heuristics.clock import Clock
from deskmatch.heuristics.lane import Lane
from deskmatch.heuristics.pace import PACE
from deskmatch.prediction import Constant, HistoricalRate, PartialPooling, Proficiency, ResolutionModel, Robust

__all__ = ["Hurry"]

Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]

LANE = Lane()
"""Where resolution models run that are not ours."""
OURS = (Constant, HistoricalRate, PartialPooling, Proficiency)
"""Models that are known to answer in time: a few operations on arrays."""
BUILD_SHARE = 0.6
"""Of the time left, what building may take before pairs are left out."""
CLASS_SHARE = 0.3
"""Of the time left, what must remain once the experts of each class of tickets are known."""
ALWAYS = 2000
"""Pairs that are always looked at: a millisecond."""
MODEL_SHARE = 0.5
"""Of the time left, how long a resolution model may think."""
CHUNK = 32768
"""Pairs between two looks at the clock: some milliseconds."""
SURELY = 2.0
"""Where so many times the estimate fits, points are reckoned in one go, which saves putting pairs in order."""


@dataclass(slots=True)
class Hurry:
    """Building before a deadline.

    Parameters
    ----------
    clock : when the plan must be there.
    has_rules : whether constraints follow, which take about as long as the pairs.
    notes : what was cut off, as sentences; grows.
    counted_at : the `time.thread_time` when the pairs were counted.
    """

    clock: Clock
    has_rules: bool = False
    notes: list[str] = field(default_factory=list)
    counted_at: float = field(default_factory=time.thread_time)

    def open_pairs(self, epoch: Epoch, situation: Situation, takes: NDArray[np.bool_]) -> Pairs:
        """The pairs of the epoch that there is time for."""

        def most() -> float:
            self.counted_at = time.thread_time()
            return self._most_pairs()

        ends = self.clock.less(CLASS_SHARE * max(0.0, self.clock.left_s))
        return open_pairs(epoch, situation, takes, most=most, is_over=lambda: ends.is_over)

    def learn(self, pairs: int) -> None:
        """Remember how long it took to build so many pairs, for the next time; models in threads do not count."""
        PACE.saw("build", pairs, time.thread_time() - self.counted_at)

    def _most_pairs(self) -> float:
        """How many pairs there is time to build."""
        share = BUILD_SHARE / 2 if self.has_rules else BUILD_SHARE
        return max(ALWAYS, share * max(0.0, self.clock.left_s) / PACE.seconds("build", 1))

    def ask(self, situation: Situation, pairs: Pairs) -> Situation:
        """The situation with the resolution of these pairs, by a model that may fail: then the constant one answers."""
        model = situation.model
        if model is None or isinstance(model.model if isinstance(model, Robust) else model, OURS):
            return situation
        if not isinstance(model, ResolutionModel):
            name = type(model).__name__
            raise ContractError(f"resolution: {name} is no ResolutionModel; expected an object with probability")
        ticket, expert = pairs.ticket, pairs.expert
        tolerant = _Tolerant(model)
        values, why = self._in_lane(lambda: expected_over_topics(situation.epoch, tolerant, ticket, expert))
        name, fallback = type(model).__name__, Constant()
        if values is None:
            values = expected_over_topics(situation.epoch, fallback, ticket, expert)
            situation = replace(situation, model=fallback)
            self.notes.append(f"resolution model {name} {why}: {len(ticket)} pairs took the constant model")
        elif tolerant.replaced:
            self.notes.append(
                f"resolution model {name} told no probability {tolerant.replaced} times: "
                "those pairs took the constant model"
            )
        pair = ticket.astype(np.int64) * situation.epoch.n_experts + expert
        return replace(situation, told=ToldResolution(pair, values))

    def told(self, pairs: Pairs) -> list[str]:
        """The notes, with what was left out of the pairs."""
        if pairs.is_whole:
            return self.notes
        left_out = "" if pairs.unseen is None else f", and none of {int(pairs.unseen.sum())} tickets"
        return [*self.notes, f"no time for all pairs: {len(pairs.ticket)} of {pairs.allowed} were looked at{left_out}"]

    def points(self, points_of: Callable[[Arcs], Float64], situation: Situation, pairs: Pairs) -> tuple[Pairs, Float64]:
        """The pairs with their points ``(pairs,)``; without those of tickets that there was no time for.

        Those who waited longest come first.
        """
        ticket, expert = pairs.ticket, pairs.expert
        told = None if situation.told is None else situation.told.value
        ends = self.clock.less(self._afterwards_s(len(ticket)))
        if len(ticket) <= CHUNK or SURELY * PACE.seconds("build", len(ticket)) <= ends.left_s:
            return pairs, points_of(Arcs(situation, ticket, expert, resolution=told))
        points = np.zeros(len(ticket))
        chunks = _chunks(ticket, situation.waited_s)
        for number, some in enumerate(chunks):
            if number and ends.is_over:
                unseen = np.zeros(situation.epoch.n_tickets, bool)
                unseen[ticket[np.concatenate(chunks[number:])]] = True
                return pairs.without(unseen), points[~unseen[ticket]]
            known = None if told is None else told[some]
            points[some] = points_of(Arcs(situation, ticket[some], expert[some], resolution=known))
        return pairs, points

    def _afterwards_s(self, pairs: int) -> float:
        """What a first answer and its certificate take."""
        return PACE.seconds("first", pairs) + 2 * PACE.seconds("certify", pairs)

    def _in_lane(self, work: Callable[[], Float64]) -> tuple[Float64 | None, str]:
        job = LANE.start(work)
        if job is None:
            return None, "is still busy with an earlier epoch"
        allowed = MODEL_SHARE * max(0.0, self.clock.left_s)
        if not job.wait(allowed):
            LANE.abandon(job)
            return None, f"took longer than {allowed * 1e3:.0f} ms"
        try:
            return job.result(), ""
        except ContractError as error:
            return None, f"answered rubbish ({error})"
        except Exception as error:
            return None, f"raised {type(error).__name__}: {error}"


class _Tolerant:
    """A model whose answers that are no probabilities are replaced by the constant model's."""

    def __init__(self, model: ResolutionModel) -> None:
        self.model = model
        self.replaced = 0

    def probability(self, epoch: Epoch, *, ticket: Int32, expert: Int32, topic: Int32) -> Float64:
        """The model's answer, mended."""
        given = np.asarray(self.model.probability(epoch, ticket=ticket, expert=expert, topic=topic))
        if given.shape != ticket.shape or given.dtype.kind not in "biuf":
            raise ContractError(f"shape {given.shape} of {given.dtype}, expected {len(ticket)} probabilities")
        answer = given.astype(np.float64)
        wrong = ~((answer >= 0) & (answer <= 1))
        if wrong.any():
            self.replaced += int(wrong.sum())
            answer[wrong] = Constant().value
        return answer


def _chunks(ticket: Int32, waited_s: Float64) -> list[NDArray[np.int64]]:
    """The pairs in chunks of whole tickets, those who waited longest first."""
    present = np.flatnonzero(np.append(True, ticket[1:] != ticket[:-1]))
    sizes = np.diff(np.append(present, len(ticket)))
    order = np.argsort(-waited_s[ticket[present]], kind="stable")
    lengths = sizes[order]
    ends = np.cumsum(lengths)
    pairs = np.arange(ends[-1]) + np.repeat(present[order] - (ends - lengths), lengths)
    cuts = np.searchsorted(ends, np.arange(CHUNK, ends[-1], CHUNK), side="left")
    return np.split(pairs, np.unique(ends[cuts[ends[cuts] < ends[-1]]]))
