"""`Scorer`: one small network that scores every candidate alike; the whole of what a routing policy has learned."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.errors import DeskmatchError
from deskmatch.frozen import Frozen, read_only
from deskmatch.learning.features import FEATURES
from deskmatch.learning.network import layers_of

__all__ = ["Scorer"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Scorer(Frozen):
    """A perceptron with tanh between its layers, which gives each row of features a score.

    Every row is scored by itself with the same weights, so that scores of experts in another order, or among more
    experts, are what they were.

    Parameters
    ----------
    weights : of each layer, ``(inputs, outputs)``; the first takes `FEATURES`, the last gives one score.
    biases : of each layer, ``(outputs,)``.
    about : how it was made, kept with it: texts, numbers and truth values.

    Raises
    ------
    ValueError
        Where the layers do not fit together.

    Examples
    --------
    >>> scorer = Scorer.random(np.random.default_rng(0))
    >>> scorer(np.zeros((5, len(FEATURES)))).shape
    (5,)
    """

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    about: Mapping[str, Any] = field(default_factory=dict)

    if TYPE_CHECKING:  # what is taken is wider than what is kept

        def __init__(
            self, weights: Iterable[ArrayLike], biases: Iterable[ArrayLike], about: Mapping[str, Any] = ...
        ) -> None: ...

    def __post_init__(self) -> None:
        self._set(
            weights=tuple(read_only(each, np.float32) for each in self.weights),
            biases=tuple(read_only(each, np.float32) for each in self.biases),
            about=dict(self.about),
        )
        shapes, sizes = [each.shape for each in self.weights], self.sizes
        fit = shapes == list(itertools.pairwise(sizes)) and sizes[-1] == 1
        if not fit or [each.shape for each in self.biases] != [(size,) for size in sizes[1:]]:
            raise ValueError(
                f"weights: found shapes {shapes} with biases {[each.shape for each in self.biases]};"
                f" expected layers from {len(FEATURES)} features to 1 score"
            )

    @classmethod
    def random(cls, rng: np.random.Generator, hidden: Sequence[int] = (32, 32)) -> Scorer:
        """One that has learned nothing.

        Parameters
        ----------
        rng : where its weights come from: normal, with variance 1 / inputs.
        hidden : sizes of the layers in between; none: scores are linear in the features.
        """
        sizes = [len(FEATURES), *hidden, 1]
        pairs = list(itertools.pairwise(sizes))
        return cls(
            tuple(rng.normal(0.0, inputs**-0.5, (inputs, outputs)) for inputs, outputs in pairs),
            tuple(np.zeros(outputs) for _, outputs in pairs),
        )

    def __call__(self, features: ArrayLike) -> Floats:
        """``(rows,)`` the score of each row of ``(rows, features)``."""
        values = np.asarray(features, np.float32)
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = values @ weight + bias
            if layer < last:
                values = np.tanh(values)
        return values[:, 0]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of features, and of what each layer gives."""
        return (len(FEATURES), *(each.shape[-1] for each in self.weights))

    @property
    def flat(self) -> NDArray[np.float64]:
        """All weights and biases in one array, layer by layer."""
        parts = [each.ravel() for pair in zip(self.weights, self.biases, strict=True) for each in pair]
        return np.concatenate(parts).astype(np.float64)

    def with_flat(self, values: ArrayLike, **about: Any) -> Scorer:
        """A scorer of the same shape with other weights, and with more said about it."""
        weights, biases = zip(*layers_of(np.asarray(values, np.float64), self.sizes), strict=True)
        return Scorer(weights, biases, {**self.about, **about})

    def save(self, path: str | Path) -> None:
        """Write it as .npz: arrays and JSON, no pickle."""
        arrays = {f"weight{layer}": each for layer, each in enumerate(self.weights)}
        arrays |= {f"bias{layer}": each for layer, each in enumerate(self.biases)}
        text = json.dumps({"features": FEATURES, "about": self.about})
        with open(path, "wb") as file:
            np.savez_compressed(file, allow_pickle=False, text=np.array(text), **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Scorer:
        """Read one that `save` has written.

        Raises
        ------
        DeskmatchError
            Where the file cannot be read, is no scorer, or was made for other features.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                text = json.loads(str(file["text"]))
                layers = sum(name.startswith("weight") for name in file.files)
                weights = tuple(file[f"weight{layer}"] for layer in range(layers))
                biases = tuple(file[f"bias{layer}"] for layer in range(layers))
        except OSError as error:
            raise DeskmatchError(f"{path}: cannot be read ({error.strerror or error})") from None
        except (KeyError, ValueError, BadZipFile):
            raise DeskmatchError(f"{path}: expected weights that Scorer.save has written (.npz)") from None
        if tuple(text["features"]) != FEATURES:
            odd = sorted(set(text["features"]) ^ set(FEATURES)) or ["their order"]
            raise DeskmatchError(f"{path}: made for other features than this version has: {', '.join(odd)}")
        return cls(weights, biases, text["about"])

    def __repr__(self) -> str:
        sizes = " → ".join(str(each.shape[0]) for each in self.weights)
        return f"Scorer({sizes} → 1)"
