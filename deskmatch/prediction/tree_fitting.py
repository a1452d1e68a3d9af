"""Boosted trees by scikit-learn, turned into a `TreeEnsemble`: needs the extra ``trees``.

What is taken from scikit-learn's ``HistGradientBoostingClassifier`` are the nodes of its trees; that they mean the same
here is checked on every fit, by comparing the sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ARGUMENTS, ContractError, Defect, InputError
from deskmatch.prediction.tree_ensemble import BINS, MISSING, TreeEnsemble

__all__ = ["Binning", "Settings", "fit_trees"]

Float64 = NDArray[np.float64]
UInt8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Settings:
    """How trees are grown.

    Parameters
    ----------
    trees : the most; fewer where more do not help on later tickets.
    leaves : of each tree, at most 128.
    depth : of each tree, at most.
    rate : how much of its best step each tree takes.
    least : tickets in a leaf.
    ridge : of the leaves' values.
    seed : of scikit-learn's sampling.
    """

    trees: int = 100
    leaves: int = 15
    depth: int = 5
    rate: float = 0.1
    least: int = 20
    ridge: float = 5.0
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Binning:
    """Where each feature is cut.

    Parameters
    ----------
    cuts : of each feature: thresholds of a number, ascending, at most 254: bin k holds what is above ``cuts[k − 1]``
        and at most ``cuts[k]``; None: a category, whose level is its bin.
    """

    cuts: tuple[Float64 | None, ...]

    def column(self, number: int, values: Float64) -> UInt8:
        """The bins of one feature's values; 255 where they are missing."""
        cuts = self.cuts[number]
        missing = np.isnan(values)
        safe = np.where(missing, 0.0, values)
        bins = safe if cuts is None else np.searchsorted(cuts, safe, side="left")
        return np.where(missing, MISSING, bins).astype(np.uint8)

    def bins(self, x: Float64) -> UInt8:
        """``(rows, features)`` bins."""
        found = np.empty(x.shape, np.uint8)
        for number in range(x.shape[1]):
            found[:, number] = self.column(number, x[:, number])
        return found


def fit_trees(
    x: Float64, levels: Sequence[int], resolved: Float64, weight: Float64, settings: Settings
) -> tuple[TreeEnsemble, Binning]:
    """Grow trees for the log odds of `resolved`.

    Parameters
    ----------
    x : ``(rows, features)``, nan where missing; levels of categories as whole numbers.
    levels : of each feature, how many levels it has, at most 255; 0: it is a number.
    resolved, weight : ``(rows,)``, of both outcomes.

    Raises
    ------
    InputError
        Where scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ImportError:
        accepted = "BoostedTrees are fitted with the extra: pip install 'deskmatch[trees]'"
        raise InputError([Defect(ARGUMENTS, None, "model", "BoostedTrees", accepted)]) from None
    order = np.argsort([count == 0 for count in levels], kind="stable")  # scikit-learn puts categories first
    packed, known = x[:, order].copy(), []
    for column, number in enumerate(order.tolist()):
        values = packed[:, column]
        missing = np.isnan(values)
        if levels[number]:
            present = np.unique(values[~missing])
            packed[:, column] = np.where(missing, np.nan, np.searchsorted(present, np.where(missing, 0.0, values)))
            known.append(present.astype(np.intp))
        if missing.all():
            packed[:, column] = 0.0  # scikit-learn takes no column of which nothing is known
    model = HistGradientBoostingClassifier(
        max_iter=settings.trees,
        max_leaf_nodes=settings.leaves,
        max_depth=settings.depth,
        learning_rate=settings.rate,
        min_samples_leaf=settings.least,
        l2_regularization=settings.ridge,
        categorical_features=[levels[number] > 0 for number in order.tolist()],
        early_stopping=False,
        random_state=settings.seed,
    )
    model.fit(packed, resolved.astype(int), sample_weight=weight)
    trees, binning = _exported(model, order, levels, known)
    sample = slice(0, 2000)
    ours, theirs = trees.sum_uncompiled(binning.bins(x[sample])), model.decision_function(packed[sample])
    if not np.allclose(ours, theirs, atol=1e-9):
        raise ContractError("scikit-learn's trees are laid out in a way that this version of deskmatch does not know")
    return trees, binning


def _exported(
    model: Any, order: NDArray[np.intp], levels: Sequence[int], known: list[NDArray[np.intp]]
) -> tuple[TreeEnsemble, Binning]:
    """The trees of a fitted classifier, level by level so that the two nodes below one are neighbours."""
    predictors = [each[0] for each in model._predictors]
    cuts: list[Float64 | None] = [None] * len(order)
    for column, number in enumerate(order.tolist()):
        if not levels[number]:
            used = [
                each.nodes["num_threshold"][(each.nodes["is_leaf"] == 0) & (each.nodes["feature_idx"] == column)]
                for each in predictors
            ]
            found = np.unique(np.concatenate([*used, np.empty(0)]))
            cuts[number] = found[np.isfinite(found)]
    roots: list[int] = []
    nodes: list[tuple[int, int, UInt8, float]] = []
    for predictor in predictors:
        roots.append(len(nodes))
        waiting = [0]
        begin = len(nodes)
        for position, at in enumerate(waiting):
            node = predictor.nodes[at]
            if node["is_leaf"]:
                nodes.append((0, begin + position, np.zeros(BINS, np.uint8), float(node["value"])))
                continue
            column = int(node["feature_idx"])
            goes = _table(node, predictor.raw_left_cat_bitsets, cuts[int(order[column])], known, column)
            nodes.append((int(order[column]), begin + len(waiting), goes, 0.0))
            waiting += [int(node["left"]), int(node["right"])]
    ensemble = TreeEnsemble(
        features=len(order),
        base=float(model._baseline_prediction.ravel()[0]),
        root=np.array(roots, np.int32),
        feature=np.array([node[0] for node in nodes], np.int32),
        left=np.array([node[1] for node in nodes], np.int32),
        goes_left=np.packbits(np.array([node[2] for node in nodes]), axis=1, bitorder="little"),
        value=np.array([node[3] for node in nodes]),
    )
    return ensemble, Binning(tuple(cuts))


def _table(node: Any, bitsets: Any, cuts: Float64 | None, known: list[NDArray[np.intp]], column: int) -> UInt8:
    """``(256,)`` which bins go left."""
    missing = int(node["missing_go_to_left"])
    goes = np.zeros(BINS, np.uint8)
    if cuts is not None:
        goes[: int(np.searchsorted(cuts, node["num_threshold"], side="left")) + 1] = 1
        if np.isinf(node["num_threshold"]):
            goes[:MISSING] = 1
    else:
        bits = np.unpackbits(bitsets[node["bitset_idx"]].view(np.uint8), bitorder="little")
        goes[:] = missing  # levels that were absent here are as good as missing
        goes[known[column]] = bits[: len(known[column])]
    goes[MISSING] = missing
    return goes
