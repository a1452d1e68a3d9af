"""The aims: what serving a ticket now is worth, one pure array function each, in points.

One point is the value of surely resolving one ticket of importance 1. The functions take arrays that
broadcast against each other, know neither desks nor channels, and stay finite and silent on any finite input.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "MOST_POINTS",
    "abandonment",
    "affinity",
    "no_answer",
    "occupancy",
    "peer_means",
    "proficiency",
    "tier",
    "waiting",
]

# The cost of waiting has no bound, floats have: sums of a million terms of this size, weighted, stay finite.
MOST_POINTS = 1e100


def waiting(
    waited_s: ArrayLike,
    epoch_s: ArrayLike,
    *,
    target_s: ArrayLike,
    due_s: ArrayLike = np.nan,
    rate: ArrayLike = 1 / 60,
    power: ArrayLike = 2.0,
) -> NDArray[np.float64]:
    """What the cost of waiting grows by until the next epoch if the ticket is not served now, in [0, ∞).

    ::

        waiting = F(w + Δ) − F(w),    F(w) = rate · τ · (w / τ)^p / p,    F′(τ) = rate

    with w the wait and τ the target. Where a time was promised, w = max(0, τ − due_s): the promise stands
    where the target stood, whenever the ticket came. F is convex and F′ grows without bound, so that no
    ticket waits forever, and the same minute counts more for a ticket that has waited longer against its
    target.

    Parameters
    ----------
    waited_s : (open) seconds waited so far, ≥ 0.
    epoch_s : Δ, (open) seconds to the next epoch, ≥ 0.
    target_s : τ > 0.
    due_s : seconds to the promised time, negative when late; nan: none promised.
    rate : points per second at the target, ≥ 0.
    power : p ≥ 2.

    Returns
    -------
    Points, cut off at `MOST_POINTS`.

    Notes
    -----
    Serving by the marginal cost of delay is the generalised cμ rule; with convex costs it is asymptotically
    optimal in heavy traffic: J. A. van Mieghem, "Dynamic scheduling with convex delay costs: the generalized
    cμ rule", Annals of Applied Probability 5 (1995) 809–833.

    Examples
    --------
    A ticket at its target of one minute, for 5 s at a point a minute (and a little more: the cost is convex):

    >>> float(waiting(60.0, 5.0, target_s=60.0).round(4))
    0.0868
    >>> waiting([0.0, 3600.0], 5.0, target_s=60.0, due_s=0.0).round(4).tolist()
    [0.0868, 0.0868]
    """
    tau, p, step = (np.asarray(x, np.float64) for x in (target_s, power, epoch_s))
    due, pace = np.asarray(due_s, np.float64), np.asarray(rate, np.float64)
    with np.errstate(all="ignore"):
        start = np.where(np.isnan(due), np.asarray(waited_s, np.float64), np.maximum(0.0, tau - due))
        end = np.minimum(start + step, np.finfo(np.float64).max)
        # F(end) · (1 − (start / end)^p) as logarithms: for huge waits the difference would cancel.
        share = np.where(end > 0, step / end, 0.0)
        left = -np.expm1(p * np.log1p(-np.minimum(share, 1.0)))
        logarithm = np.log(pace) + np.log(tau) - np.log(p) + p * (np.log(end) - np.log(tau)) + np.log(left)
        points = np.exp(np.minimum(logarithm, np.log(MOST_POINTS)))
    return np.asarray(np.where((pace > 0) & (step > 0), points, 0.0))


def abandonment(patience_s: ArrayLike, epoch_s: ArrayLike) -> NDArray[np.float64]:
    """Probability that the customer gives up until the next epoch if not served now, in [0, 1].

    ::

        abandonment = 1 − exp(−Δ / θ)

    with θ the expected patience: exponential patience, for which what was waited so far does not matter (as
    in Erlang A: O. Garnett, A. Mandelbaum, M. Reiman, "Designing a call center with impatient customers",
    Manufacturing & Service Operations Management 4 (2002) 208–227).

    Parameters
    ----------
    patience_s : θ > 0, seconds; nan: never gives up, so 0.
    epoch_s : Δ, seconds to the next epoch, ≥ 0.

    Examples
    --------
    >>> abandonment([300.0, np.nan], 5.0).round(4).tolist()
    [0.0165, 0.0]
    """
    patience = np.asarray(patience_s, np.float64)
    with np.errstate(over="ignore"):
        lost = -np.expm1(-np.asarray(epoch_s, np.float64) / patience)
    return np.asarray(np.where(np.isnan(patience), 0.0, lost))


def no_answer(
    waited_s: ArrayLike, epoch_s: ArrayLike, *, no_answer: ArrayLike, scale_s: ArrayLike
) -> NDArray[np.float64]:
    """Rise until the next epoch of the probability that a customer does not answer the call back, in [0, 1].

    ::

        no_answer = P(w + Δ) − P(w),    P(w) = 1 − (1 − q) · exp(−w / s)

    Parameters
    ----------
    waited_s : w ≥ 0, seconds.
    epoch_s : Δ ≥ 0, seconds to the next epoch.
    no_answer : q in [0, 1], probability of no answer when called back at once.
    scale_s : s > 0, seconds; nan: the wait changes nothing, so 0.

    Examples
    --------
    >>> float(no_answer(0.0, 600.0, no_answer=0.2, scale_s=21_600.0).round(4))
    0.0219
    """
    scale = np.asarray(scale_s, np.float64)
    with np.errstate(over="ignore", under="ignore"):
        reached = (1.0 - np.asarray(no_answer, np.float64)) * np.exp(-np.asarray(waited_s, np.float64) / scale)
        rise = reached * -np.expm1(-np.asarray(epoch_s, np.float64) / scale)
    return np.asarray(np.where(np.isnan(scale), 0.0, rise))


def tier(expert_tier: ArrayLike, ticket_tier: ArrayLike, highest_tier: int) -> NDArray[np.float64]:
    """Use of a higher tier than needed, in [−1, 0].

    ::

        tier = −max(0, t_expert − t_ticket) / (T − 1)

    Parameters
    ----------
    expert_tier, ticket_tier : ≥ 1; 1 is the first line.
    highest_tier : T, the highest tier of the desk; with T = 1 there is none above, so 0.

    Examples
    --------
    >>> tier([1, 2, 3], 1, 3).tolist()
    [0.0, -0.5, -1.0]
    """
    below = np.asarray(np.subtract(ticket_tier, expert_tier, dtype=np.float64))
    below = np.minimum(below, 0.0) / max(1, highest_tier - 1)
    return np.asarray(np.maximum(below, -1.0 if highest_tier > 1 else 0.0) + 0.0)


def occupancy(expert_occupancy: ArrayLike, peer_mean: ArrayLike) -> NDArray[np.float64]:
    """How far the expert's occupancy lies below the mean of those who could take the ticket, in [−1, 1].

    ::

        occupancy = mean of peers − own

    so that the less occupied expert gets the ticket; linear least-occupied routing.

    Parameters
    ----------
    expert_occupancy : share of the last hour spent serving, in [0, 1]; nan: unknown, so 0.
    peer_mean : from `peer_means`; nan: unknown, so 0.

    Examples
    --------
    >>> occupancy([0.25, 0.75, np.nan], 0.5).tolist()
    [0.25, -0.25, 0.0]
    """
    below = np.subtract(peer_mean, expert_occupancy, dtype=np.float64)
    return np.asarray(np.clip(np.where(np.isnan(below), 0.0, below), -1.0, 1.0))


def peer_means(
    ticket: NDArray[np.int32],
    expert: NDArray[np.int32],
    expert_occupancy: NDArray[np.float64],
    n_tickets: int,
) -> NDArray[np.float64]:
    """``(tickets,)`` mean occupancy of the experts eligible for each ticket; nan where none of them is known.

    Parameters
    ----------
    ticket, expert : ``(arcs,)`` rows.
    expert_occupancy : ``(experts,)`` in [0, 1]; nan: unknown, left out of the mean.
    n_tickets : number of tickets.

    Examples
    --------
    >>> peer_means(np.array([0, 0, 1]), np.array([0, 1, 2]), np.array([0.2, 0.6, np.nan]), 2).tolist()
    [0.4, nan]
    """
    occupancy = np.asarray(expert_occupancy, np.float64)
    if np.isnan(occupancy).any():
        known = ~np.isnan(occupancy[expert])
        ticket, expert = ticket[known], expert[known]
    count = np.bincount(ticket, minlength=n_tickets)
    total = np.bincount(ticket, occupancy.take(expert), minlength=n_tickets)
    return np.asarray(np.divide(total, count, out=np.full(n_tickets, np.nan), where=count > 0))


def affinity(expert: ArrayLike, preferred: ArrayLike) -> NDArray[np.float64]:
    """1 where the expert is the one that the ticket prefers, else 0.

    Parameters
    ----------
    expert : rows of experts.
    preferred : rows of the tickets' preferred experts; −1: none.

    Examples
    --------
    >>> affinity([0, 1, 2], [0, 0, -1]).tolist()
    [1.0, 0.0, 0.0]
    """
    wanted = np.asarray(preferred)
    return np.asarray((np.equal(expert, wanted) & (wanted >= 0)).astype(np.float64))


def proficiency(known: ArrayLike) -> NDArray[np.float64]:
    """The expert's proficiency on the ticket's topic, in [0, 1]; 0 where the topic is not known.

    Parameters
    ----------
    known : proficiency (`Desk.known`), or its mean over the ticket's topics; nan: does not know the topic.

    Examples
    --------
    >>> proficiency([0.8, np.nan]).tolist()
    [0.8, 0.0]
    """
    values = np.asarray(known, np.float64)
    return np.asarray(np.clip(np.where(np.isnan(values), 0.0, values), 0.0, 1.0))
