"""One pool of experts as a birth–death chain: cost rate, and what one more ticket costs at each level (Erlang A)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["cost_rate", "marginal_costs", "wait_before_service"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def cost_rate(
    rate: Floats | float, mu: Floats | float, theta: Floats | float, cost: Floats | float, blocked: Floats | float,
    n: Integers | int, room: Integers | int,
) -> Floats:  # fmt: skip
    """Long-run cost a second of M/M/n + M with room for so many: `cost` a second for each that waits, `blocked` each.

    Parameters
    ----------
    rate, mu, theta : ``(…)`` of arrivals, of service, of abandonment; rate and mu > 0.
    cost : ``(…)`` of one that waits, points a second.
    blocked : ``(…)`` of one that finds no room.
    n, room : ``(…)`` servers ≥ 0, and places to wait ≥ 1.
    """
    deaths, own = _chain(rate, mu, theta, cost, blocked, n, room)
    steps = np.log(np.asarray(rate)[..., None]) - np.log(deaths[..., 1:])
    logs = np.concatenate((np.zeros_like(steps[..., :1]), np.cumsum(steps, axis=-1)), axis=-1)
    share = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray((share * own).sum(axis=-1) / share.sum(axis=-1))


def marginal_costs(rate: float, mu: float, theta: float, cost: float, blocked: float, n: int, room: int) -> Floats:
    """``(n + room,)`` V(m + 1) − V(m): what one more ticket at level m costs in all that comes after.

    The relative values of a birth–death chain in closed form, by Poisson's equation g = c(m) + λ·D(m) − d(m)·D(m − 1):
    forward below the level where deaths outrun births, and backward above it, where each recursion forgets its errors
    (T. J. Ott, K. R. Krishnan, "Separable routing", Annals of Operations Research 35 (1992) 43–68; S. A. E. Sassen,
    H. C. Tijms, R. D. Nobel, Statistica Neerlandica 51 (1997) 107–121; S. Bhulai, G. Koole, 2003).

    Parameters
    ----------
    rate, mu, theta, cost, blocked, n, room : as in `cost_rate`.
    """
    deaths, own = _chain(rate, mu, theta, cost, blocked, n, room)
    g = float(cost_rate(rate, mu, theta, cost, blocked, n, room))
    found = np.zeros(n + room)
    turn = min(int(np.searchsorted(deaths, rate)), n + room - 1)
    d, c = deaths.tolist(), own.tolist()
    value = 0.0
    for m in range(turn):
        value = (g - c[m] + d[m] * value) / rate
        found[m] = value
    value = 0.0
    for m in range(n + room, turn, -1):
        value = (c[m] - g + rate * value) / d[m]
        found[m - 1] = value
    return found


def wait_before_service(rate: float, theta_ahead: float, theta: float | Floats, places: int) -> Floats:
    """``(…, places)`` expected seconds of waiting, cut off by the own patience, with 0, 1, … tickets ahead.

    With i ahead the line moves at ν_i = rate + i·θ', and a customer who gives up at rate θ is still there after l + 1
    moves with probability Π ν_i / (ν_i + θ).

    Parameters
    ----------
    rate : of completions while all are busy.
    theta_ahead, theta : of giving up: of those ahead, and one's own, ``(…)``; 0: never.
    """
    moves = rate + theta_ahead * np.arange(places)
    own = np.asarray(theta, np.float64)[..., None]
    with np.errstate(invalid="ignore", divide="ignore"):
        impatient = (1.0 - np.cumprod(moves / (moves + own), axis=-1)) / own
    return np.where(own > 0, impatient, np.cumsum(1.0 / moves))


def _chain(
    rate: Floats | float, mu: Floats | float, theta: Floats | float, cost: Floats | float, blocked: Floats | float,
    n: Integers | int, room: Integers | int,
) -> tuple[Floats, Floats]:  # fmt: skip
    """``(…, levels)`` deaths and costs a second by level, 0 … n + room of the longest chain; beyond its own last level
    the deaths of a chain are endless, so that it is never there."""
    rate, mu, theta, cost, blocked, n, room = (
        np.asarray(each)[..., None] for each in (rate, mu, theta, cost, blocked, n, room)
    )
    last = n + room
    level = np.arange(int(last.max()) + 1)
    waiting = np.maximum(level - n, 0)
    deaths = np.minimum(level, n) * mu + waiting * theta
    deaths = np.where(level > 0, np.maximum(deaths, 1e-9 * rate), deaths)  # nobody serves or gives up: the queue fills
    deaths = np.where(level > last, np.inf, deaths)
    own = waiting * cost + np.where(level == last, rate * blocked, 0.0)
    return deaths, own
