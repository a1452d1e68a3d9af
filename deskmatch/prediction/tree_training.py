"""How boosted trees are trained: how many, whether experts are told apart, how calibrated, and how far to trust
them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from deskmatch.errors import Defect, InputError
from deskmatch.prediction.history import History
from deskmatch.prediction.measures import auc, log_loss
from deskmatch.prediction.recalibration import fit_line
from deskmatch.prediction.recent_rates import RecentRates
from deskmatch.prediction.shrinkage import prior_strength
from deskmatch.prediction.tree_columns import Columns
from deskmatch.prediction.tree_ensemble import TreeEnsemble
from deskmatch.prediction.tree_fitting import Binning, Settings, fit_trees

__all__ = ["SEEN", "Trained", "trained_trees"]

Float64 = NDArray[np.float64]

KEPT_BACK = 0.25
"""Share of the tickets, the newest ones, on which trees are chosen and calibrated."""
FEWEST = 100
STRIDE = 5
"""Trees between two looks at the later tickets."""
SURE = 2.0
"""Standard errors by which the log loss must fall before experts are told apart: chance does that once in 44 times."""
SEEN = (1, 10, 50)
"""Tickets of an expert at which trust is reckoned anew."""
TRUSTED = (0.5, 2000.0)
"""The least and the most κ."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What training finds; see `BoostedTrees` for the parts."""

    columns: Columns
    binning: Binning
    trees: TreeEnsemble
    shift: float
    slope: float
    trust: Float64
    scores: Mapping[str, float]
    notes: tuple[str, ...]


def trained_trees(history: History, columns: Columns, settings: Settings) -> Trained:
    """Train on a history in the order of its assignments.

    Raises
    ------
    InputError
        Where it has one outcome only, or too few tickets.
    """
    _refuse(history)
    early, late = _halves(history)
    rates_then = RecentRates.of(early)
    x_early, x_late = (columns.of_history(part, rates_then) for part in (early, late))
    known = _on_late(x_early, x_late, columns, early, late, settings)
    unknown_columns = replace(columns, knows_experts=False)
    width = len(unknown_columns.levels)
    unknown = _on_late(x_early[:, :width], x_late[:, :width], unknown_columns, early, late, settings)
    gain, error = _gain(late, known.odds, unknown.odds)
    tells = gain > SURE * error and gain > 0
    chosen, best = (columns, known) if tells else (unknown_columns, unknown)
    note = "" if tells else "knowing the expert did not help on later tickets beyond chance: the model tells none apart"
    slope = best.line[1]
    x = chosen.of_history(history, RecentRates.of(history))
    trees, binning = fit_trees(x, chosen.levels, history.resolved, history.weight, replace(settings, trees=best.trees))
    newest = trees.sum_uncompiled(binning.bins(x[-len(late) :]))
    shift = _shift(slope * newest, history.resolved[-len(late) :], history.weight[-len(late) :])
    held_back = expit(best.odds)
    return Trained(
        columns=chosen,
        binning=binning,
        trees=trees,
        shift=shift,
        slope=slope,
        trust=_trust(early, late, held_back, expit(unknown.odds)),
        scores={
            "AUC on the newest quarter": auc(late.resolved, best.odds),
            "log loss there": log_loss(late.resolved, held_back),
            "fall of the log loss by knowing the expert": gain,
            "its standard error": error,
        },
        notes=(note,) if note else (),
    )


def _refuse(history: History) -> None:
    defects = []
    if len(history) < FEWEST:
        found = f"{len(history)} tickets"
        defects.append(Defect("history", None, None, found, f"expected at least {FEWEST} for boosted trees"))
    if len(np.unique(history.resolved)) < 2:
        only = "true" if len(history) and history.resolved[0] else "false"
        accepted = "expected both outcomes: from one alone nothing can be learnt"
        defects.append(Defect("history", None, "resolved_first_contact", f"only {only}", accepted))
    if defects:
        raise InputError(defects)


