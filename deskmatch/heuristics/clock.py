"""`Clock`: the instant at which an answer is due, and the flag that compiled code polls to learn that it has come."""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FOREVER", "Clock"]

SHORTEST_TIMER_S = 0.0005
"""Less than this is not worth a thread: the flag is up from the start."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How long there is.

    Parameters
    ----------
    ends_at : the `time.perf_counter` of the end; None: there is no end.

    Examples
    --------
    >>> Clock().left_s, Clock.after(-1.0).is_over
    (inf, True)
    """

    ends_at: float | None = None

    @classmethod
    def after(cls, seconds: float | None) -> Clock:
        """The clock that ends so many seconds from now; may be negative; None: never."""
        return cls() if seconds is None else cls(time.perf_counter() + seconds)

    @property
    def left_s(self) -> float:
        """Seconds left; negative where it is over, inf where there is no end."""
        return float("inf") if self.ends_at is None else self.ends_at - time.perf_counter()

    @property
    def is_over(self) -> bool:
        """Whether the end has come."""
        return self.left_s <= 0.0

    def less(self, seconds: float) -> Clock:
        """The clock that ends so many seconds earlier."""
        return self if self.ends_at is None else Clock(self.ends_at - seconds)

    @contextmanager
    def flag(self) -> Iterator[NDArray[np.uint8]]:
        """``(1,)`` a flag that is 0 until the end, then 1; a thread of its own raises it."""
        flag = np.zeros(1, dtype=np.uint8)
        left = self.left_s
        if left == float("inf"):
            yield flag
            return
        if left < SHORTEST_TIMER_S:
            flag[0] = 1
            yield flag
            return
        gate = threading.Lock()
        gate.acquire()
        # not `threading.Thread`, whose start waits until the thread runs: milliseconds on a busy machine
        _thread.start_new_thread(_raise_after, (min(left, threading.TIMEOUT_MAX), gate, flag))
        try:
            yield flag
        finally:
            gate.release()


def _raise_after(seconds: float, gate: threading.Lock, flag: NDArray[np.uint8]) -> None:
    """Raise the flag, unless the gate opens before."""
    if not gate.acquire(timeout=seconds):
        flag[0] = 1


FOREVER = Clock()
"""The clock that never ends."""
