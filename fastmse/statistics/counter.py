"""The binary counter that merges block partials.

A *node* is a vector of sums over some rows: ``sse.hi[K], sse.lo[K]``, then plain sums.
A node at level k spans 2**k aligned blocks. `push` in every kernel keeps at most one node
a level, as the bits of a counter, so the tree of additions is a function of the number of
rows alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastmse.statistics.nodes import fold, merge

Node = NDArray[np.float64]

LEVELS = 56
"""Levels of the counter: 2**55 blocks. The row after them is for rows outside the grid."""


class BlockCounter:
    """The sums over all rows counted so far; O(width * log(blocks)) memory."""

    __slots__ = ("blocks", "n_double", "nodes")

    def __init__(self, n_double: int, n_plain: int) -> None:
        self.n_double = n_double
        self.nodes = np.zeros((LEVELS + 1, 2 * n_double + n_plain))
        self.blocks = 0

    def add(self, node: Node) -> None:
        """Count rows outside the grid in: a partial last block, or another counter's total."""
        merge(self.nodes[LEVELS], node, self.n_double)

    def total(self) -> Node:
        """The node of all rows: the levels folded from the last rows to the first."""
        return fold(self.nodes, self.blocks, self.n_double)
