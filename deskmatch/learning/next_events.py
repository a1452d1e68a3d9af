"""`Counts`, `NextEvents`: temporal differences in expectation over the next event, at states of a desk of any size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.frozen import Frozen
from deskmatch.policies.lookahead.learned import LearnedValues
from deskmatch.policies.lookahead.pools import Pools
from deskmatch.policies.lookahead.value_features import States, ValueFeatures

__all__ = ["Counts", "NextEvents"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BLOCK = 250
"""States whose next events are held at once."""
MOST_MADE = 8
"""Pairs that are made after one event at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts(Frozen):
    """Who waits and who is served, one row for each state.

    Parameters
    ----------
    waiting : ``(states, classes)`` tickets.
    served : ``(states, classes, groups)`` tickets in hand.
    """

    waiting: Floats
    served: Floats

    def __len__(self) -> int:
        return len(self.waiting)

    def of(self, rows: Integers) -> Counts:
        """Some of the states."""
        return Counts._trusted(waiting=self.waiting[rows], served=self.served[rows])

    @classmethod
    def joined(cls, parts: list[Counts]) -> Counts:
        """One after the other."""
        return cls._trusted(
            waiting=np.concatenate([part.waiting for part in parts]),
            served=np.concatenate([part.served for part in parts]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class NextEvents(Frozen):
    """What can happen next at a desk, and how often, all times taken as exponential with their means.

    Parameters
    ----------
    pools : the desk.
    size : ``(groups,)`` slots.
    discount_s : seconds in which γ^Δt falls to 1/e, > 0.
    """

    pools: Pools
    size: Integers
    discount_s: float

    def weights(
        self, features: ValueFeatures, states: Counts, rates: Floats, values: LearnedValues, ridge: float
    ) -> Floats:
        """``(features,)`` of the value of the look-ahead that decides by other values.

        Least-squares temporal differences (S. J. Bradtke, A. G. Barto, Machine Learning 22 (1996) 33–57) with γ^Δt, in
        expectation over the next event, which has less variance than the event itself (H. van Seijen et al., "A
        theoretical and empirical analysis of Expected Sarsa", ADPRL (2009) 177–184)::

            0 = c(s) + Σ rate · (r + V(s') − V(s)) − V(s) / discount_s

        Parameters
        ----------
        features : what V is linear in; a constant beside them is dropped in the end.
        states : after decisions, as often as the desk is there.
        rates : ``(states, classes)`` arrivals a second.
        values : by which the policy decides whose values are sought.
        ridge : ≥ 0, times the mean square of each feature: keeps what is rarely seen near 0.
        """
        n = len(features) + 1
        matrix, right, square = np.zeros((n, n)), np.zeros(n), np.zeros(n)
        for begin in range(0, len(states), BLOCK):
            rows = np.arange(begin, min(begin + BLOCK, len(states)))
            now = states.of(rows)
            here = _with_constant(features.values(self.seen(now)))
            source, rate, event = self._events(now, rates[rows])
            after, points = self.decided(event, values)
            there = _with_constant(features.values(self.seen(after)))
            change = -here * (np.bincount(source, rate, len(rows)) + 1.0 / self.discount_s)[:, None]
            np.add.at(change, source, rate[:, None] * there)
            gained = np.bincount(source, rate * points, len(rows)) - now.waiting @ self.pools.slope
            matrix += here.T @ change
            right -= here.T @ gained
            square += (here**2).sum(axis=0)
        scale = ridge * square * np.maximum(np.abs(np.diag(matrix)).mean() / max(square.mean(), 1e-12), 1e-12)
        return np.asarray(np.linalg.lstsq(matrix - np.diag(scale), right, rcond=1e-12)[0][:-1])

    def seen(self, states: Counts) -> States:
        """The states as features count them."""
        idle = np.maximum(self.size - states.served.sum(axis=1), 0.0)
        surplus = (states.served * self.pools.surplus).sum(axis=1)
        return States._trusted(idle=idle, waiting=states.waiting, surplus=surplus)

    def wandered(self, states: Counts, rates: Floats, steps: int, rng: np.random.Generator) -> Counts:
        """Where so many events lead, with pairs drawn at random, and each state held at its own share of events.

        Parameters
        ----------
        states, rates : as in `weights`.
        steps : events, ≥ 0.
        rng : of events and decisions.
        """
        hold = rng.uniform(0, 1, len(states))
        for _ in range(steps):
            source, rate, event = self._events(states, rates)
            turn = np.lexsort((rng.exponential(1.0 / rate), source))
            at, first = np.unique(source[turn], return_index=True)
            event = event.of(turn[first])
            decided, _ = self.decided(event, rng)
            free = rng.random(len(at)) >= hold[at]
            waiting, served = states.waiting.copy(), states.served.copy()  # where nothing can happen, nothing changes
            waiting[at] = np.where(free[:, None], decided.waiting, event.waiting)
            served[at] = np.where(free[:, None, None], decided.served, event.served)
            states = Counts._trusted(waiting=waiting, served=served)
        return states

    def _events(self, states: Counts, rates: Floats) -> tuple[Integers, Floats, Counts]:
        """For each state and each event that can happen in it: the row, its rate, and the state before the decision."""
        finished = states.served / self.pools.handling_s
        left = states.waiting * self.pools.loss_rate
        sources, speeds, after = [], [], []
        for kind in range(self.pools.n_classes):
            for speed, step in ((rates[:, kind], 1.0), (left[:, kind], -1.0)):
                rows = np.flatnonzero(speed > 0)
                part = states.of(rows)
                waiting = part.waiting.copy()
                waiting[:, kind] += step
                sources.append(rows)
                speeds.append(speed[rows])
                after.append(Counts._trusted(waiting=waiting, served=part.served))
            for group in np.flatnonzero(finished[:, kind].any(axis=0)).tolist():
                rows = np.flatnonzero(finished[:, kind, group] > 0)
                part = states.of(rows)
                served = part.served.copy()
                served[:, kind, group] -= 1
                sources.append(rows)
                speeds.append(finished[rows, kind, group])
                after.append(Counts._trusted(waiting=part.waiting, served=served))
        return np.concatenate(sources), np.concatenate(speeds), Counts.joined(after)

    def decided(self, states: Counts, by: LearnedValues | np.random.Generator) -> tuple[Counts, Floats]:
        """The states after what a look-ahead decides in them, the pair that gains most first, and its points.

        Parameters
        ----------
        states : before the decision.
        by : values of the look-ahead; or chance, which never holds a ticket.
        """
        waiting, served, points = states.waiting.copy(), states.served.copy(), np.zeros(len(states))
        rows = np.arange(len(states))
        for _ in range(MOST_MADE):
            if not len(rows):
                break
            idle = np.maximum(self.size - served[rows].sum(axis=1), 0.0)
            row, kind, group = np.nonzero(
                (waiting[rows] > 0)[:, :, None] & (idle > 0)[:, None, :] & self.pools.eligible[None]
            )
            if isinstance(by, LearnedValues):
                before = States._trusted(idle=idle, waiting=waiting[rows], surplus=np.zeros_like(idle))
                after = before.of(row).after(kind, group, self.pools.surplus[kind, group])
                worth = self.pools.points[kind, group] + by.values(after) - by.values(before)[row]
            else:
                worth = 1.0 + by.random(len(row))
            best = np.lexsort((-worth, row))
            best = best[np.unique(row[best], return_index=True)[1]]
            best = best[worth[best] > 0]
            rows_made, kind, group = rows[row[best]], kind[best], group[best]
            waiting[rows_made, kind] -= 1
            served[rows_made, kind, group] += 1
            points[rows_made] += self.pools.points[kind, group]
            rows = rows_made
        return Counts._trusted(waiting=waiting, served=served), points


def _with_constant(found: Floats) -> Floats:
    return np.concatenate((found, np.ones((len(found), 1))), axis=1)
