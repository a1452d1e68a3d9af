"""`Situation` and `Arcs`: what a term sees of an epoch when it gives points to pairs of ticket and expert."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch, Tickets
from deskmatch.errors import ContractError
from deskmatch.formulations.eligibility import Eligibility
from deskmatch.frozen import Frozen, read_only
from deskmatch.prediction import Proficiency, ResolutionModel
from deskmatch.routing import ChannelTable, aims

__all__ = ["Arcs", "Situation", "ToldResolution"]


@dataclass(frozen=True, slots=True, eq=False)
class ToldResolution(Frozen):
    """Resolution of some pairs, as it was told once.

    Parameters
    ----------
    pair : ``(pairs,)`` ticket · experts + expert, ascending.
    value : ``(pairs,)`` probability.
    """

    pair: NDArray[np.int64]
    value: NDArray[np.float64]

    def __post_init__(self) -> None:
        self._set(pair=read_only(self.pair), value=read_only(self.value))

    def lookup(self, pair: NDArray[np.int64]) -> NDArray[np.float64]:
        """``(k,)`` the probability of each pair, nan where it was not told."""
        at = np.minimum(np.searchsorted(self.pair, pair), max(0, len(self.pair) - 1))
        if not len(self.pair):
            return np.full(len(pair), np.nan)
        return np.where(self.pair[at] == pair, self.value[at], np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Situation(Frozen):
    """One epoch under one routing: what is the same for every arc, computed once.

    Parameters
    ----------
    epoch : the instant.
    channels : the settings of the desk's channels, as arrays.
    waited_s : ``(tickets,)`` seconds waited in open hours.
    ahead_s : ``(tickets,)`` open seconds until the next epoch.
    stage : ``(tickets,)`` steps of timed relaxation that have passed.
    eligibility : the desk's rules.
    model : predicts resolution; None: the epoch's pair table, and proficiency where it says nothing.
    peer_occupancy : ``(tickets,)`` mean occupancy of the experts on the ticket's arcs; nan where unknown.
    told : what the model said before a deadline; it is asked again about other pairs only.
    """

    epoch: Epoch
    channels: ChannelTable
    waited_s: NDArray[np.float64]
    ahead_s: NDArray[np.float64]
    stage: NDArray[np.int32]
    eligibility: Eligibility
    model: ResolutionModel | None
    peer_occupancy: NDArray[np.float64]
    told: ToldResolution | None = None

    def __post_init__(self) -> None:
        for name in ("waited_s", "ahead_s", "stage", "peer_occupancy"):
            self._set(**{name: read_only(getattr(self, name))})


def of_channel(tickets: Tickets, values: NDArray[np.float64], *, otherwise: float = 0.0) -> NDArray[np.float64]:
    """``(tickets,)`` the setting of each ticket's channel.

    Parameters
    ----------
    tickets : who waits.
    values : ``(channels,)`` the setting.
    otherwise : for tickets whose channel the desk does not have.
    """
    if not len(values):
        return np.full(len(tickets), otherwise)
    return np.where(tickets.channel < 0, otherwise, values[tickets.channel])


class Arcs:
    """Eligible pairs of one epoch, as terms see them; all arrays are ``(arcs,)`` and must not be written to.

    Parameters
    ----------
    situation : the epoch.
    ticket, expert : ``(arcs,)`` rows.
    resolution : ``(arcs,)`` what is known of it already; None: asked for when it is needed.
    """

    __slots__ = ("_acceptance", "_importance", "_proficiency", "_resolution", "expert", "situation", "ticket")

    def __init__(
        self,
        situation: Situation,
        ticket: NDArray[np.int32],
        expert: NDArray[np.int32],
        *,
        resolution: NDArray[np.float64] | None = None,
    ) -> None:
        self.situation = situation
        self.ticket = ticket
        self.expert = expert
        self._resolution = resolution
        self._proficiency: NDArray[np.float64] | None = None
        self._importance: NDArray[np.float64] | None = None
        self._acceptance: NDArray[np.float64] | None = None

    @property
    def epoch(self) -> Epoch:
        """The epoch that the arcs belong to."""
        return self.situation.epoch

    @property
    def resolution(self) -> NDArray[np.float64]:
        """``(arcs,)`` probability that the expert resolves the ticket at first contact."""
        if self._resolution is None:
            if self.situation.model is None and self.epoch.resolution is None:
                self._resolution = self.proficiency
            else:
                self._resolution = _resolution(self.situation, self.ticket, self.expert)
                self._resolution.flags.writeable = False
        return self._resolution

    @property
    def importance(self) -> NDArray[np.float64]:
        """``(arcs,)`` importance of the ticket."""
        if self._importance is None:
            self._importance = self.epoch.tickets.importance.take(self.ticket)
            self._importance.flags.writeable = False
        return self._importance

    @property
    def acceptance(self) -> NDArray[np.float64] | None:
        """``(arcs,)`` probability that the expert accepts an offer; None: everybody accepts every offer."""
        accepted = self.epoch.staffing.acceptance
        if self._acceptance is None and not (accepted == 1.0).all():
            self._acceptance = accepted.take(self.expert)
            self._acceptance.flags.writeable = False
        return self._acceptance

    @property
    def proficiency(self) -> NDArray[np.float64]:
        """``(arcs,)`` the expert's expected proficiency on the ticket's topics."""
        if self._proficiency is None:
            self._proficiency = expected_over_topics(self.epoch, Proficiency(), self.ticket, self.expert)
            self._proficiency.flags.writeable = False
        return self._proficiency

    @property
    def knows_topic(self) -> NDArray[np.bool_]:
        """``(arcs,)`` true where the expert knows at least one of the ticket's topics."""
        arc, topic, _ = topic_entries(self.epoch, self.ticket)
        known = ~np.isnan(self.epoch.desk.known(self.expert[arc], topic))
        return np.bincount(arc, known, minlength=len(self.ticket)) > 0

    def __len__(self) -> int:
        return len(self.ticket)


