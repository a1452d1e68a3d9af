"""A binary heap of nodes by key, with decrease-key, in an array of `HEAP` records.

The first ``search[0]["heap_size"]`` records hold a key and its node each; ``heap[node]["place"]`` says where
`node` is in the heap, −1: nowhere.
"""

from __future__ import annotations

import numpy as np

from .records import HEAP, Records, index

__all__ = ["clear", "make_heap", "pop", "put"]


def make_heap(n: int) -> Records:
    """An empty heap for nodes ``0 … n − 1``."""
    heap = np.empty(n, HEAP)
    for k in range(n):
        heap[k]["place"] = -1
    return heap


def put(heap: Records, search: Records, node: int, key: float) -> None:
    """Add `node`, or lower its key to `key` where it is in the heap with a greater one."""
    k = index(heap[node]["place"])
    if k < 0:
        k = search[0]["heap_size"]
        search[0]["heap_size"] = k + 1
    elif key >= heap[k]["key"]:
        return
    while k > 0:
        above = (k - 1) >> 1
        if heap[above]["key"] <= key:
            break
        _set(heap, k, heap[above]["node"], heap[above]["key"])
        k = above
    _set(heap, k, node, key)


def pop(heap: Records, search: Records) -> int:
    """Take out the node of least key, which is ``heap[0]["key"]`` before; the heap must not be empty."""
    top = index(heap[0]["node"])
    heap[top]["place"] = -1
    size = search[0]["heap_size"] - 1
    search[0]["heap_size"] = size
    if size == 0:
        return top
    node, key = heap[size]["node"], heap[size]["key"]
    k = index(0)
    while True:
        below = 2 * k + 1
        if below >= size:
            break
        if below + 1 < size and heap[below + 1]["key"] < heap[below]["key"]:
            below += 1
        if heap[below]["key"] >= key:
            break
        _set(heap, k, heap[below]["node"], heap[below]["key"])
        k = below
    _set(heap, k, node, key)
    return top


def clear(heap: Records, search: Records) -> None:
    """Empty the heap, in time proportional to what is in it."""
    for k in range(search[0]["heap_size"]):
        heap[heap[k]["node"]]["place"] = -1
    search[0]["heap_size"] = 0


def _set(heap: Records, k: int, node: int, key: float) -> None:
    heap[k]["key"] = key
    heap[k]["node"] = node
    heap[node]["place"] = k
