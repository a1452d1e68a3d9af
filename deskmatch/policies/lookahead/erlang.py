"""One pool of experts as a birth–death chain: cost rate, and what one more ticket costs at each level (Erlang A)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["cost_rate", "marginal_costs", "wait_before_service"]

Floats = NDArray[np.float64]


def cost_rate(rate: float, mu: float, theta: float, cost: float, blocked: float, n: int, room: int) -> float:
    """Long-run cost a second of M/M/n + M with room for so many: `cost` a second for each that waits, `blocked` each.

    Parameters
    ----------
    rate, mu, theta : of arrivals, of service, of abandonment; rate and mu > 0.
    cost : of one that waits, points a second.
    blocked : of one that finds no room.
    n, room : servers ≥ 0, and places to wait ≥ 1.
    """
    deaths, own = _chain(rate, mu, theta, cost, blocked, n, room)
    logs = np.concatenate(([0.0], np.cumsum(np.log(rate) - np.log(deaths[1:]))))
    share = np.exp(logs - logs.max())
    return float(share @ own / share.sum())


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
    g = cost_rate(rate, mu, theta, cost, blocked, n, room)
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
    rate: float, mu: float, theta: float, cost: float, blocked: float, n: int, room: int
) -> tuple[Floats, Floats]:
    """Deaths and costs a second by level, 0 … n + room."""
    level = np.arange(n + room + 1)
    waiting = np.maximum(level - n, 0)
    deaths = np.minimum(level, n) * mu + waiting * theta
    deaths[1:] = np.maximum(deaths[1:], 1e-9 * rate)  # nobody serves and nobody gives up: the queue fills
    own = waiting * cost
    own[-1] += rate * blocked
    return deaths, own