def topic_entries(
    epoch: Epoch, ticket: NDArray[np.int32]
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.float64]]:
    """The topics of the tickets of some arcs, one entry for each arc and topic: arc, topic code, probability."""
    tickets = epoch.tickets
    start, stop = tickets.topic_ptr[ticket], tickets.topic_ptr[ticket + 1]
    sizes = stop - start
    if (sizes == 1).all():
        return np.arange(len(ticket)), tickets.topic[start], tickets.topic_probability[start]
    arc = np.repeat(np.arange(len(ticket)), sizes)
    within = np.arange(len(arc)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    entry = np.repeat(start, sizes) + within
    return arc, tickets.topic[entry], tickets.topic_probability[entry]


def expected_over_topics(
    epoch: Epoch, model: ResolutionModel, ticket: NDArray[np.int32], expert: NDArray[np.int32]
) -> NDArray[np.float64]:
    """``(arcs,)`` Σ over topics of P(topic) · P(resolved | ticket, expert, topic); 0 for a topic the expert lacks.

    What is left of the topic probabilities below 1 is an unknown topic: it counts only for experts who know every
    topic, at their general rate.
    """
    if _has_one_topic(epoch.tickets):
        topic = epoch.tickets.topic[ticket]
        known = epoch.desk.known(expert, topic)
        if isinstance(model, Proficiency):
            return np.nan_to_num(known, copy=False)
        probability = np.zeros(len(ticket))
        at = np.flatnonzero(~np.isnan(known))
        probability[at] = _answer(model, epoch, ticket[at], expert[at], topic[at])
        return probability
    arc, topic, share = topic_entries(epoch, ticket)
    rest = 1.0 - np.bincount(arc, share, minlength=len(ticket))
    open_arcs = np.flatnonzero((rest > 1e-9) & ~np.isnan(epoch.desk.general_proficiency[expert]))
    if len(open_arcs):
        arc = np.concatenate((arc, open_arcs))
        topic = np.concatenate((topic, np.full(len(open_arcs), -1, np.int32)))
        share = np.concatenate((share, rest[open_arcs]))
    known = ~np.isnan(epoch.desk.known(expert[arc], topic))
    probability = np.zeros(len(arc))
    at = arc[known]
    probability[known] = _answer(model, epoch, ticket[at], expert[at], topic[known])
    return np.clip(np.bincount(arc, share * probability, minlength=len(ticket)), 0.0, 1.0)


def _has_one_topic(tickets: Tickets) -> bool:
    """Whether each ticket has one topic that is certain."""
    if len(tickets.topic) != len(tickets) or not len(tickets):
        return False
    return bool((np.diff(tickets.topic_ptr) == 1).all() and (tickets.topic_probability == 1.0).all())


def _answer(
    model: ResolutionModel,
    epoch: Epoch,
    ticket: NDArray[np.int32],
    expert: NDArray[np.int32],
    topic: NDArray[np.int32],
) -> NDArray[np.float64]:
    """What the model says, refused unless it is one probability for each of its arguments."""
    name = type(model).__name__
    if not isinstance(model, ResolutionModel):
        raise ContractError(f"resolution: {name} is no ResolutionModel; expected an object with a method probability")
    answer = np.asarray(model.probability(epoch, ticket=ticket, expert=expert, topic=topic))
    if answer.shape != ticket.shape or answer.dtype.kind not in "biuf":
        raise ContractError(
            f"resolution model {name}: found shape {answer.shape} of {answer.dtype}; "
            f"expected {len(ticket)} probabilities (check_resolution_model tells more)"
        )
    wrong = ~((answer >= 0) & (answer <= 1))
    if wrong.any():
        at = int(np.argmax(wrong))
        pair = (epoch.tickets.ids[ticket[at]], epoch.desk.expert_ids[expert[at]])
        raise ContractError(
            f"resolution model {name}: {answer[at]} for ticket {pair[0]!r}, expert {pair[1]!r}; expected 0 to 1"
        )
    return answer.astype(np.float64)


def _resolution(situation: Situation, ticket: NDArray[np.int32], expert: NDArray[np.int32]) -> NDArray[np.float64]:
    epoch = situation.epoch
    if situation.told is not None and situation.model is not None:
        told = situation.told.lookup(ticket.astype(np.int64) * epoch.n_experts + expert)
        silent = np.flatnonzero(np.isnan(told))
        if len(silent):
            told[silent] = expected_over_topics(epoch, situation.model, ticket[silent], expert[silent])
        return told
    if situation.model is not None:
        return expected_over_topics(epoch, situation.model, ticket, expert)
    assert epoch.resolution is not None  # `Arcs.resolution` asks for the proficiency otherwise
    told = epoch.resolution.lookup(ticket, expert)
    silent = np.flatnonzero(np.isnan(told))
    told[silent] = expected_over_topics(epoch, Proficiency(), ticket[silent], expert[silent])
    return told


def situation_of(
    epoch: Epoch,
    channels: ChannelTable,
    eligibility: Eligibility,
    model: ResolutionModel | None,
    epoch_s: float,
) -> Situation:
    """The situation of an epoch, before its arcs are known (no peer occupancy yet)."""
    tickets = epoch.tickets
    waited = channels.open_waited_s(tickets.channel, tickets.waited_s, epoch.now)
    ahead = of_channel(tickets, channels.open_ahead_s(epoch.now, epoch_s), otherwise=epoch_s)
    return Situation(
        epoch=epoch,
        channels=channels,
        waited_s=waited,
        ahead_s=ahead,
        stage=eligibility.stages(epoch.tickets, waited),
        eligibility=eligibility,
        model=model,
        peer_occupancy=np.full(epoch.n_tickets, np.nan),
    )


def with_peers(situation: Situation, ticket: NDArray[np.int32], expert: NDArray[np.int32]) -> Situation:
    """The situation with the mean occupancy of the experts on each ticket's arcs."""
    epoch = situation.epoch
    means = aims.peer_means(ticket, expert, epoch.staffing.occupancy, epoch.n_tickets)
    return replace(situation, peer_occupancy=means)
