"""`Scored`: a policy that gives each waiting ticket the candidate with the best score, or holds it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from deskmatch.epochs import Desk, Epoch
from deskmatch.learning.features import FeatureMaker
from deskmatch.learning.scorer import Scorer
from deskmatch.learning.ticket_classes import ExpectedArrivals, TicketClasses
from deskmatch.learning.visit import Visit
from deskmatch.policies.protocol import Decision, Trigger
from deskmatch.routing import ChannelTable, Reward, Routing
from deskmatch.simulation.scenario import Scenario

__all__ = ["Scored", "ScoredState"]


@dataclass(slots=True)
class ScoredState:
    """What is known of the desk; grows with the classes of tickets that are seen, and depends on nothing else.

    Parameters
    ----------
    classes, features, channels : of the desk.
    """

    classes: TicketClasses
    features: FeatureMaker
    channels: ChannelTable


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Visit the waiting tickets as `RoutingEnv` does, and choose by a `Scorer`; needs numpy only.

    Ties go to the expert who comes first.

    Parameters
    ----------
    scorer : what was learned.
    routing : says which channels take the whole expert.
    reward : what outcomes are worth.
    expected : arrivals.
    work_conserving : nobody may idle while a ticket waits whom the expert could serve.
    epoch_s : seconds between epochs; None: after every event.
    name : for tables and pictures.

    Examples
    --------
    >>> from deskmatch.policies import check_policy
    >>> check_policy(Scored(Scorer.random(np.random.default_rng(0))))
    """

    scorer: Scorer
    routing: Routing = field(default_factory=Routing)
    reward: Reward = field(default_factory=Reward)
    expected: ExpectedArrivals = field(default_factory=ExpectedArrivals)
    work_conserving: bool = False
    epoch_s: float | None = None
    name: str = "scored"

    @classmethod
    def of(
        cls, scorer: Scorer, scenario: Scenario, *, work_conserving: bool | None = None, name: str = "scored"
    ) -> Scored:
        """For the desk, the reward and the mean arrivals of a scenario.

        Parameters
        ----------
        scorer : what was learned.
        scenario : where it is used.
        work_conserving : None: as it was trained.
        name : for tables and pictures.
        """
        trained = bool(scorer.about.get("work_conserving", False))
        return cls(
            scorer,
            routing=scenario.routing,
            reward=scenario.tables.reward,
            expected=ExpectedArrivals.of(scenario),
            work_conserving=trained if work_conserving is None else work_conserving,
            name=name,
        )

    @property
    def trigger(self) -> Trigger:
        """Every event, or every `epoch_s` seconds."""
        return Trigger(self.epoch_s)

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> ScoredState:
        """The classes of tickets that are expected."""
        classes = TicketClasses(desk, self.expected)
        return ScoredState(classes, FeatureMaker(classes, self.reward), self.routing.for_desk(desk))

    def decide(self, epoch: Epoch, state: ScoredState) -> tuple[Decision, ScoredState]:
        """The best candidate of each ticket in turn."""
        return self.visit(epoch, state).decision(), state

    def visit(self, epoch: Epoch, state: ScoredState) -> Visit:
        """All tickets visited."""
        visit = Visit(epoch, state.classes, state.channels, work_conserving=self.work_conserving)
        while visit.ticket >= 0:
            may = np.flatnonzero(visit.mask())
            scores = self.scorer(state.features.of(visit)[may])
            visit.take(int(may[np.argmax(scores)]))
        return visit
