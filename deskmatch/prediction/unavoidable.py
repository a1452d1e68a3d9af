"""`unavoidable_floor`: the share of each topic's tickets that no expert resolves, where no table says why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from deskmatch.prediction.historical_rate import HistoricalRate
from deskmatch.prediction.history import History, as_history

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["unavoidable_floor"]

NODES = 400
"""Of the trapezoid over [0, 1]: the mean to three digits."""
TAIL = 0.05


def unavoidable_floor(history: History | pd.DataFrame | str | Path) -> pd.DataFrame:
    """What no expert beats, by topic: 1 − the rate of the topic's best expert.

    Where a table has no ``transfer_reason``, nobody knows which transfers could have been prevented. If the best expert
    of a topic resolves all that can be resolved, what he leaves is unavoidable. The best of many counted rates is best
    by luck too; so each rate is what `HistoricalRate` believes of it, a beta distribution, and the floor is the mean of
    1 − their largest: ``E[max] = 1 − ∫ Π_e F_e(x) dx``, F_e the distribution of expert e. Where no expert is all that
    good it says too much: an upper bound of what is unavoidable, from these experts.

    Parameters
    ----------
    history : the history table; unavoidable transfers that it names count no more.

    Returns
    -------
    One row a topic: ``topic``, ``experts``, ``n`` (weighted tickets), ``not_resolved`` (their share), ``floor``,
    ``lower`` and ``upper`` (its 90 % interval), ``preventable`` (what lies above the floor).

    Raises
    ------
    InputError
        Lists everything that is wrong in the table.

    Examples
    --------
    >>> import pandas as pd
    >>> history = pd.DataFrame({
    ...     "expert_id": ["ana"] * 400 + ["bo"] * 400, "topic": "seo",
    ...     "resolved_first_contact": [1] * 320 + [0] * 80 + [1] * 200 + [0] * 200,
    ... })
    >>> unavoidable_floor(history).round(2)[["topic", "not_resolved", "floor", "preventable"]]
      topic  not_resolved  floor  preventable
    0   seo          0.35    0.2         0.15
    """
    import pandas as pd

    rows = as_history(history)
    model = HistoricalRate.fit(rows)
    found = []
    for topic, cells in model.table().groupby("topic", sort=False):
        n, rate = cells["n"].to_numpy(), cells["rate"].to_numpy()
        total = n + model.strength
        best = _largest(rate * total, (1 - rate) * total)
        missed = 1 - float(np.average(cells["raw"], weights=n))
        floor = min(1 - best[0], missed)
        found.append(
            {
                "topic": topic,
                "experts": len(cells),
                "n": float(n.sum()),
                "not_resolved": missed,
                "floor": floor,
                "lower": min(1 - best[2], floor),
                "upper": max(1 - best[1], floor),
                "preventable": missed - floor,
            }
        )
    return pd.DataFrame(found).sort_values("topic", ignore_index=True)


def _largest(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float, float]:
    """The mean of the largest of beta variables, and the ends of its 90 % interval."""
    x = np.linspace(0, 1, NODES + 1)
    below = np.prod(betainc(a[:, None], b[:, None], x), axis=0)
    ends = np.interp([TAIL, 1 - TAIL], below, x)
    return 1 - float(np.trapezoid(below, x)), float(ends[0]), float(ends[1])
