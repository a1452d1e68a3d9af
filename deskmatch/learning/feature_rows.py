"""The loops that fill the rows of `deskmatch.learning.features`; asked for every ticket that is visited."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel

__all__ = ["LIMIT", "fill_rows"]

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

LIMIT = 5.0
"""No number is beyond ± this."""
MINUTE_S = 60.0


@kernel(
    "out float32[:, :]",
    "int64[:]",
    "float64[:]",
    "float64[:]",
    "uint8[:]",
    "uint8[:]",
    "int64[:, :]",
    "int64[:]",
    "int64[:]",
    "int64[:]",
    "float64[:]",
    "float64[:]",
    "int64[:]",
    "uint8[:]",
    "float64[:]",
    "uint8[:, :]",
    "int64[:]",
    "float64[:]",
    "float64[:, :]",
    "float64[:, :]",
    "float64[:]",
    "float64[:]",
    "float64[:]",
    "float64[:]",
)
def fill_rows(
    rows: NDArray[np.float32],
    ticket: Integers,
    facts: Floats,
    points: Floats,
    candidates: Bytes,
    present: Bytes,
    free: Integers,
    load: Integers,
    limit: Integers,
    tier: Integers,
    idle_s: Floats,
    occupancy: Floats,
    of_ticket: Integers,
    waiting: Bytes,
    waited_s: Floats,
    eligible: Bytes,
    channel: Integers,
    rate: Floats,
    handling_s: Floats,
    points_of: Floats,
    mean_handling: Floats,
    breadth: Floats,
    usual: Floats,
    target_s: Floats,
) -> None:
    """Fill the rows of the candidates, and the last one, of holding the ticket.

    Parameters
    ----------
    rows : ``(experts + 1, features)`` zeros, written.
    ticket : its class, its tier and the expert whom it prefers, −1: nobody.
    facts : seconds that it has waited, mean patience in seconds (nan: endless), points that a second of waiting costs.
    points : ``(experts,)`` expected of each.
    candidates, present : ``(experts,)`` 1 for those.
    free : ``(experts, channels)`` room that is left.
    load, limit : ``(experts,)`` tickets in hand and at most, in the channel of the ticket.
    tier, idle_s, occupancy : ``(experts,)`` as in `Desk` and `Staffing`.
    of_ticket, waiting, waited_s : ``(tickets,)`` class, 1 for those without an expert, seconds.
    eligible, handling_s, points_of : ``(classes, experts)``.
    channel, rate, mean_handling : ``(classes,)``.
    breadth, usual : ``(experts,)`` share of the load that the expert may serve, mean points over it.
    target_s : ``(channels,)``.
    """
    n, hold = len(candidates), len(candidates)
    own_class, own_target = ticket[0], target_s[channel[ticket[0]]]
    n_able, n_candidates, n_busy, mean = _able(points, eligible[own_class], present, candidates)
    best, best_busy = -np.inf, -np.inf
    for j in range(n):
        if candidates[j]:
            best = max(best, points[j])
        elif eligible[own_class, j] and present[j]:
            best_busy = max(best_busy, points[j])
    count, oldest = _waiting_by_class(of_ticket, waiting, waited_s, len(rate))
    room, pull_of = _room_and_pull(eligible, channel, rate, mean_handling, free, present)
    expects = rate.sum() > 0.0

    handling, width = mean_handling[own_class], 0
    hold_scarce, hold_pull, hold_others, hold_gain, hold_oldest = np.inf, np.inf, 0.0, -np.inf, 0.0
    wanted = np.zeros(len(rate), np.uint8)
    for j in range(n):
        if not candidates[j]:
            continue
        scarce, pull, others, gain, old = 0.0, 0.0, 0.0, -np.inf, 0.0
        for c in range(len(rate)):
            if c == own_class or not eligible[c, j]:
                continue
            wanted[c] = 1
            has_room = free[j, channel[c]] > 0
            if rate[c] > 0.0 or not expects:
                scarce = max(scarce, 1.0 / (1.0 + max(room[c] - has_room, 0)))
                pull = max(pull, pull_of[c])
            if count[c] > 0 and has_room:
                others += count[c]
                gain = max(gain, points_of[c, j] - points[j])
                old = max(old, oldest[c] / (oldest[c] + target_s[channel[c]]))
        gain = 0.0 if gain == -np.inf else gain
        idle = 0.0 if math.isnan(idle_s[j]) else idle_s[j]
        expert = (
            1.0,
            0.0,
            points[j],
            points[j] - best,
            points[j] - mean,
            points[j] - usual[j],
            math.log(handling_s[own_class, j] / handling),
            load[j] / max(limit[j], 1),
            math.log1p(idle / MINUTE_S) / LIMIT,
            0.5 if math.isnan(occupancy[j]) else occupancy[j],
            breadth[j],
            scarce,
            pull,
            math.log1p(others) / LIMIT,
            gain,
            old,
            max(tier[j] - ticket[1], 0) / LIMIT,
            1.0 if j == ticket[2] else 0.0,
        )
        width = len(expert)
        for k in range(width):
            rows[j, rows.shape[1] - width + k] = expert[k]
        hold_scarce, hold_pull = min(hold_scarce, scarce), min(hold_pull, pull)
        hold_others, hold_gain, hold_oldest = max(hold_others, others), max(hold_gain, gain), max(hold_oldest, old)

    if n_busy == 0:
        best_busy = best
    soonest = handling / max(n_busy, 1)
    holding = (
        1.0,
        1.0,
        best_busy,
        best_busy - best,
        best_busy - mean,
        0.0,
        math.log1p(float(n_busy)) / LIMIT,
        soonest / (soonest + own_target) if n_busy else 1.0,
        0.0,
        0.0,
        0.0,
        hold_scarce,
        hold_pull,
        math.log1p(hold_others) / LIMIT,
        hold_gain,
        hold_oldest,
    )
    for k in range(len(holding)):
        rows[hold, rows.shape[1] - width + k] = holding[k]

    n_present, n_free = _count_present(present, free)
    n_waiting, rivals = 0, 0
    for c in range(len(rate)):
        n_waiting += count[c]
        rivals += count[c] * wanted[c]
    alike = count[own_class]
    waited, patience, slope = facts[0], facts[1], facts[2]
    endless = math.isnan(patience)
    load_of_class, load_of_desk = rate[own_class] * handling, (rate * mean_handling).sum()
    about = (
        waited / (waited + own_target),
        0.0 if endless else waited / (waited + patience),
        0.0 if endless else handling / (handling + patience),
        slope * handling,
        math.log1p(float(n_candidates)) / LIMIT,
        n_candidates / max(n_able, 1),
        n_free / max(n_present, 1),
        math.log1p(float(alike - 1)) / LIMIT,
        n_waiting / (n_waiting + max(n_present, 1)),
        rivals / (1.0 + rivals),
        mean,
        load_of_class / (load_of_class + max(n_able, 1)),
        load_of_desk / (load_of_desk + max(n_present, 1)),
    )
    for j in range(n + 1):
        if j == hold or candidates[j]:
            for k in range(len(about)):
                rows[j, k] = about[k] if j < hold else -about[k]
            for k in range(rows.shape[1]):
                rows[j, k] = min(max(rows[j, k], -LIMIT), LIMIT)


def _able(points: Floats, eligible: Bytes, present: Bytes, candidates: Bytes) -> tuple[int, int, int, float]:
    """Experts on shift who may serve the ticket, candidates, the others of those able, and the mean points of these."""
    able, found, busy, total = 0, 0, 0, 0.0
    for j in range(len(points)):
        found += candidates[j]
        if eligible[j] and present[j]:
            able += 1
            busy += 1 - candidates[j]
            total += points[j]
    return able, found, busy, total / max(able, 1)


def _waiting_by_class(of_ticket: Integers, waiting: Bytes, waited_s: Floats, n: int) -> tuple[Integers, Floats]:
    """``(classes,)`` how many wait, and the longest wait."""
    count, oldest = np.zeros(n, np.int64), np.zeros(n)
    for i in range(len(of_ticket)):
        if waiting[i]:
            count[of_ticket[i]] += 1
            oldest[of_ticket[i]] = max(oldest[of_ticket[i]], waited_s[i])
    return count, oldest


def _room_and_pull(
    eligible: Bytes, channel: Integers, rate: Floats, mean_handling: Floats, free: Integers, present: Bytes
) -> tuple[Integers, Floats]:
    """``(classes,)`` experts with room, and load / (load + experts on shift)."""
    room, pull = np.zeros(len(rate), np.int64), np.zeros(len(rate))
    for c in range(len(rate)):
        able = 0
        for j in range(eligible.shape[1]):
            if eligible[c, j]:
                able += present[j]
                room[c] += free[j, channel[c]] > 0
        load = rate[c] * mean_handling[c]
        pull[c] = load / (load + max(able, 1))
    return room, pull


def _count_present(present: Bytes, free: Integers) -> tuple[int, int]:
    """Experts on shift, and those of them with room."""
    on_shift, with_room = 0, 0
    for j in range(len(present)):
        if present[j]:
            on_shift += 1
            some = False
            for each in range(free.shape[1]):
                some = some or free[j, each] > 0
            with_room += some
    return on_shift, with_room
