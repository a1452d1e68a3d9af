"""`Head`: from numbers to one score a topic; linear, so that 64 texts take no time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.prediction.topics.extras import needed

__all__ = ["Head", "class_weights"]

STRENGTH = {"tfidf": 0.5, "embedding": 30.0}
"""Inverse of the penalty. Embeddings have length 1, so that scores need large weights; what that overdoes in confidence
the calibration takes back."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Scores ``x W + b``.

    Parameters
    ----------
    weight : ``(features, topics)`` float32.
    bias : ``(topics,)`` float32.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    @property
    def width(self) -> int:
        """How many features it reads."""
        return len(self.weight)

    @classmethod
    def fit(cls, features: Any, topic: NDArray[np.int64], topics: int, *, balance: float, seed: int) -> Head:
        """Fit on rows of features.

        Dense features get multinomial logistic regression, sparse ones a linear support vector machine for each topic
        against the others (both scikit-learn's; the second is many times as fast there, and as good).

        Parameters
        ----------
        features : ``(rows, features)``.
        topic : ``(rows,)`` columns, each of which occurs.
        topics : how many there are, at least 2.
        balance : see `class_weights`.
        seed : of the order in which the second looks at rows.
        """
        from scipy import sparse

        weights = dict(enumerate(class_weights(topic, topics, balance).tolist()))
        if sparse.issparse(features):
            svm = needed("sklearn.svm", extra="text", purpose="TfidfClassifier")
            model = svm.LinearSVC(C=STRENGTH["tfidf"], class_weight=weights, random_state=seed, max_iter=5000)
        else:
            linear = needed("sklearn.linear_model", extra="text", purpose="EmbeddingClassifier")
            model = linear.LogisticRegression(C=STRENGTH["embedding"], class_weight=weights, max_iter=1000, tol=1e-3)
        _quietly(model.fit, features, topic)
        weight, bias = np.asarray(model.coef_.T, np.float32), np.asarray(model.intercept_, np.float32)
        if topics == 2:  # scikit-learn has one score for two classes
            weight, bias = np.hstack([-weight, weight]), np.array([-bias[0], bias[0]], np.float32)
        return cls(np.ascontiguousarray(weight), bias)

    def scores(self, features: Any) -> NDArray[np.float64]:
        """``(rows, topics)``."""
        return np.asarray(features @ self.weight + self.bias, np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """As a file keeps it."""
        return {"weight": self.weight, "bias": self.bias}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], topics: int) -> Head:
        """Of a file; ValueError or KeyError where it holds none."""
        weight, bias = np.asarray(arrays["weight"], np.float32), np.asarray(arrays["bias"], np.float32)
        if weight.ndim != 2 or weight.shape[1] != topics or bias.shape != (topics,):
            raise ValueError("its head does not fit its topics")
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise ValueError("its head holds no finite numbers")
        return cls(weight, bias)


def class_weights(topic: NDArray[np.int64], topics: int, balance: float) -> NDArray[np.float64]:
    """``(topics,)`` weights (largest topic / topic)^balance: 0 counts tickets, 1 counts topics alike."""
    n = np.maximum(1, np.bincount(topic, minlength=topics))
    return np.asarray((n.max() / n) ** balance, np.float64)


def _quietly(fit: Any, features: Any, topic: NDArray[np.int64]) -> None:
    """A fit that stops at its most iterations is good enough: the calibration measures what it is worth."""
    import warnings

    limits = needed("threadpoolctl", extra="text", purpose="training")
    with warnings.catch_warnings(), limits.threadpool_limits(1):
        warnings.simplefilter("ignore")
        fit(features, topic)
