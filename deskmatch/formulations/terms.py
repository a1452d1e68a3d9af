"""The terms of the objective: what a pair of ticket and expert is worth, and a check for your own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk
from deskmatch.errors import ContractError
from deskmatch.formulations.arcs import Arcs, Situation, of_channel
from deskmatch.routing import aims

__all__ = [
    "DEFAULT_TERMS",
    "Abandonment",
    "Affinity",
    "FunctionTerm",
    "Occupancy",
    "ProficiencyMatch",
    "RelaxationCost",
    "Resolution",
    "Term",
    "TierUse",
    "Waiting",
]


@runtime_checkable
class Term(Protocol):
    """One aim of the objective.

    The objective adds, for every assigned pair, ``weight · value``, where the weight is the routing's for `name` and
    the ticket's channel (1 where the routing names none), times the ticket's importance if `scales_with_importance`,
    times the expert's acceptance.

    Attributes
    ----------
    name : the term's column in the plan and its key under ``[weights]``.
    scales_with_importance : whether the ticket's importance multiplies it.
    """

    @property
    def name(self) -> str: ...

    @property
    def scales_with_importance(self) -> bool: ...

    def values(self, arcs: Arcs) -> NDArray[np.float64]:
        """``(arcs,)`` finite values; each depends on its own arc and the situation only."""
        ...


class TicketTerm(Protocol):
    """A term that depends on the ticket alone, whoever serves it: reckoned once a ticket instead of once an arc."""

    def of_tickets(self, situation: Situation) -> NDArray[np.float64]:
        """``(tickets,)`` values; those of an arc are its ticket's."""
        ...


@dataclass(frozen=True, slots=True)
class FunctionTerm:
    """A term made of a plain function.

    Examples
    --------
    >>> def early_bird(arcs):
    ...     return (arcs.epoch.tickets.waited_s[arcs.ticket] < 60) * 0.1
    >>> FunctionTerm(early_bird).name
    'early_bird'
    """

    function: Callable[[Arcs], NDArray[np.float64]]
    scales_with_importance: bool = False

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__

    def values(self, arcs: Arcs) -> NDArray[np.float64]:
        """What the function says."""
        return self.function(arcs)


def as_term(given: object) -> Term:
    """A term as it is, a function as a `FunctionTerm`.

    Raises
    ------
    ContractError
        Says what a term needs, and what is missing.
    """
    if isinstance(given, type):
        raise ContractError(f"term: found the class {given.__name__}; expected one of its objects, {given.__name__}()")
    if isinstance(given, Term):
        return given
    missing = [name for name in ("name", "scales_with_importance", "values") if not hasattr(given, name)]
    if callable(given) and hasattr(given, "__name__"):
        return FunctionTerm(given)
    raise ContractError(
        f"term: found {given!r}; expected a named function of Arcs, or an object with name, scales_with_importance and"
        f" values(arcs) (missing: {', '.join(missing)})"
    )


@dataclass(frozen=True, slots=True)
class Resolution:
    """P(resolved at first contact | ticket, expert) in [0, 1], the expectation over the ticket's topics."""

    name: str = "resolution"
    scales_with_importance: bool = True

    def values(self, arcs: Arcs) -> NDArray[np.float64]:
        """The probabilities."""
        return arcs.resolution


@dataclass(frozen=True, slots=True)
class Waiting:
    """F(w + Δ) − F(w) in [0, ∞): the cost of one more epoch of waiting that an assignment saves (`aims.waiting`)."""

    name: str = "waiting"
    scales_with_importance: bool = True

    def values(self, arcs: Arcs) -> NDArray[np.float64]:
        """The saving of each arc's ticket."""
        return self.of_tickets(arcs.situation).take(arcs.ticket)

    def of_tickets(self, situation: Situation) -> NDArray[np.float64]:
        """``(tickets,)`` the saving of each ticket."""
        channels, tickets = situation.channels, situation.epoch.tickets
        return aims.waiting(
            situation.waited_s,
            situation.ahead_s,
            target_s=of_channel(tickets, channels.target_s, otherwise=1.0),
            due_s=tickets.due_s,
            rate=of_channel(tickets, channels.waiting_rate),
            power=of_channel(tickets, channels.power, otherwise=2.0),
        )


@dataclass(frozen=True, slots=True)
class Abandonment:
    """Probability in [0, 1] of losing the customer by the next epoch if not served now.

    1 − exp(−Δ / patience) where customers wait on the line, the rise of P(no answer) where they are called back, and
    0 where they do neither (`aims.abandonment`, `aims.no_answer`).
    """

    name: str = "abandonment"
    scales_with_importance: bool = True

    def values(self, arcs: Arcs) -> NDArray[np.float64]:
        """The probability of each arc's ticket."""
        return self.of_tickets(arcs.situation).take(arcs.ticket)

    def of_tickets(self, situation: Situation) -> NDArray[np.float64]:
        """``(tickets,)`` the probability of each ticket."""
        channels, tickets = situation.channels, situation.epoch.tickets
        by_channel = of_channel(tickets, channels.patience_s, otherwise=np.nan)
        patience = np.where(np.isnan(by_channel) | np.isnan(tickets.patience_s), by_channel, tickets.patience_s)
        hangs_up = aims.abandonment(patience, situation.ahead_s)
        no_answer = aims.no_answer(
            tickets.waited_s,
            situation.ahead_s,
            no_answer=of_channel(tickets, channels.no_answer),
            scale_s=of_channel(tickets, channels.no_answer_scale_s, otherwise=np.nan),
        )
        return np.maximum(hangs_up, no_answer)


