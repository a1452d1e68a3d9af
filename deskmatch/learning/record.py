"""`Record`: what a learner has earned on the way, on customers that it does not learn from."""

from __future__ import annotations

import numpy as np

from deskmatch.learning.judging import Learned, points_per_ticket
from deskmatch.learning.scored import Scored
from deskmatch.learning.scorer import Scorer
from deskmatch.simulation.scenario import Scenario

__all__ = ["Record", "check_counts"]


class Record:
    """Looks at a learner on the way.

    Parameters
    ----------
    scenario : where it is judged.
    transitions : that the learner may use, ≥ 1.
    looks : how many there are, evenly spread, besides those at the start and at the end; ≥ 0.
    judged_by : runs of each look, ≥ 1.
    work_conserving : as in `Scored`.

    Raises
    ------
    ValueError
        That names each number below its least.
    """

    def __init__(
        self, scenario: Scenario, *, transitions: int, looks: int, judged_by: int, work_conserving: bool
    ) -> None:
        check_counts(("transitions", transitions, 1), ("judged_by", judged_by, 1), ("looks", looks, 0))
        self._scenario, self._work_conserving, self._judged_by = scenario, work_conserving, judged_by
        self._budget, self._parts = transitions, looks + 1
        self._scorers: list[Scorer] = []
        self._points: list[float] = []
        self._transitions: list[int] = []

    def due(self, used: int) -> bool:
        """Whether it is time for the next look, after so many transitions."""
        return used * self._parts >= len(self._transitions) * self._budget

    def look(self, scorer: Scorer, used: int) -> None:
        """Judge a scorer.

        Parameters
        ----------
        scorer : as it is now.
        used : transitions up to now.
        """
        policy = Scored.of(scorer, self._scenario, work_conserving=self._work_conserving)
        self._points.append(float(points_per_ticket(policy, self._scenario, replications=self._judged_by).mean()))
        self._scorers.append(scorer)
        self._transitions.append(used)

    def learned(self, **about: object) -> Learned:
        """The best scorer that was seen, with what is to be kept of it."""
        best = self._scorers[int(np.argmax(self._points))]
        kept = {"work_conserving": self._work_conserving, **about, "transitions": self._transitions[-1]}
        return Learned(
            scorer=best.with_flat(best.flat, **kept),
            transitions=np.array(self._transitions, np.int64),
            points=np.array(self._points),
        )


def check_counts(*counts: tuple[str, int, int]) -> None:
    """Raise `ValueError` that names each count, given as name, number and least, that is below its least."""
    wrong = [f"{name}: found {count}; expected {least} or more" for name, count, least in counts if count < least]
    if wrong:
        raise ValueError("; ".join(wrong))
