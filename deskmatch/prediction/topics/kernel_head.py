"""`KernelHead`: from meaning and words to one score a topic, by kernel ridge regression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from deskmatch.prediction.topics.heads import class_weights
from deskmatch.prediction.topics.joint_encoder import Joint

__all__ = ["KernelHead"]

NARROW = 0.5
"""Of squared distances between meanings: what lies far from every ticket learnt from has low scores for all topics,
by which questions that are out of scope are told."""
WORDS = 0.1
"""Of inner products of words, beside meanings, whose kernel is at most 1."""
PENALTY = 0.1
FLOOR = 0.1
"""Added to outcomes before the logarithm: outcomes near 0 differ by chance only."""
LEAST_PENALTY = 0.01
"""Where rare topics count for more; with less, single precision would not do."""
MOST_ROWS = 16_384
"""Tickets up to which each is a landmark: a gigabyte in training, and a minute."""
LANDMARKS = 8_192
"""Of a history with more. (13,500 questions of clinc150: 0.950 right with 4,096 landmarks, 0.956 with all.)"""
STEPS = 15
"""Of conjugate gradients."""
TINY = 1e-12
CHUNK = 1_024


@dataclass(frozen=True, slots=True, eq=False)
class KernelHead:
    """Outcomes ``exp(-|x - l|² / 2) W + w V + b`` of a meaning x beside landmarks l, and of words w.

    They are meant to be 1 for the true topic and 0 for the others, so that its scores are their logarithms.

    Parameters
    ----------
    landmarks : ``(landmarks, numbers)`` float32, meanings of tickets that were learnt from.
    weight : ``(landmarks, topics)`` float32, W.
    word_weight : ``(n-grams, topics)`` float32, V.
    bias : ``(topics,)`` float32.
    """

    landmarks: NDArray[np.float32]
    weight: NDArray[np.float32]
    word_weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    _squares: NDArray[np.float32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_squares", _squares(self.landmarks))

    @property
    def width(self) -> int:
        """How many features it reads."""
        return int(self.landmarks.shape[1]) + len(self.word_weight)

    @classmethod
    def fit(cls, features: Joint, topic: NDArray[np.int64], topics: int, *, balance: float, seed: int) -> KernelHead:
        """Fit by weighted least squares to 1 for the true topic and 0 for the others.

        Kernel ridge regression (C. Saunders, A. Gammerman and V. Vovk, ICML 1998): with K the kernel of all rows,
        λ the penalty and c the weights of rows, (K + diag(λ / c)) A = Y is solved by Cholesky's method. Of histories
        with more than 16,384 rows only some are landmarks (A. Smola and B. Schölkopf, ICML 2000), each topic by its
        share, while all are learnt from: (KₘₙCKₙₘ + λKₘₘ) A = KₘₙCY. Then V is fitted anew to what is left over, as
        words that no landmark has would say nothing.

        Parameters
        ----------
        features : of the rows.
        topic : ``(rows,)`` columns.
        topics : how many there are.
        balance : see `class_weights`.
        seed : of which rows are landmarks, where not all are.
        """
        meaning = features.meaning.astype(np.float16).astype(np.float32)  # what a file keeps
        features = Joint(meaning, features.words)
        weights = class_weights(topic, topics, balance)[topic]
        penalties = np.maximum(PENALTY * weights.mean() / weights, LEAST_PENALTY).astype(np.float32)
        bias = (np.bincount(topic, minlength=topics) / len(topic)).astype(np.float32)
        wanted = np.eye(topics, dtype=np.float32)[topic] - bias
        if len(topic) <= MOST_ROWS:
            weight = _solved(features, penalties, wanted)
            return cls(features.meaning, weight, _word_weight(features, weight), bias)
        landmarks = features[_spread(topic, LANDMARKS, seed)]
        weight = _solved_by_landmarks(features, landmarks, penalties, wanted)
        first = cls(landmarks.meaning, weight, _word_weight(landmarks, weight), bias)
        return replace(first, word_weight=_words_again(first, features, penalties, wanted))

    def scores(self, features: Joint) -> NDArray[np.float64]:
        """``(rows, topics)``."""
        return np.asarray(np.log(np.maximum(self.outcomes(features), 0.0) + FLOOR), np.float64)

    def outcomes(self, features: Joint) -> NDArray[np.float32]:
        """``(rows, topics)``; each row sums to 1."""
        near = _nearness(features.meaning, self.landmarks, self._squares)
        return np.asarray(near @ self.weight + features.words @ self.word_weight + self.bias)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """As a file keeps it."""
        return {
            "landmarks": self.landmarks.astype(np.float16),
            "weight": self.weight,
            "word_weight": self.word_weight,
            "bias": self.bias,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], topics: int) -> KernelHead:
        """Of a file; ValueError or KeyError where it holds none."""
        names = ("landmarks", "weight", "word_weight", "bias")
        landmarks, weight, words, bias = (np.asarray(arrays[name], np.float32) for name in names)
        if landmarks.ndim != 2 or weight.shape != (len(landmarks), topics):
            raise ValueError("its landmarks do not fit its topics")
        if words.ndim != 2 or words.shape[1] != topics or bias.shape != (topics,):
            raise ValueError("its head does not fit its topics")
        if not all(np.isfinite(array).all() for array in (landmarks, weight, words, bias)):
            raise ValueError("its head holds no finite numbers")
        return cls(landmarks, weight, words, bias)


def _nearness(
    meaning: NDArray[np.float32], landmarks: NDArray[np.float32], squares: NDArray[np.float32]
) -> NDArray[np.float32]:
    """``(rows, landmarks)`` exp(-|x - l|² / 2), of the landmarks' squared lengths."""
    near = meaning @ landmarks.T
    near *= 2 * NARROW
    near -= NARROW * _squares(meaning)[:, None]
    near -= NARROW * squares
    return np.asarray(np.exp(near, out=near))


