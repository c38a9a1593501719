"""From nodes to the sums over all rows: the tree of merges, launched level group by level group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fastmse.kernels.cuda.launching import Queue, launch
from fastmse.kernels.cuda.merge import LOG_TILE, merge_nodes, merge_to_total
from fastmse.kernels.cuda.sizes import MERGE_THREADS
from fastmse.kernels.cuda.workspace import Workspace, read, workspace

LEVELS = 48
"""Of the tree: more blocks than 2^48 bytes hold."""


class Nodes:
    """Room for the nodes of whole spans, each of 2^level blocks, and what does not fill one.

    `words` stand for the nodes and for the levels.
    """

    def __init__(self, space: Workspace, blocks: int, rest: int, level: int, width: int) -> None:
        self.blocks, self.rest, self.level, self.width = blocks, rest, level, width
        self.count = blocks >> level
        self._nodes = space.take(("nodes", level, width), (_roomy(self.count), width))
        self._levels = space.take(("levels", level, width), (LEVELS + 1, width))
        self._total = space.take_mapped(("total", level, width), (1, width))
        self.words, self.levels_words = self._nodes.words, self._levels.words
        self._merges = list(self._launches())

    def _launches(self) -> Iterator[tuple[Any, ...]]:
        """Of each merge: kernel, grid, threads, arguments."""
        units = self.width - 1
        log_units = min((units - 1).bit_length(), 5)
        log_fan = LOG_TILE - log_units
        groups = (units - 1 >> log_units) + 1
        count, stride, level = self.count, 1, self.level
        while count >> log_fan:
            grid = ((count - 1 >> log_fan) + 1, groups)
            arguments = (*self.words, stride, count, level, *self.levels_words, log_units)
            yield merge_nodes, grid, MERGE_THREADS, arguments
            count, stride, level = count >> log_fan, stride << log_fan, level + log_fan
        arguments = (*self.words, stride, count, level, *self.levels_words, log_units)
        last = (self.blocks, self.rest, *self._total.words)
        yield merge_to_total, (1, groups), MERGE_THREADS, (*arguments, *last)

    def total(self, queue: Queue) -> np.ndarray:
        """The node of all rows, on the host; waits for the device."""
        for kernel, grid, threads, arguments in self._merges:
            launch(kernel, grid, threads, queue, *arguments)
        queue.finish()
        return np.asarray(read(self._total)[0])


def nodes_of(queue: Queue, blocks: int, rest: int, level: int, width: int) -> Nodes:
    """Those of the last call of this level and width, if it was of as many rows."""
    space, like = workspace(queue.device), (blocks, rest)
    return space.keep((level, width), like, lambda: Nodes(space, *like, level, width))


def _roomy(count: int) -> int:
    """A power of two: calls of about as many rows share the room."""
    return 1 << max(count - 1, 0).bit_length()