@dataclass(frozen=True, slots=True)
class TierUse:
    """−(tiers above the one needed) / (tiers of the desk − 1) in [−1, 0]."""

    name: str = "tier"
    scales_with_importance: bool = False

    def values(self, arcs: Arcs) -> NDArray[np.float64]:
        """The share of tiers used above need, as a loss."""
        tier = arcs.epoch.desk.tier
        needed = arcs.epoch.tickets.tier
        return aims.tier(tier.take(arcs.expert), needed.take(arcs.ticket), int(tier.max(initial=1)))


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Mean occupancy of the ticket's eligible experts − this expert's own, in [−1, 1]; 0 where unknown."""

    name: str = "occupancy"
    scales_with_importance: bool = False

    def values(self, arcs: Arcs) -> NDArray[np.float64]:
        """How far each expert is under the mean of the peers."""
        own = arcs.epoch.staffing.occupancy.take(arcs.expert)
        return aims.occupancy(own, arcs.situation.peer_occupancy.take(arcs.ticket))


@dataclass(frozen=True, slots=True)
class Affinity:
    """1 for the customer's preferred expert, else 0."""

    name: str = "affinity"
    scales_with_importance: bool = False

    def values(self, arcs: Arcs) -> NDArray[np.float64]:
        """Whether each arc's expert is preferred."""
        preferred = arcs.epoch.tickets.preferred
        if (preferred < 0).all():
            return np.zeros(len(arcs))
        return aims.affinity(arcs.expert, preferred.take(arcs.ticket))


@dataclass(frozen=True, slots=True)
class ProficiencyMatch:
    """Σ over topics of P(topic) · proficiency in [0, 1]; a topic that the expert lacks counts 0.

    An unknown topic counts the general proficiency of experts who know every topic, as in `Resolution`.
    """

    name: str = "proficiency"
    scales_with_importance: bool = False

    def values(self, arcs: Arcs) -> NDArray[np.float64]:
        """The expected proficiency."""
        return arcs.proficiency


@dataclass(frozen=True, slots=True)
class RelaxationCost:
    """−(what timed relaxation charges for a missing topic, a lower tier or a missing language), ≤ 0."""

    name: str = "relaxation"
    scales_with_importance: bool = False

    def values(self, arcs: Arcs) -> NDArray[np.float64]:
        """The cost of each arc, 0 where nothing was relaxed."""
        cost = np.zeros(len(arcs))
        stage = arcs.situation.stage[arcs.ticket]
        if not stage.any():
            return cost
        channel = arcs.epoch.tickets.channel[arcs.ticket]
        knows = arcs.knows_topic
        for key in np.unique(np.column_stack((channel, stage))[stage > 0], axis=0).tolist():
            here = np.flatnonzero((channel == key[0]) & (stage == key[1]))
            cost[here] = self._cost(arcs, here, knows[here], *key)
        return cost

    @staticmethod
    def _cost(
        arcs: Arcs, here: NDArray[np.intp], knows: NDArray[np.bool_], channel: int, stage: int
    ) -> NDArray[np.float64]:
        desk, tickets = arcs.epoch.desk, arcs.epoch.tickets
        relaxed = arcs.situation.eligibility.relaxation(channel, stage)
        assert relaxed is not None  # stage > 0
        ticket, expert = arcs.ticket[here], arcs.expert[here]
        below = np.maximum(tickets.tier[ticket] - desk.tier[expert], 0)
        cost: NDArray[np.float64] = -relaxed.tier_cost * below.astype(np.float64)
        if relaxed.missing_topic is not None:
            cost -= relaxed.missing_topic * ~knows
        if relaxed.language is not None:
            cost -= relaxed.language * ~_speaks(desk, tickets.language[ticket], expert)
        return cost


def _speaks(desk: Desk, language: NDArray[np.int32], expert: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether each expert speaks the language beside; nobody speaks the code −1."""
    named = np.flatnonzero(language >= 0)
    speaks = np.zeros(len(language), bool)
    speaks[named] = desk.speaks[expert[named], language[named]]
    return speaks


DEFAULT_TERMS: tuple[Term, ...] = (
    Resolution(),
    Waiting(),
    Abandonment(),
    TierUse(),
    Occupancy(),
    Affinity(),
    ProficiencyMatch(),
    RelaxationCost(),
)
"""The terms of a formulation that names none."""
