"""`JointEncoder`: the meaning of a text and its words side by side, for one head that reads both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.prediction.storage import part_of
from deskmatch.prediction.topics.encoders import Encoder, TfidfEncoder

__all__ = ["Joint", "JointEncoder", "Meanings"]


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """What a `JointEncoder` makes of texts.

    Parameters
    ----------
    meaning : ``(texts, numbers)`` float32, dense.
    words : ``(texts, n-grams)`` float32, sparse by rows.
    """

    meaning: NDArray[np.float32]
    words: Any

    def __len__(self) -> int:
        return len(self.meaning)

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> Joint:
        return Joint(self.meaning[rows], self.words[rows])


@dataclass(frozen=True, slots=True, eq=False)
class JointEncoder:
    """Encoders of meaning, whose numbers stand beside each other, and one of words.

    Parameters
    ----------
    meaning : at least one; what each makes of a text is dense and of length 1.
    words : n-grams.
    """

    meaning: tuple[Encoder, ...]
    words: TfidfEncoder

    @property
    def width(self) -> int:
        """See `Encoder`."""
        return self.meaning_width + self.words.width

    @property
    def meaning_width(self) -> int:
        """How many numbers stand for the meaning."""
        return sum(encoder.width for encoder in self.meaning)

    def transform(self, texts: Sequence[str]) -> Joint:
        """See `Joint`."""
        return Joint(np.hstack([encoder.transform(texts) for encoder in self.meaning]), self.words.transform(texts))

    def to_header(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """See `Encoder`."""
        header, arrays = self.words.to_header()
        arrays = {f"words.{name}": array for name, array in arrays.items()}
        parts = []
        for number, encoder in enumerate(self.meaning):
            part, own = encoder.to_header()
            parts.append(part)
            arrays |= {f"meaning{number}.{name}": array for name, array in own.items()}
        return {"kind": "joint", "meaning": parts, "words": header}, arrays

    @classmethod
    def from_header(
        cls, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], meaning: Sequence[Encoder]
    ) -> JointEncoder:
        """What `to_header` wrote, with its encoders of meaning; ValueError or KeyError where it is none."""
        if not meaning:
            raise ValueError("it reads no meaning")
        return cls(tuple(meaning), TfidfEncoder.from_header(header["words"], part_of(arrays, "words")))


class Meanings:
    """Encoders of meaning that learn nothing, and what they have said: a fit that reads a text again asks them once.

    Parameters
    ----------
    encoders : at least one.
    """

    def __init__(self, encoders: Sequence[Encoder]) -> None:
        self.encoders = tuple(encoders)
        self._known: dict[str, NDArray[np.float32]] = {}

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """``(texts, numbers)`` float32."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            found = np.hstack([encoder.transform(new) for encoder in self.encoders])
            self._known.update(zip(new, found, strict=True))
        return np.stack([self._known[text] for text in texts])