def _squares(meaning: NDArray[np.float32]) -> NDArray[np.float32]:
    """``(rows,)`` squared lengths."""
    return np.asarray(np.einsum("ij,ij->i", meaning, meaning))


def _kernel(rows: Joint, others: Joint) -> NDArray[np.float32]:
    """``(rows, others)``."""
    kernel, squares = np.empty((len(rows), len(others)), np.float32), _squares(others.meaning)
    for start in range(0, len(rows), CHUNK):
        some = rows[slice(start, start + CHUNK)]
        kernel[start : start + CHUNK] = _nearness(some.meaning, others.meaning, squares)
        kernel[start : start + CHUNK] += WORDS * (some.words @ others.words.T).toarray()
    return kernel


def _solved(rows: Joint, penalties: NDArray[np.float32], wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    kernel = _kernel(rows, rows)
    kernel[np.diag_indices(len(kernel))] += penalties
    # The transpose, which is the same, is how LAPACK keeps a matrix: no copy is made.
    factor = cho_factor(kernel.T, lower=True, overwrite_a=True, check_finite=False)
    return np.ascontiguousarray(cho_solve(factor, wanted, check_finite=False))


def _word_weight(landmarks: Joint, weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """V of A, by which the inner products of words need not be taken one by one."""
    return np.asarray(WORDS * (landmarks.words.T @ weight), np.float32)


def _solved_by_landmarks(
    rows: Joint, landmarks: Joint, penalties: NDArray[np.float32], wanted: NDArray[np.float32]
) -> NDArray[np.float32]:
    left = PENALTY * _kernel(landmarks, landmarks).astype(np.float64)
    left[np.diag_indices(len(left))] += 1e-6 * len(penalties)  # copies of a text would make it singular
    right = np.zeros((len(landmarks), wanted.shape[1]))
    for start in range(0, len(rows), CHUNK):
        some = slice(start, start + CHUNK)
        kernel = _kernel(rows[some], landmarks).astype(np.float64)
        weighted = kernel * (PENALTY / penalties[some])[:, None]
        left += weighted.T @ kernel
        right += weighted.T @ wanted[some]
    return np.ascontiguousarray(cho_solve(cho_factor(left.T, lower=True, overwrite_a=True), right), np.float32)


def _words_again(
    head: KernelHead, rows: Joint, penalties: NDArray[np.float32], wanted: NDArray[np.float32]
) -> NDArray[np.float32]:
    """V for which words X explain best what meaning leaves over, R: (XᵀCX + λ / 0.1) V = XᵀCR by conjugate gradients,
    for each topic by itself."""
    words, weights = rows.words, (PENALTY / penalties)[:, None]
    left_over = wanted.copy()
    for start in range(0, len(rows), CHUNK):
        some = slice(start, start + CHUNK)
        left_over[some] -= _nearness(rows.meaning[some], head.landmarks, head._squares) @ head.weight

    def product(found: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(words.T @ (weights * (words @ found)) + PENALTY / WORDS * found)

    found = head.word_weight
    residual = words.T @ (weights * left_over) - product(found)
    direction, size = residual, (residual**2).sum(axis=0)
    for _ in range(STEPS):
        step = product(direction)
        length = size / np.maximum((direction * step).sum(axis=0), TINY)
        found, residual = found + length * direction, residual - length * step
        size, before = (residual**2).sum(axis=0), size
        direction = residual + size / np.maximum(before, TINY) * direction
    return np.asarray(found, np.float32)


def _spread(topic: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """So many rows at random, each topic by its share."""
    order = np.random.default_rng(seed).permutation(len(topic))
    order = order[np.argsort(topic[order], kind="stable")]
    return np.sort(order[np.linspace(0, len(order) - 1, count).round().astype(np.int64)])