def _halves(history: History) -> tuple[History, History]:
    """What was known when the newest quarter began, and that quarter; without such an early part, shuffled ones."""
    at = history.assigned_at[int((1 - KEPT_BACK) * len(history))]
    early = history.take((history.assigned_at < at) & (history.known_at <= at))
    late = history.take(history.assigned_at >= at)
    if min(len(early), len(late)) >= FEWEST // 4 and all(len(np.unique(part.resolved)) == 2 for part in (early, late)):
        return early, late
    order = np.random.default_rng(0).permutation(len(history))
    cut = int((1 - KEPT_BACK) * len(history))
    return history.take(np.sort(order[:cut])), history.take(np.sort(order[cut:]))


@dataclass(frozen=True, slots=True, eq=False)
class _OnLate:
    """How many trees of the early part did best on the late one, and what they say there.

    Parameters
    ----------
    trees : how many.
    line : shift and slope at which the outcomes of the late part are likeliest: a desk drifts, and that is no fault of
        what the trees tell apart.
    odds : ``(rows,)`` log odds, moved so.
    """

    trees: int
    line: tuple[float, float]
    odds: Float64


def _on_late(
    x_early: Float64, x_late: Float64, columns: Columns, early: History, late: History, settings: Settings
) -> _OnLate:
    """Grow all trees on the early part, and keep as many as help on the late one."""
    trees, binning = fit_trees(x_early, columns.levels, early.resolved, early.weight, settings)
    bins = binning.bins(x_late)
    odds = np.full(len(late), trees.base)
    best, best_loss, line, best_odds = 1, np.inf, (0.0, 1.0), odds
    for number in range(1, len(trees.root) + 1):
        odds = odds + trees.of_one(number - 1, bins)
        if number % STRIDE:
            continue
        shift, slope = fit_line(expit(odds), late.resolved, late.weight)
        loss = float(np.average(_loss(late, shift + slope * odds), weights=late.weight))
        if loss < best_loss:
            best, best_loss, line, best_odds = number, loss, (shift, slope), shift + slope * odds
    return _OnLate(best, line, best_odds)


def _loss(late: History, odds: Float64) -> Float64:
    return np.asarray(np.logaddexp(0, odds) - late.resolved * odds)


def _gain(late: History, known: Float64, unknown: Float64) -> tuple[float, float]:
    """By how much knowing the expert lowers the log loss, and its standard error over experts."""
    fall = (_loss(late, unknown) - _loss(late, known)) * late.weight
    total = late.weight.sum()
    mean = float(fall.sum() / total)
    by_expert = np.bincount(late.expert, fall - mean * late.weight)
    return mean, float(np.sqrt((by_expert**2).sum()) / total)


def _shift(odds: Float64, resolved: Float64, weight: Float64) -> float:
    """What must be added to log odds so that their mean probability is the share resolved."""
    share = float(np.average(resolved, weights=weight))
    share = min(max(share, 0.5 / len(resolved)), 1 - 0.5 / len(resolved))
    return float(brentq(lambda shift: float(np.average(expit(odds + shift), weights=weight)) - share, -40, 40))


def _trust(early: History, late: History, predicted: Float64, blind: Float64) -> Float64:
    """κ by how many tickets of an expert the early part had, from how far pairs of the late part lay from predictions.

    A stranger is as uncertain as experts are spread about predictions that know no expert (`blind`); who was seen n
    times is at least n tickets more certain than that, where too few such experts are in the late part to tell.
    """
    stranger = _strength(late, blind, np.ones(len(late), bool))
    tickets = np.bincount(early.expert, early.weight > 0, len(late.expert_ids))
    seen = np.searchsorted(SEEN, tickets, side="right")[late.expert]
    found = [stranger]
    for place, least in enumerate(SEEN, start=1):
        some = seen == place
        told = _strength(late, predicted, some) if some.sum() >= FEWEST // 4 else stranger + least
        found.append(max(found[-1], told))  # more tickets are never a reason to trust less
    return np.clip(found, *TRUSTED)


def _strength(late: History, predicted: Float64, some: NDArray[np.bool_]) -> float:
    """κ at which the counts of pairs are likeliest, given their mean predictions."""
    _, cell = np.unique(late.expert[some] * len(late.topics) + late.topic[some], return_inverse=True)
    columns = (np.ones(int(some.sum())), late.resolved[some], predicted[some])
    n, good, mean = (np.bincount(cell, late.weight[some] * values).astype(np.float64) for values in columns)
    return prior_strength(good, n, np.clip(mean / n, 1e-6, 1 - 1e-6))
