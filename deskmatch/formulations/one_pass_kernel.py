"""The kernels of `one_pass`: which pairs are open, and what the built-in terms say of them; see there for the rules."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel

__all__ = ["TERMS", "find_arcs", "weigh_arcs"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]
Bytes = NDArray[np.uint8]

RESOLUTION, WAITING, ABANDONMENT, TIER, OCCUPANCY, AFFINITY, PROFICIENCY = range(7)
TERMS = 7
"""Rows of the weights that `weigh_arcs` takes."""

MOST_POINTS = 1e100
"""As in `deskmatch.routing.aims`: the cost of waiting is cut off there."""
UNKNOWN_SHARE = 1e-9
"""A topic is unknown with what is left of its ticket's probabilities, if that is more than rounding."""


@kernel(
    "int32[:]",
    "int32[:]",
    "int32[:]",
    "int32[:]",
    "int32[:]",
    "float64[:]",
    "int32[:]",
    "int32[:]",
    "int32[:]",
    "int32[:]",
    "int32[:, :]",
    "uint8[:, :]",
    "float64[:, :]",
    "float64[:]",
    "int32[:]",
    "uint8[:, :]",
    "int32[:, :]",
    "int32[:]",
    "float64[:]",
    "float64[:]",
    "uint8[:]",
    "float64[:]",
    "out int32[:]",
    "out int32[:]",
    "out float64[:]",
    "out int32[:]",
    "out int32[:]",
    "out int32[:, :]",
    "out int32[:, :]",
    "out int32[:]",
    allocates=False,
)
def find_arcs(
    channel: Int32,
    language: Int32,
    tier: Int32,
    topic_ptr: Int32,
    topic: Int32,
    topic_probability: Float64,
    requires_ptr: Int32,
    requires: Int32,
    excluded_ptr: Int32,
    excluded: Int32,
    channel_limit: Int32,
    speaks: Bytes,
    proficiency: Float64,
    general_proficiency: Float64,
    expert_tier: Int32,
    has: Bytes,
    load: Int32,
    own_capacity: Int32,
    leaves_in_s: Float64,
    free_in_s: Float64,
    exclusive: Bytes,
    handling_s: Float64,
    indptr: Int32,
    expert: Int32,
    match: Float64,
    capacity: Int32,
    open_experts: Int32,
    room: Int32,
    arcs_of: Int32,
    bound: Int32,
) -> int:
    """The pairs that the rules allow and that can be served now.

    The arguments up to `free_in_s` are arrays of `Tickets`, `Desk` and `Staffing`, those after it of `ChannelTable`;
    masks are bytes. What is written:

    Parameters
    ----------
    indptr : ``(tickets + 1,)`` offsets of the tickets' arcs.
    expert, match : at least ``(tickets · experts,)``; the expert of each arc, and Σ over topics of P(topic) ·
        proficiency.
    capacity : ``(experts,)`` most new tickets, no more than the arcs and the channels allow.
    open_experts : ``(experts,)`` scratch.
    room : ``(experts, channels)`` room for new tickets; 0 where the expert takes none now.
    arcs_of : ``(experts, channels)`` the number of the limit on the expert's arcs of a channel, −1: none.
    bound : at least ``(experts · channels,)``; the bounds of these limits.

    Returns
    -------
    How many limits there are.
    """
    n_open = _open(
        channel_limit, load, own_capacity, leaves_in_s, free_in_s, exclusive, handling_s, room, capacity, open_experts
    )
    arcs_of[:, :] = 0
    count = 0
    for i in range(len(channel)):
        indptr[i] = count
        c, spoken = channel[i], language[i]
        if c < 0 or spoken < 0:
            continue
        for at in range(n_open):
            j = open_experts[at]
            if room[j, c] <= 0 or speaks[j, spoken] == 0 or expert_tier[j] < tier[i]:
                continue
            if not _holds(requires, requires_ptr[i], requires_ptr[i + 1], has, j):
                continue
            if _contains(excluded, excluded_ptr[i], excluded_ptr[i + 1], j):
                continue
            known, total, rest = False, 0.0, 1.0
            for entry in range(topic_ptr[i], topic_ptr[i + 1]):
                k, share = topic[entry], topic_probability[entry]
                own = general_proficiency[j] if k < 0 else proficiency[j, k]
                rest -= share
                if own == own:  # not nan
                    known = True
                    total += share * own
            if not known:
                continue
            if rest > UNKNOWN_SHARE and general_proficiency[j] == general_proficiency[j]:
                total += rest * general_proficiency[j]
            expert[count] = j
            match[count] = min(max(total, 0.0), 1.0)
            arcs_of[j, c] += 1
            count += 1
    indptr[len(channel)] = count
    return _limits(room, arcs_of, capacity, bound)


