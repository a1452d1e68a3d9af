"""`clone`: a scorer that chooses as somebody has shown it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.learning.demonstrations import Demonstrations
from deskmatch.learning.network import backward, forward, layers_of
from deskmatch.learning.scorer import Scorer

__all__ = ["clone", "loss_and_gradient"]

Floats = NDArray[np.float64]


def clone(
    shown: Demonstrations,
    start: Scorer,
    *,
    iterations: int = 150,
    smoothing: float = 0.05,
    decay: float = 1e-4,
) -> Scorer:
    """Fit a scorer to demonstrations by maximum likelihood (behaviour cloning).

    The probability of a row is its share of exp(score) among the rows of its decision. Minimised by L-BFGS.

    Parameters
    ----------
    shown : what was chosen.
    start : where the search begins, and of which shape the scorer is.
    iterations : of the search at most.
    smoothing : share of the probability that is spread evenly over what could have been chosen, so that a learner that
        begins here still tries everything.
    decay : weight of the squared weights.

    Raises
    ------
    ValueError
        Where nothing has been shown.
    """
    from scipy.optimize import minimize

    if not len(shown):
        raise ValueError("demonstrations: found none; expected a scenario in which there is something to choose")

    def loss(flat: Floats) -> tuple[float, Floats]:
        return loss_and_gradient(start.with_flat(flat), shown, smoothing=smoothing, decay=decay)

    found = minimize(loss, start.flat, jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    scorer = start.with_flat(found.x)
    return start.with_flat(found.x, cloned_agreement=round(shown.agreement(scorer), 4))


def loss_and_gradient(
    scorer: Scorer, shown: Demonstrations, *, smoothing: float = 0.0, decay: float = 0.0
) -> tuple[float, Floats]:
    """Mean negative log-likelihood of what was chosen, and its derivatives by `Scorer.flat`.

    Parameters
    ----------
    scorer : whose weights.
    shown : the decisions.
    smoothing, decay : as in `clone`.
    """
    flat = scorer.flat
    layers = layers_of(flat, scorer.sizes)
    scores, inside = forward(layers, shown.features)
    first, sizes = shown.ptr[:-1], np.diff(shown.ptr)
    shifted = scores - np.repeat(np.maximum.reduceat(scores, first), sizes)
    total = np.add.reduceat(np.exp(shifted), first)
    logs = shifted - np.repeat(np.log(total), sizes)
    wanted = np.repeat(smoothing / sizes, sizes)
    wanted[first + shown.chosen] += 1.0 - smoothing
    loss = -float(wanted @ logs) / len(shown) + decay * float(flat @ flat)
    slope = (np.exp(logs) - wanted) / len(shown)
    return loss, backward(layers, inside, slope) + 2.0 * decay * flat
