"""What a policy is shown of the engine's memory, and whether what it decides can be done; asked every epoch."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel
from deskmatch.policies.dispatch.records import CHANNEL, EXPERT, QUEUE, TICKET
from deskmatch.policies.dispatch.selector import MEMORY_S

from .records import CHANGE

__all__ = ["FORBIDDEN", "FULL", "OUTSIDE", "TWICE", "find_problem", "find_waiting", "show_experts", "show_tickets"]

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Int32 = NDArray[np.int32]
Floats = NDArray[np.float64]

FINE, OUTSIDE, TWICE, FULL, FORBIDDEN = range(5)
"""What is wrong with a pair: rows outside the epoch, a ticket that has an expert already, no room, not allowed."""


@kernel(
    "uint8[:]",
    "uint8[:]",
    "uint8[:]",
    "int64[:]",
    "int64[:]",
    "out int64[:]",
    "out float64[:]",
    "out int64[:]",
    "out int64[:]",
    allocates=False,
)
def find_waiting(
    queue_bytes: Bytes,
    ticket_bytes: Bytes,
    mine: Bytes,
    topic_ptr: Integers,
    tag_ptr: Integers,
    rows: Integers,
    since: Floats,
    roots: Integers,
    entries: Integers,
) -> int:
    """Places of the tickets that wait in some of the queues, queue by queue.

    Parameters
    ----------
    mine : ``(queues,)`` 1 for those that count.
    topic_ptr, tag_ptr : ``(queues + 1,)`` offsets of what is seen of the tickets of each queue.
    rows, since, roots : at least as long as there are tickets waiting; place, entry and number of each, written.
    entries : ``(3,)`` topics, tags and excluded experts of all of them, written.

    Returns
    -------
    How many there are.
    """
    queues, tickets = queue_bytes.view(QUEUE), ticket_bytes.view(TICKET)
    count = 0
    entries[:] = 0
    for q in range(len(queues)):
        if mine[q] == 0:
            continue
        k = queues[q]["first"]
        while k >= 0:
            rows[count], since[count], roots[count] = k, tickets[k]["since"], tickets[k]["root"]
            entries[0] += topic_ptr[q + 1] - topic_ptr[q]
            entries[1] += tag_ptr[q + 1] - tag_ptr[q]
            entries[2] += tickets[k]["barred"] + tickets[k]["declined"]
            count += 1
            k = tickets[k]["next"]
    return count


@kernel(
    "uint8[:]",
    "int64[:, :]",
    "int64[:]",
    "float64",
    "int64[:, :]",
    "float64[:, :]",
    "int64[:]",
    "int32[:]",
    "float64[:]",
    "int64[:]",
    "int32[:]",
    "out int32[:, :]",
    "out int32[:, :]",
    "out float64[:, :]",
    "out int32[:]",
    "out float64[:]",
    "out int32[:]",
    "out int32[:]",
    allocates=False,
)
def show_tickets(
    ticket_bytes: Bytes,
    excluded: Integers,
    rows: Integers,
    now: float,
    class_codes: Integers,
    class_numbers: Floats,
    class_topic_ptr: Integers,
    class_topic: Int32,
    class_probability: Floats,
    class_tag_ptr: Integers,
    class_tag: Int32,
    codes: Int32,
    offsets: Int32,
    numbers: Floats,
    topic: Int32,
    probability: Floats,
    tags: Int32,
    barred: Int32,
) -> None:
    """The columns of `deskmatch.epochs.Tickets` for some places.

    Parameters
    ----------
    rows : ``(tickets,)`` the places.
    class_codes, class_numbers : ``(2, queues)`` language and tier; importance and mean patience.
    class_topic_ptr, class_topic, class_probability, class_tag_ptr, class_tag : topics and tags by queue.
    codes : ``(5, tickets)`` written: channel, language, tier, preferred, offered_to.
    offsets : ``(3, tickets + 1)`` written: of topics, tags and excluded experts.
    numbers : ``(5, tickets)`` written: waited_s, due_s, promised_wait_s, importance, patience_s.
    topic, probability, tags, barred : the entries, written.
    """
    tickets = ticket_bytes.view(TICKET)
    n_topics, n_tags, n_barred = 0, 0, 0
    for i in range(len(rows)):
        k = rows[i]
        q = tickets[k]["queue"]
        codes[0, i], codes[1, i], codes[2, i] = tickets[k]["channel"], class_codes[0, q], class_codes[1, q]
        codes[3, i], codes[4, i] = tickets[k]["preferred"], -1
        waited, promised = now - tickets[k]["since"], tickets[k]["promised_s"]
        numbers[0, i], numbers[1, i], numbers[2, i] = waited, promised - waited, promised
        numbers[3, i], numbers[4, i] = class_numbers[0, q], class_numbers[1, q]
        offsets[0, i], offsets[1, i], offsets[2, i] = n_topics, n_tags, n_barred
        for entry in range(class_topic_ptr[q], class_topic_ptr[q + 1]):
            topic[n_topics], probability[n_topics] = class_topic[entry], class_probability[entry]
            n_topics += 1
        for entry in range(class_tag_ptr[q], class_tag_ptr[q + 1]):
            tags[n_tags] = class_tag[entry]
            n_tags += 1
        for at in range(tickets[k]["barred"] + tickets[k]["declined"]):
            barred[n_barred] = excluded[k, at]
            n_barred += 1
    n = len(rows)
    offsets[0, n], offsets[1, n], offsets[2, n] = n_topics, n_tags, n_barred


@kernel(
    "uint8[:]",
    "uint8[:]",
    "int64[:, :]",
    "float64",
    "out int32[:, :]",
    "out int32[:]",
    "out float64[:, :]",
    allocates=False,
)
def show_experts(
    expert_bytes: Bytes,
    change_bytes: Bytes,
    loads: Integers,
    now: float,
    load: Int32,
    capacity: Int32,
    numbers: Floats,
) -> None:
    """The columns of `deskmatch.epochs.Staffing`.

    Parameters
    ----------
    load : ``(experts, channels)`` written.
    capacity : ``(experts,)`` written: −1: at work, 0: not.
    numbers : ``(5, experts)`` written: occupancy, idle_s, acceptance, leaves_in_s, free_in_s.
    """
    experts, changes = expert_bytes.view(EXPERT), change_bytes.view(CHANGE)
    for e in range(len(experts)):
        for channel in range(loads.shape[1]):
            load[e, channel] = loads[e, channel]
        on = experts[e]["on"] == 1
        capacity[e] = -1 if on else 0
        kept = np.exp((experts[e]["occupied_at"] - now) / MEMORY_S)
        busy = 1.0 - kept if experts[e]["taken"] > 0 else 0.0
        numbers[0, e] = min(max(experts[e]["occupancy"] * kept + busy, 0.0), 1.0)
        numbers[1, e] = now - experts[e]["idle_since"]
        numbers[2, e] = experts[e]["accepts"]
        numbers[3, e] = math.nan
        if on and experts[e]["changes"] > 0:
            at = experts[e]["first_change"] + experts[e]["change"]
            numbers[3, e] = experts[e]["cycle_start"] + changes[at]["time"] - now
        numbers[4, e] = 0.0


@kernel(
    "int32[:]",
    "int32[:]",
    "int64[:]",
    "uint8[:]",
    "int64[:, :]",
    "uint8[:]",
    "uint8[:]",
    "int64[:, :]",
    "int64[:, :]",
    "uint8[:, :]",
    "out int64[:, :]",
    "out uint8[:]",
    "out int64[:]",
    allocates=False,
)
def find_problem(
    ticket: Int32,
    expert: Int32,
    rows: Integers,
    ticket_bytes: Bytes,
    excluded: Integers,
    expert_bytes: Bytes,
    channel_bytes: Bytes,
    loads: Integers,
    limits: Integers,
    eligible: Bytes,
    given: Integers,
    taken: Bytes,
    wrong: Integers,
) -> int:
    """What is wrong with a decision: `OUTSIDE`, `TWICE`, `FULL`, `FORBIDDEN`, or 0.

    Parameters
    ----------
    ticket, expert : ``(pairs,)`` the decision.
    rows : ``(tickets,)`` places of the tickets that were shown.
    eligible : ``(queues, pools)`` who may serve a queue.
    given : ``(experts, channels)`` zeros; scratch.
    taken : ``(tickets,)`` zeros; scratch.
    wrong : ``(1,)`` the first pair that is wrong, written.
    """
    tickets, experts, channels = ticket_bytes.view(TICKET), expert_bytes.view(EXPERT), channel_bytes.view(CHANNEL)
    for at in range(len(ticket)):
        wrong[0] = at
        i, e = ticket[at], expert[at]
        if i < 0 or i >= len(rows) or e < 0 or e >= len(experts):
            return OUTSIDE
        if taken[i] == 1:
            return TWICE
        taken[i] = 1
        k = rows[i]
        channel, pool = tickets[k]["channel"], experts[e]["pool"]
        before, alone = 0, experts[e]["alone"] == 1
        for other in range(given.shape[1]):
            before += given[e, other]
            alone = alone or (given[e, other] > 0 and channels[other]["exclusive"] == 1)
        limit = limits[pool, channel]
        if channels[channel]["exclusive"] == 1:
            fits = limit > 0 and experts[e]["taken"] + before == 0
        else:
            fits = loads[e, channel] + given[e, channel] < limit
        if experts[e]["on"] == 0 or alone or not fits:
            return FULL
        given[e, channel] += 1
        if eligible[tickets[k]["queue"], pool] == 0:
            return FORBIDDEN
        for entry in range(tickets[k]["barred"] + tickets[k]["declined"]):
            if excluded[k, entry] == e:
                return FORBIDDEN
    return FINE
