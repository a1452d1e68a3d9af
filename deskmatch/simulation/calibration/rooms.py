"""Rooms for one more contact at experts who take several: how long they stay empty, and who is given the next one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.simulation.calibration.contact_log import ContactLog, Ending
from deskmatch.simulation.calibration.counting import ROUNDING_S, number_at, steps

__all__ = ["beside_at", "choice_of", "empty_rooms"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]

FEWEST = 20
"""Rooms that were filled again below which nothing is said of after-work."""
POINTS = 200
CHOICES, THERE_S = 20_000, 1800.0
"""Contacts that are looked at to find who is chosen; who has nothing in hand for longer counts as away."""
NOISE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7)
"""Shares of choices at random that are tried."""


def empty_rooms(log: ContactLog, rows: Integers, capacity: Integers) -> Floats:
    """Quantiles of the product-limit estimate of how long a room stays empty that a waiting customer could have.

    Looked at are ends of contacts of experts who had as many as they take. It is not known of rooms beside another that
    is emptied, and where nobody waits any more.
    """
    from scipy.stats import CensoredData, ecdf

    seconds, censored = [np.zeros(0)], [np.zeros(0, bool)]
    for expert, channel in np.argwhere(capacity > 1):
        own = rows[(log.expert[rows] == expert) & (log.channel[rows] == channel)]
        if not len(own):
            continue
        begin, end = np.sort(log.answered_s[own]), np.sort(log.ended_s[own])
        before = np.searchsorted(begin, end, side="left") - np.arange(len(end))  # in hand as each of them ends
        full = end[before >= capacity[expert, channel]]
        waited = np.isin(log.type, log.type[own]) & (log.channel == channel) & (log.wait_s > ROUNDING_S)
        times, length = steps(log.queued_s[waited], log.until_s[waited])
        at = np.searchsorted(times, full, side="right") - 1
        full = full[(at >= 0) & (length[np.maximum(at, 0)] > 0)] if len(times) else full[:0]
        following = np.append(begin, np.inf)[np.searchsorted(begin, full, side="left")]
        nobody = np.append(times[length == 0], np.inf)[np.searchsorted(times[length == 0], full, side="right")]
        another = np.append(end, np.inf)[np.searchsorted(end, full, side="right")]
        until = np.minimum(np.minimum(nobody, another), following)
        seconds.append(until - full)
        censored.append(following > until)
    values, open_ = np.concatenate(seconds), np.concatenate(censored)
    if (~open_).sum() < FEWEST:
        return np.zeros(0)
    curve = ecdf(CensoredData.right_censored(values, open_)).cdf
    wanted = (np.arange(POINTS) + 0.5) / POINTS
    found = np.append(curve.quantiles, curve.quantiles[-1])[np.searchsorted(curve.probabilities, wanted)]
    return np.asarray(found if found.mean() > ROUNDING_S else np.zeros(0))


def beside_at(log: ContactLog, capacity: Integers, leaves: Bools, time_s: Floats, channel: Integers) -> Bools:
    """``(experts, times)`` who has contacts in hand, and room for one more.

    Parameters
    ----------
    log : the contacts.
    capacity : ``(experts, channels)``.
    leaves : ``(channels,)`` channels that leave room for others.
    time_s, channel : ``(times,)`` when, and of which channel one more.
    """
    found = np.zeros((len(log.experts), len(time_s)), bool)
    for expert, limits in enumerate(capacity):
        own = np.flatnonzero((log.expert == expert) & (log.ending == Ending.ANSWERED))
        room = leaves[channel]
        for code in np.unique(log.channel[own]):
            rows = own[log.channel[own] == code]
            load = number_at(time_s, log.answered_s[rows], log.ended_s[rows])
            found[expert] |= load > 0
            room = room & (np.where(channel == code, load < limits[code], True) if leaves[code] else load == 0)
        found[expert] &= room
    return found


def choice_of(log: ContactLog, rows: Integers, capacity: Integers, leaves: Bools) -> tuple[str, float]:
    """The rule under which the experts that were chosen are likeliest, each with a share of choices at random.

    Parameters
    ----------
    log : the contacts.
    rows : those of channels that leave room for others, answered; looked at are those answered at once.
    capacity : ``(experts, channels)``.
    leaves : ``(channels,)``.

    Returns
    -------
    The name of an `ExpertBy`, and the share of the choices that it foretells; nan: they are at random.
    """
    at_once = rows[log.wait_s[rows] <= ROUNDING_S][:CHOICES]
    time, n = log.answered_s[at_once], len(log.experts)
    load, idle = np.zeros((n, len(at_once))), np.zeros((n, len(at_once)))
    there = beside_at(log, capacity, leaves, time, log.channel[at_once])
    for expert in range(n):
        own = np.flatnonzero((log.expert == expert) & (log.ending == Ending.ANSWERED))
        if not len(own):
            continue
        begin, end = np.sort(log.answered_s[own]), np.sort(log.ended_s[own])
        load[expert] = number_at(time, begin, end)
        last = np.append(-np.inf, end)[np.searchsorted(end, time, side="right")]
        following = np.append(begin, np.inf)[np.searchsorted(begin, time, side="left")]
        there[expert] |= (load[expert] == 0) & (following - last < THERE_S)
        there[expert] &= np.isin(log.type[at_once], log.type[own])
        there[expert] |= log.expert[at_once] == expert
        idle[expert] = np.where(np.isinf(last), 0.0, time - last)
    used = there.sum(axis=0) > 1
    chosen, count = log.expert[at_once][used], there[:, used].sum(axis=0)
    if not used.any():
        return "random", float("nan")
    best, found, share = np.log(len(count)) - np.log(count).sum(), "random", float("nan")
    for name, key in (("least_busy", load), ("most_busy", -load), ("longest_idle", -idle)):
        own_key = np.where(there, key, np.inf)[:, used]
        first = own_key == own_key.min(axis=0)
        hit = first[chosen, np.arange(len(chosen))] / first.sum(axis=0)
        likelihood = max(float(np.log((1 - e) * hit + e / count).sum()) for e in NOISE)
        if likelihood > best:
            best, found, share = likelihood, name, float((hit > 0).mean())
    return found, share
