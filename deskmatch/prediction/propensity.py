"""Inverse-probability weights: rows as if tickets of a topic had come to experts whatever else they looked like.

Where a desk sends its hard tickets to its best experts, these look worse than they are. With e the expert, t the topic
and x what the desk saw of a ticket, a row counts ``P(e | t) / P(e | t, x)``: among an expert's tickets of a topic those
that he seldom gets count more, so that all experts are compared on the same mix (stabilised weights; J. M. Robins,
M. Á. Hernán, B. Brumback, Epidemiology 11 (2000) 550–560). Both probabilities are multinomial logistic regressions.
It mends only what x shows: a dispatcher who knows more than the table leaves his mark. And an expert who never gets a
kind of ticket tells nothing about it, whatever the weights; extreme ones are cut off at `MOST`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax

from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.prediction.features import choose_features, encoded_history
from deskmatch.prediction.history import History

__all__ = ["inverse_probability_weights"]

MOST = 10.0
"""Weights above this, and below its inverse, are cut off: a few rows would drown all others."""
RIDGE = 1.0
"""Half the squared coefficients, in units of log likelihood."""
BINS = 5
"""Quantiles into which numbers are cut."""
STEPS = 100

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


def inverse_probability_weights(history: History, columns: Sequence[str]) -> tuple[History, str]:
    """The history with weights that balance these columns between the experts of each topic, and what they cost.

    Parameters
    ----------
    history : whose rows with a weight above 0 count.
    columns : features by which tickets may have been sent to experts: what the desk saw before it decided.

    Returns
    -------
    The history with its weights multiplied, of the same sum; and a note that says how many tickets they are worth
    (``(Σ w)² / Σ w²``, L. Kish) and how many weights were cut off.

    Raises
    ------
    InputError
        Names each column that the history lacks; refuses no columns at all.
    """
    if not columns:
        accepted = "expected the columns by which tickets were sent to experts"
        raise InputError([Defect(ARGUMENTS, None, "balance", "no column", accepted)])
    counted = history.weight > 0
    rows = history.take(counted)
    topic = [(rows.topic, len(rows.topics))]
    without = _log_share(rows, topic)
    with_columns = _log_share(rows, [*topic, *_levels(rows, columns)])
    ratio = np.exp(np.clip(without - with_columns, -50, 50))
    cut = np.clip(ratio, 1 / MOST, MOST)
    weight = rows.weight * cut
    weight *= rows.weight.sum() / weight.sum()
    found = np.zeros(len(history))
    found[counted] = weight
    worth, extreme = weight.sum() ** 2 / (weight**2).sum(), int((cut != ratio).sum())
    said = f"weighted by inverse probability over {', '.join(columns)}: {len(rows):,} tickets count as {worth:,.0f}"
    return replace(history, weight=found), f"{said}, {extreme:,} weights cut off at {MOST:g} or its inverse"


def _levels(rows: History, columns: Sequence[str]) -> list[tuple[Int64, int]]:
    """Each column as levels, missing ones as a level of their own; numbers are cut at their quantiles."""
    features, _ = choose_features(rows, columns)
    found = []
    for feature, values in zip(features, encoded_history(rows, features).T, strict=True):
        missing = np.isnan(values)
        if feature.levels is None:
            cuts = np.unique(np.quantile(values[~missing], np.arange(1, BINS) / BINS))
            level, count = np.searchsorted(cuts, np.where(missing, 0.0, values)), len(cuts) + 1
        else:
            level, count = np.where(missing, 0, values), len(feature.levels)
        found.append((np.where(missing, count, level).astype(np.int64), count + 1))
    return found


def _log_share(rows: History, factors: Sequence[tuple[Int64, int]]) -> Float64:
    """``(rows,)`` log probability that a ticket with these levels comes to the expert who got it."""
    codes = np.column_stack([level for level, _ in factors])
    kinds, kind = np.unique(codes, axis=0, return_inverse=True)
    kind = kind.ravel()
    experts, expert = np.unique(rows.expert, return_inverse=True)
    counts = np.zeros((len(kinds), len(experts)))
    np.add.at(counts, (kind, expert), rows.weight)
    offsets = np.cumsum([0, *(levels for _, levels in factors)])
    place = (kinds + offsets[:-1]).ravel()
    row = np.repeat(np.arange(len(kinds)), len(factors))
    design = sparse.csr_array((np.ones(len(place)), (row, place)), shape=(len(kinds), int(offsets[-1])))
    share = np.log((counts.sum(axis=0) + 0.5) / (counts.sum() + 0.5 * len(experts)))

    def logs(flat: Float64) -> Float64:
        odds = design @ flat.reshape(design.shape[1], len(experts)) + share
        return np.asarray(log_softmax(odds, axis=1), np.float64)

    def cost(flat: Float64) -> tuple[float, Float64]:
        log_share = logs(flat)
        residual = np.exp(log_share) * counts.sum(axis=1, keepdims=True) - counts
        slope = (design.T @ residual).ravel() + RIDGE * flat
        return float(-(counts * log_share).sum() + 0.5 * RIDGE * flat @ flat), slope

    start = np.zeros(design.shape[1] * len(experts))
    found = minimize(cost, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x
    return logs(found)[kind, expert]
