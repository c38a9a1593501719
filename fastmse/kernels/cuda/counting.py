"""From nodes to the sums over all rows: the tree of merges, launched level group by level group."""

from __future__ import annotations

import numpy as np

from fastmse.kernels.cuda.launching import STREAM, finish, launch
from fastmse.kernels.cuda.merge import LOG_TILE, merge_nodes, merge_to_total
from fastmse.kernels.cuda.sizes import MERGE_THREADS
from fastmse.kernels.cuda.workspace import Workspace, read


class Nodes:
    """Room for the nodes of `count` spans, each of 2^level blocks, and what does not fill one."""

    def __init__(self, space: Workspace, blocks: int, rest: int, level: int, width: int) -> None:
        self.blocks, self.rest, self.level, self.width = blocks, rest, level, width
        self.count = blocks >> level
        self.nodes = space.take(f"nodes {width}", (_roomy(self.count), width))
        self.levels = space.take(f"levels {width}", (max(blocks.bit_length(), level) + 1, width))
        self._total = space.take_mapped(f"total {width}", (1, width))

    def total(self) -> np.ndarray:
        """The node of all rows, on the host; waits for the device."""
        units = self.width - 1
        log_units = min((units - 1).bit_length(), 5)
        log_fan = LOG_TILE - log_units
        groups = (units - 1 >> log_units) + 1
        count, stride, level = self.count, 1, self.level
        while count >> log_fan:
            grid = ((count - 1 >> log_fan) + 1, groups)
            launch(
                *(merge_nodes, grid, MERGE_THREADS, STREAM),
                *(*self.nodes.words, stride, count, level, *self.levels.words, log_units),
            )
            count, stride, level = count >> log_fan, stride << log_fan, level + log_fan
        launch(
            *(merge_to_total, (1, groups), MERGE_THREADS, STREAM),
            *(*self.nodes.words, stride, count, level, *self.levels.words, log_units),
            *(self.blocks, self.rest, *self._total.words),
        )
        finish()
        return np.asarray(read(self._total)[0])


def _roomy(count: int) -> int:
    """A power of two: calls of about as many rows share the room."""
    return 1 << max(count - 1, 0).bit_length()
