"""Values and derivatives of a `Scorer` in double precision, for what learns without torch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["Adam", "backward", "forward", "layers_of"]

Floats = NDArray[np.float64]


def layers_of(flat: Floats, sizes: Sequence[int]) -> list[tuple[Floats, Floats]]:
    """Weights ``(inputs, outputs)`` and biases ``(outputs,)`` of each layer, as views of `Scorer.flat`.

    Parameters
    ----------
    flat : all of them.
    sizes : features, outputs of each layer in turn.
    """
    layers, at = [], 0
    for inputs, outputs in pairwise(sizes):
        end = at + inputs * outputs
        layers.append((flat[at:end].reshape(inputs, outputs), flat[end : end + outputs]))
        at = end + outputs
    return layers


def forward(layers: Sequence[tuple[Floats, Floats]], rows: NDArray[np.floating]) -> tuple[Floats, list[Floats]]:
    """``(rows,)`` scores, and what goes into each layer."""
    values: list[Floats] = [np.asarray(rows, np.float64)]
    for number, (weight, bias) in enumerate(layers):
        value = values[-1] @ weight + bias
        values.append(np.tanh(value) if number < len(layers) - 1 else value)
    return values.pop()[:, 0], values


def backward(layers: Sequence[tuple[Floats, Floats]], values: list[Floats], slope: Floats) -> Floats:
    """Derivatives by the flat weights of a loss whose derivatives by the scores are `slope`.

    Parameters
    ----------
    layers : as for `forward`.
    values : that `forward` gave.
    slope : ``(rows,)``.
    """
    back = slope[:, None]
    parts: list[Floats] = []
    for number in range(len(layers) - 1, -1, -1):
        parts = [(values[number].T @ back).ravel(), back.sum(axis=0), *parts]
        if number:
            back = (back @ layers[number][0].T) * (1.0 - values[number] ** 2)
    return np.concatenate(parts)


class Adam:
    """Steps along a noisy gradient (D. Kingma and J. Ba, 2015, algorithm 1).

    Parameters
    ----------
    size : of what is learned.
    rate : of learning.
    """

    def __init__(self, size: int, rate: float) -> None:
        self._rate, self._count = rate, 0
        self._mean, self._square = np.zeros(size), np.zeros(size)

    def step(self, gradient: Floats) -> Floats:
        """What is to be added."""
        self._count += 1
        self._mean += 0.1 * (gradient - self._mean)
        self._square += 0.001 * (gradient**2 - self._square)
        mean, square = self._mean / (1 - 0.9**self._count), self._square / (1 - 0.999**self._count)
        return np.asarray(-self._rate * mean / (np.sqrt(square) + 1e-8))