def _open(
    channel_limit: Int32,
    load: Int32,
    own_capacity: Int32,
    leaves_in_s: Float64,
    free_in_s: Float64,
    exclusive: Bytes,
    handling_s: Float64,
    room: Int32,
    capacity: Int32,
    open_experts: Int32,
) -> int:
    """Room and capacity of every expert, and the list of those who can take anything; returns how many there are."""
    n_open = 0
    for j in range(len(load)):
        in_hand, alone, serves_alone = 0, free_in_s[j] > 0.0, False
        for c in range(len(exclusive)):
            in_hand += load[j, c]
            if exclusive[c] == 1:
                alone = alone or load[j, c] > 0
                serves_alone = serves_alone or channel_limit[j, c] > 0
        total = 0
        for c in range(len(exclusive)):
            free = 0
            if not alone and channel_limit[j, c] > 0:
                if exclusive[c] == 1:
                    free = 1 if in_hand == 0 else 0
                else:
                    free = max(channel_limit[j, c] - load[j, c], 0)
            room[j, c] = free
            total += free
        if own_capacity[j] >= 0:
            total = min(total, own_capacity[j])
        if serves_alone:
            total = min(total, 1)
        capacity[j] = total
        takes = False
        for c in range(len(exclusive)):
            if room[j, c] > 0 and (total == 0 or leaves_in_s[j] < handling_s[c]):
                room[j, c] = 0
            takes = takes or room[j, c] > 0
        if takes:
            open_experts[n_open] = j
            n_open += 1
    return n_open


def _holds(requires: Int32, begin: int, end: int, has: Bytes, j: int) -> bool:
    for entry in range(begin, end):  # noqa: SIM110 (compiled code has no generators)
        if requires[entry] < 0 or has[j, requires[entry]] == 0:
            return False
    return True


def _contains(excluded: Int32, begin: int, end: int, j: int) -> bool:
    for entry in range(begin, end):  # noqa: SIM110 (compiled code has no generators)
        if excluded[entry] == j:
            return True
    return False


def _limits(room: Int32, arcs_of: Int32, capacity: Int32, bound: Int32) -> int:
    """Capacities that the arcs can use, and numbers in place of the counts where a channel binds beside them."""
    limits = 0
    for j in range(len(capacity)):
        usable = 0
        for c in range(room.shape[1]):
            usable += min(arcs_of[j, c], room[j, c])
        capacity[j] = min(capacity[j], usable)
        for c in range(room.shape[1]):
            if room[j, c] < min(arcs_of[j, c], capacity[j]):
                arcs_of[j, c] = limits
                bound[limits] = room[j, c]
                limits += 1
            else:
                arcs_of[j, c] = -1
    return limits


