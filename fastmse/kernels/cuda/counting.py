"""From nodes to the sums over all rows: the tree of merges, launched level group by level group."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmse.kernels.cuda.flags import configured
from fastmse.kernels.cuda.merge import fold_levels, merge_nodes
from fastmse.kernels.cuda.sizes import FOLD_THREADS, MERGE_THREADS
from fastmse.kernels.cuda.workspace import Workspace

Stream = Any

STREAM: Stream = 0
"""The legacy default stream, for which producers make their work visible."""


class Nodes:
    """Room for the nodes of `count` spans, each of 2^level blocks, and what does not fill one."""

    def __init__(self, space: Workspace, blocks: int, rest: int, level: int, width: int) -> None:
        self.blocks, self.rest, self.level, self.width = blocks, rest, level, width
        self.count = blocks >> level
        self.nodes = space.take(f"nodes {width}", (_roomy(self.count), width))
        self.levels = space.take(f"levels {width}", (max(blocks.bit_length(), level) + 1, width))
        self._total = space.take(f"total {width}", (1, width))

    def total(self) -> np.ndarray:
        """The node of all rows, on the host; waits for the device."""
        units = self.width - 1
        log_units = min((units - 1).bit_length(), 5)
        log_fan = 10 - log_units
        count, stride, level = self.count, 1, self.level
        while count > 0:
            grid = ((count - 1 >> log_fan) + 1, (units - 1 >> log_units) + 1)
            configured(merge_nodes, grid, MERGE_THREADS, STREAM)(
                self.nodes, stride, count, level, self.levels, log_fan, log_units
            )
            count, stride, level = count >> log_fan, stride << log_fan, level + log_fan
        grid = (units - 1) // FOLD_THREADS + 1
        configured(fold_levels, grid, FOLD_THREADS, STREAM)(
            self.levels, self.blocks, self.rest, self._total
        )
        return np.asarray(self._total.copy_to_host()[0])


def _roomy(count: int) -> int:
    """A power of two: calls of about as many rows share the room."""
    return 1 << max(count - 1, 0).bit_length()
