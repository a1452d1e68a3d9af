"""`Record`: what a learner has earned on the way, on customers that it does not learn from."""

from __future__ import annotations

import numpy as np

from deskmatch.learning.judging import Learned, points_per_ticket
from deskmatch.learning.scored import Scored
from deskmatch.learning.scorer import Scorer
from deskmatch.simulation.scenario import Scenario

__all__ = ["Record", "check_budget"]


class Record:
    """Looks at a learner on the way.

    Parameters
    ----------
    scenario : where it is judged.
    work_conserving : as in `Scored`.
    judged_by : runs of each look.
    """

    def __init__(self, scenario: Scenario, *, work_conserving: bool, judged_by: int) -> None:
        self._scenario, self._work_conserving, self._judged_by = scenario, work_conserving, judged_by
        self._scorers: list[Scorer] = []
        self._points: list[float] = []
        self.transitions: list[int] = []

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
        self.transitions.append(used)

    def learned(self, **about: object) -> Learned:
        """The best scorer that was seen, with what is to be kept of it."""
        best = self._scorers[int(np.argmax(self._points))]
        return Learned(
            scorer=best.with_flat(best.flat, **about, transitions=self.transitions[-1]),
            transitions=np.array(self.transitions, np.int64),
            points=np.array(self._points),
        )


def check_budget(**counts: int) -> None:
    """Raise `ValueError` that names each count below 1."""
    wrong = [f"{name}: found {count}; expected 1 or more" for name, count in counts.items() if count < 1]
    if wrong:
        raise ValueError("; ".join(wrong))