@kernel(
    "int32[:]",
    "int32[:]",
    "float64[:]",
    "float64[:]",
    "int32[:]",
    "float64[:]",
    "float64[:]",
    "float64[:]",
    "float64[:]",
    "float64[:]",
    "float64[:]",
    "int32[:]",
    "int32[:]",
    "float64[:]",
    "float64[:]",
    "int32[:]",
    "float64[:]",
    "float64[:]",
    "float64[:]",
    "float64[:]",
    "float64[:]",
    "float64[:]",
    "float64[:, :]",
    "uint8[:]",
    "int32[:, :]",
    "out int32[:]",
    "out int32[:]",
    "out float64[:]",
    "out int32[:]",
    allocates=False,
)
def weigh_arcs(
    indptr: Int32,
    expert: Int32,
    resolution: Float64,
    match: Float64,
    channel: Int32,
    waited_s: Float64,
    open_waited_s: Float64,
    ahead_s: Float64,
    due_s: Float64,
    importance: Float64,
    patience_s: Float64,
    tier: Int32,
    preferred: Int32,
    occupancy: Float64,
    acceptance: Float64,
    expert_tier: Int32,
    target_s: Float64,
    waiting_rate: Float64,
    power: Float64,
    channel_patience_s: Float64,
    no_answer: Float64,
    no_answer_scale_s: Float64,
    weights: Float64,
    scales: Bytes,
    limit_of: Int32,
    ticket: Int32,
    degree: Int32,
    points: Float64,
    of_arc: Int32,
) -> float:
    """The points of each arc; see `deskmatch.routing.aims` for the formulas.

    Parameters
    ----------
    indptr, expert : the arcs.
    resolution : ``(arcs,)`` probabilities of resolution.
    match : ``(arcs,)`` expected proficiencies.
    open_waited_s : ``(tickets,)`` seconds waited in open hours.
    ahead_s : ``(channels,)`` open seconds until the next epoch.
    weights : ``(TERMS, channels)`` of the built-in terms.
    scales : ``(TERMS,)`` whether importance multiplies them.
    limit_of : ``(experts, channels)`` the number of a limit, −1: none.
    ticket, points, of_arc : ``(arcs,)`` written.
    degree : ``(experts,)`` written: the number of each expert's arcs.

    Returns
    -------
    The greatest magnitude among the points.
    """
    highest = 1
    for j in range(len(expert_tier)):
        highest = max(highest, expert_tier[j])
    degree[:] = 0
    largest = 0.0
    for i in range(len(channel)):
        begin, end = indptr[i], indptr[i + 1]
        if begin == end:
            continue
        c = channel[i]
        waiting = _waiting(open_waited_s[i], ahead_s[c], target_s[c], due_s[i], waiting_rate[c], power[c])
        leaving = _leaving(
            waited_s[i], ahead_s[c], patience_s[i], channel_patience_s[c], no_answer[c], no_answer_scale_s[c]
        )
        peers = _peers(expert, begin, end, occupancy)
        for arc in range(begin, end):
            j = expert[arc]
            above = (expert_tier[j] - tier[i]) / max(1, highest - 1)
            below = peers - occupancy[j]
            total = 0.0
            for term in range(TERMS):
                value = 0.0
                if weights[term, c] == 0.0:
                    continue
                if term == RESOLUTION:
                    value = resolution[arc]
                elif term == WAITING:
                    value = waiting
                elif term == ABANDONMENT:
                    value = leaving
                elif term == TIER:
                    value = 0.0 - min(max(above, 0.0), 1.0 if highest > 1 else 0.0)
                elif term == OCCUPANCY:
                    value = min(max(below, -1.0), 1.0) if below == below else 0.0
                elif term == AFFINITY:
                    value = 1.0 if preferred[i] == j else 0.0
                else:
                    value = match[arc]
                factor = acceptance[j] * importance[i] if scales[term] == 1 else acceptance[j]
                total += weights[term, c] * (factor * value)
            ticket[arc] = i
            degree[j] += 1
            points[arc] = total
            of_arc[arc] = limit_of[j, c]
            largest = max(largest, abs(total))
    return largest


def _waiting(waited: float, step: float, tau: float, due: float, pace: float, p: float) -> float:
    """`deskmatch.routing.aims.waiting` of one ticket."""
    if not (pace > 0.0 and step > 0.0):
        return 0.0
    start = waited if due != due else max(0.0, tau - due)
    end = start + step
    left = -np.expm1(p * np.log1p(-min(step / end, 1.0)))
    logarithm = np.log(pace) + np.log(tau) - np.log(p) + p * (np.log(end) - np.log(tau)) + np.log(left)
    return np.exp(min(logarithm, np.log(MOST_POINTS)))  # type: ignore[no-any-return]


def _leaving(waited: float, step: float, own_patience: float, patience: float, no_answer: float, scale: float) -> float:
    """The greater of `deskmatch.routing.aims.abandonment` and `no_answer` of one ticket."""
    lost = 0.0
    if patience == patience:
        mean = own_patience if own_patience == own_patience else patience
        lost = -np.expm1(-step / mean)
    rise = 0.0
    if scale == scale:
        rise = (1.0 - no_answer) * np.exp(-waited / scale) * -np.expm1(-step / scale)
    return max(lost, rise)


def _peers(expert: Int32, begin: int, end: int, occupancy: Float64) -> float:
    """Mean occupancy of the experts of some arcs; nan where none is known."""
    total, known = 0.0, 0
    for arc in range(begin, end):
        own = occupancy[expert[arc]]
        if own == own:
            total += own
            known += 1
    return total / known if known > 0 else np.nan
