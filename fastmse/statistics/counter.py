"""The binary counter that merges block partials, and the merge itself.

A *node* is a vector of sums over some rows: ``sse.hi[K], sse.lo[K]``, then plain sums.
A node at level k spans 2**k aligned blocks. `push` in every kernel keeps at most one node
a level, as the bits of a counter, so the tree of additions is a function of the number of
rows alone.
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from numpy.typing import NDArray

Node = NDArray[np.float64]

LEVELS = 56
"""Levels of the counter: 2**55 blocks. The row after them is for rows outside the grid."""


def merge_nodes(a: Node, b: Node, n_double: int) -> Node:
    """a + b: the first `n_double` sums in double-double, the rest plainly.

    Knuth's two-sum of the high parts, its error added to the low parts. Where the sum is
    infinite or NaN the low part is 0, so that infinity stays infinity.
    """
    k = n_double
    merged: Node = a + b
    s = merged[:k]
    with np.errstate(invalid="ignore"):
        t = s - a[:k]
        error = ((a[:k] - (s - t)) + (b[:k] - t)) + (a[k : 2 * k] + b[k : 2 * k])
        finite = np.isfinite(s)
        high = np.where(finite, s + error, s)
        merged[k : 2 * k] = np.where(finite, error - (high - s), 0.0)
    merged[:k] = high
    return merged


class BlockCounter:
    """The sums over all rows counted so far; O(width * log(blocks)) memory."""

    __slots__ = ("blocks", "n_double", "nodes")

    def __init__(self, n_double: int, n_plain: int) -> None:
        self.n_double = n_double
        self.nodes = np.zeros((LEVELS + 1, 2 * n_double + n_plain))
        self.blocks = 0

    def add(self, node: Node) -> None:
        """Count rows outside the grid in: a partial last block, or another counter's total."""
        self.nodes[LEVELS] = merge_nodes(self.nodes[LEVELS], node, self.n_double)

    def total(self) -> Node:
        """The node of all rows: the levels folded from the last rows to the first."""
        total: Node = self.nodes[LEVELS].copy()
        for level in range(self.blocks.bit_length()):
            if self.blocks >> level & 1:
                total = merge_nodes(self.nodes[level], total, self.n_double)
        return total

    def copy(self) -> BlockCounter:
        return deepcopy(self)
