"""Philox 4×32-10: random numbers as a pure function of a key and a counter, for compiled callers.

J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC '11 (2011).
All words are 64-bit unsigned integers that hold 32 bits.
"""

from __future__ import annotations

import numpy as np

__all__ = ["philox", "uniform"]

M0, M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
W0, W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
ROUNDS = 10
STEP = 2.0**-32


def philox(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Four random words of 32 bits for a counter of four and a key of two.

    Examples
    --------
    >>> from numpy import uint64
    >>> [hex(word) for word in philox(*(uint64(0),) * 6)]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    for _ in range(ROUNDS):
        p0, p1 = M0 * c0, M1 * c2
        c0, c1, c2, c3 = (p1 >> HALF) ^ c1 ^ k0, p1 & LOW, (p0 >> HALF) ^ c3 ^ k1, p0 & LOW
        k0, k1 = (k0 + W0) & LOW, (k1 + W1) & LOW
    return c0, c1, c2, c3


def uniform(word: np.uint64) -> float:
    """The middle of the word's cell among 2³² of (0, 1); never 0 or 1."""
    return (float(word) + 0.5) * STEP
