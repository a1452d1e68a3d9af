"""Arrivals: when tickets of each type come, a chunk of time at a time, from streams of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deskmatch.simulation.settings import DAY_S, Arrivals

__all__ = ["ArrivalStream"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BUSYNESS, TIMES = 0, 1
CHUNK_TICKETS = 200_000
"""Expected arrivals of a chunk at most, so that memory does not grow with the horizon."""


class ArrivalStream:
    """All arrivals of a run, made a chunk at a time; the same seed makes the same ones.

    A non-stationary Poisson process: their number in a chunk is Poisson with the integral of the rate as its mean, and
    each comes at an instant that is distributed as the rate. Every type and chunk has a stream of random numbers of
    its own, so that changing one type changes no other.

    Parameters
    ----------
    processes : of each type, in order.
    marks : of each type, what is recorded of its arrivals, ``(arrivals, 2)``; None: nothing.
    horizon_s : no arrivals after it.
    busyness_cv : of the factor that multiplies all rates of a day.
    seed : any whole number ≥ 0.
    """

    def __init__(
        self,
        processes: Sequence[Arrivals],
        marks: Sequence[Floats | None],
        horizon_s: float,
        busyness_cv: float,
        seed: int,
    ) -> None:
        self._marks = None if all(own is None for own in marks) else marks
        self._rates = [None if each.times_s is not None else _Rate(each) for each in processes]
        self._recorded = [np.sort(np.asarray(each.times_s or (), float)) for each in processes]
        self._batch = [each.batch for each in processes]
        self._horizon_s, self._busyness_cv, self._seed = horizon_s, busyness_cv, seed
        busiest = sum(rate.peak * batch for rate, batch in zip(self._rates, self._batch, strict=True) if rate)
        self._parts = max(1, int(np.ceil(busiest * DAY_S / CHUNK_TICKETS)))
        self._next = 0

    @property
    def ended(self) -> bool:
        """Whether all chunks have been made."""
        return self._start >= self._horizon_s

    @property
    def _start(self) -> float:
        return self._next * DAY_S / self._parts

    def chunk(self) -> tuple[Floats, Integers, Floats, float]:
        """Times, types and marks of the arrivals of the next chunk, sorted by time, and the instant at which it ends.

        The marks are ``(arrivals, 2)``, nan where nothing is recorded, or ``(0, 2)`` where that is so throughout.
        """
        number, begin = self._next, self._start
        self._next += 1
        end = min(self._start, self._horizon_s)
        factor = self._busyness(number // self._parts)
        times, types, marks = [], [], []
        for t, rate in enumerate(self._rates):
            if rate is None:
                recorded = self._recorded[t]
                first, last = (int(np.searchsorted(recorded, instant)) for instant in (begin, end))
                own = recorded[first:last]
                marks.append(self._marked(t, first, last))
            else:
                stream = self._stream(TIMES, t, number)
                own = rate.draw(begin, end, factor, stream)
                if self._batch[t] > 1:
                    own = np.repeat(own, stream.geometric(1 / self._batch[t], len(own)))
                marks.append(self._marked(t, 0, len(own)))
            times.append(own)
            types.append(np.full(len(own), t, np.int64))
        if len(times) == 1:
            return times[0], types[0], marks[0], end
        together = np.concatenate(times)
        order = np.argsort(together, kind="stable")
        marked = np.concatenate(marks)
        return together[order], np.concatenate(types)[order], marked[order] if len(marked) else marked, end

    def _marked(self, t: int, first: int, last: int) -> Floats:
        """What is recorded of the arrivals `first` to `last` of a type."""
        if self._marks is None:
            return np.zeros((0, 2))
        own = self._marks[t]
        return np.full((last - first, 2), np.nan) if own is None else np.ascontiguousarray(own[first:last])

    def _busyness(self, day: int) -> float:
        if self._busyness_cv == 0:
            return 1.0
        shape = self._busyness_cv**-2
        return float(self._stream(BUSYNESS, 0, day).gamma(shape, 1 / shape))

    def _stream(self, purpose: int, t: int, number: int) -> np.random.Generator:
        return np.random.Generator(np.random.Philox(np.random.SeedSequence([self._seed, 1, purpose, t, number])))


class _Rate:
    """A piecewise constant or linear rate, repeated, with its integral and the inverse of that."""

    def __init__(self, process: Arrivals) -> None:
        rates = np.asarray(process.per_hour) / 3600.0
        self._step = process.every_s
        self._left = rates
        self._right = np.roll(rates, -1) if process.linear else rates
        self._cycle = self._step * len(rates)
        self._sums = np.concatenate(([0.0], np.cumsum((self._left + self._right) / 2 * self._step)))
        self.peak = float(rates.max())

    def draw(self, begin: float, end: float, factor: float, stream: np.random.Generator) -> Floats:
        """Sorted arrivals between two instants."""
        low, high = self._integral(begin), self._integral(end)
        count = stream.poisson(max(factor * (high - low), 0.0))  # rounding may turn a rate of 0 around
        if self.constant:
            return np.sort(begin + (end - begin) * stream.random(count))
        return np.minimum(self._inverse(np.sort(low + (high - low) * stream.random(count))), np.nextafter(end, begin))

    @property
    def constant(self) -> bool:
        """Whether the rate never changes."""
        return bool((self._left == self._left[0]).all())

    def _integral(self, time: float) -> float:
        cycles, rest = divmod(time, self._cycle)
        piece = min(int(rest / self._step), len(self._left) - 1)
        within = rest - piece * self._step
        slope = (self._right[piece] - self._left[piece]) / self._step
        return float(cycles * self._sums[-1] + self._sums[piece] + within * (self._left[piece] + slope * within / 2))

    def _inverse(self, area: Floats) -> Floats:
        cycles, rest = np.divmod(area, self._sums[-1])
        piece = np.clip(np.searchsorted(self._sums, rest, side="right") - 1, 0, len(self._left) - 1)
        left, more = self._left[piece], rest - self._sums[piece]
        slope = (self._right[piece] - left) / self._step
        # the root of left·x + slope·x²/2 = more that does not cancel where the slope is nothing
        root = np.sqrt(np.maximum(left**2 + 2 * slope * more, 0.0))
        within = np.divide(2 * more, left + root, out=np.zeros_like(more), where=left + root > 0)
        return np.asarray(cycles * self._cycle + piece * self._step + np.minimum(within, self._step))
