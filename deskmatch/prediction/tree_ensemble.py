"""`TreeEnsemble`: a sum of decision trees over features in at most 255 bins, as plain arrays, evaluated compiled.

Every feature is first cut into bins: numbers at the thresholds that the trees use, categories one bin each; bin 255 is
a missing value. A node then is a table of 256 bits, whether a bin goes left, so that numbers, categories and missing
values are one lookup without a branch. A leaf leads to itself, and all rows go as deep as the tree's deepest leaf.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel
from deskmatch.epochs.arrays import ArrayCheck
from deskmatch.frozen import Frozen, read_only

__all__ = ["BINS", "MISSING", "TreeEnsemble"]

Float64 = NDArray[np.float64]
UInt8 = NDArray[np.uint8]

BINS = 256
MISSING = 255
BLOCK = 512
"""Rows that go through all trees before the next ones: their bins stay in the cache."""


@dataclass(frozen=True, slots=True, eq=False)
class TreeEnsemble(Frozen):
    """Trees as arrays over all their nodes.

    Parameters
    ----------
    features : how many features there are.
    base : what the sum begins with.
    root : ``(trees,)`` the node at which each begins.
    feature : ``(nodes,)`` the feature that a node asks about; 0 at a leaf.
    left : ``(nodes,)`` the node to which bins that go left lead; the others lead to the next one. Above the node's own,
        but at a leaf, which leads to itself.
    goes_left : ``(nodes, 32)`` 256 bits, packed.
    value : ``(nodes,)`` what a leaf adds; 0 elsewhere.
    """

    features: int
    base: float
    root: NDArray[np.int32]
    feature: NDArray[np.int32]
    left: NDArray[np.int32]
    goes_left: UInt8
    value: Float64
    _next: UInt8 = field(init=False, repr=False)
    """``(nodes · 256,)`` the node that each bin leads to, counted from the root of its tree."""
    _depth: NDArray[np.int32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check = ArrayCheck("trees")
        nodes = len(np.atleast_1d(self.left))
        shapes = {"root": (len(np.atleast_1d(self.root)),), "goes_left": (nodes, BINS // 8)}
        for name, dtype in ENSEMBLE_ARRAYS.items():
            self._set(**{name: check.array(name, getattr(self, name), dtype, shapes.get(name, (nodes,)))})
        own = np.arange(nodes)
        inner = self.left != own
        within = np.where(inner, (self.left > own) & (self.left < nodes - 1), True)
        check.refuse("left", self.left, ~within, "a later node, or the node itself")
        for name, values, size in (("root", self.root, nodes), ("feature", self.feature, self.features)):
            check.refuse(name, values, (values < 0) | (values >= size), f"a number from 0 to {size - 1}")
        check.at_least("value", self.value, -1e6)
        if not np.isfinite(self.base):
            check.add(None, "base", repr(self.base), "expected a finite number")
        check.finish()
        sizes = np.diff(np.append(self.root, nodes))
        if len(self.root) == 0 or self.root[0] != 0 or (sizes < 1).any() or (sizes > BINS).any():
            check.add(None, "root", None, f"expected trees one after another, of 1 to {BINS} nodes each")
            check.finish()
        within_tree = self.left - np.repeat(self.root, sizes)
        check.refuse("left", self.left, within_tree + inner >= np.repeat(sizes, sizes), "a node of the same tree")
        check.finish()
        steps = 1 - np.unpackbits(self.goes_left, axis=1, bitorder="little")
        steps[~inner] = 0
        leads = (within_tree[:, None] + steps).astype(np.uint8)
        self._set(_next=read_only(leads.ravel()), _depth=read_only(self._depths(inner)))

    def _depths(self, inner: NDArray[np.bool_]) -> NDArray[np.int32]:
        """``(trees,)`` steps from each root to its deepest leaf."""
        below = np.zeros(len(self.left), np.int32)
        for node in np.flatnonzero(inner)[::-1].tolist():
            first = int(self.left[node])
            below[node] = 1 + max(below[first], below[first + 1])
        return below[self.root]

    def sum(self, bins: UInt8) -> Float64:
        """``(rows,)`` what the trees add up to for ``(rows, features)`` bins.

        Until its kernel is compiled, NumPy answers: three times as slow, but at once.
        """
        bins = np.ascontiguousarray(bins)
        if not sum_of_trees.is_warm():
            sum_of_trees.request()
            return self.sum_uncompiled(bins)
        found = np.empty(len(bins))
        arrays = (self.root, self._depth, self.feature, self._next, self.value)
        sum_of_trees(bins, *arrays, float(self.base), found)
        return found

    def sum_uncompiled(self, bins: UInt8) -> Float64:
        """The same as `sum`, by NumPy."""
        found = np.full(len(bins), float(self.base))
        for tree in range(len(self.root)):
            found += self.of_one(tree, bins)
        return found

    def of_one(self, tree: int, bins: UInt8) -> Float64:
        """``(rows,)`` what one tree adds."""
        rows = np.arange(len(bins))
        first = int(self.root[tree])
        node = np.full(len(bins), first, np.int64)
        for _ in range(int(self._depth[tree])):
            node = first + self._next[node * BINS + bins[rows, self.feature[node]]].astype(np.int64)
        return self.value[node]


ENSEMBLE_ARRAYS: dict[str, Any] = {
    "root": np.int32,
    "feature": np.int32,
    "left": np.int32,
    "goes_left": np.uint8,
    "value": np.float64,
}


@kernel(
    "uint8[:, :]",
    "int32[:]",
    "int32[:]",
    "int32[:]",
    "uint8[:]",
    "float64[:]",
    "float64",
    "out float64[:]",
    allocates=False,
)
def sum_of_trees(bins: Any, root: Any, depth: Any, feature: Any, leads: Any, value: Any, base: Any, found: Any) -> None:
    """Add up the leaves of all trees, a block of rows at a time, four rows side by side to hide the wait for memory."""
    rows = bins.shape[0]
    for begin in range(0, rows, BLOCK):
        end = min(begin + BLOCK, rows)
        for row in range(begin, end):
            found[row] = base
        for tree in range(root.shape[0]):
            first, levels = np.uint32(root[tree]), depth[tree]
            row = begin
            while row + 4 <= end:
                a, b, c, d = first, first, first, first
                for _ in range(levels):
                    a = below(first, a, bins[row, feature[a]], leads)
                    b = below(first, b, bins[row + 1, feature[b]], leads)
                    c = below(first, c, bins[row + 2, feature[c]], leads)
                    d = below(first, d, bins[row + 3, feature[d]], leads)
                found[row] += value[a]
                found[row + 1] += value[b]
                found[row + 2] += value[c]
                found[row + 3] += value[d]
                row += 4
            while row < end:
                a = first
                for _ in range(levels):
                    a = below(first, a, bins[row, feature[a]], leads)
                found[row] += value[a]
                row += 1


def below(first: Any, node: Any, at: Any, leads: Any) -> Any:
    """The node to which a bin leads; unsigned, so that no index is looked at for its sign."""
    return first + np.uint32(leads[np.uint32(node * np.uint32(256) + np.uint32(at))])
