"""Rows in chunks of any length, counted on the same grid as all rows at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastmse.columns import Column, Columns, Rows, in_arrays
from fastmse.statistics.counter import LEVELS, BlockCounter
from fastmse.statistics.grid import lies_in_columns

Count = Callable[[BlockCounter, Rows], None]
"""Counts rows in; only the last call for a counter may end inside a block."""


class Stream:
    """init -> update(rows) -> merge(other) -> total(): one statistic of a stream of rows.

    `count` is the kernel. `pending` holds the rows of the incomplete last block as float64,
    (block, ...) each; None where the stream has no such column (weights).
    """

    def __init__(self, counter: BlockCounter, count: Count, block: int, piece: int) -> None:
        self.counter = counter
        self.count = count
        self.block = block
        self.piece = piece
        self.pending: list[np.ndarray | None] = []
        self.n_pending = 0
        self.n = 0

    def update(self, rows: Rows) -> None:
        """Count the rows in. O(block * d) of them wait for their block to fill."""
        n = _length(rows)
        start = self._fill(rows, min(-self.n_pending % self.block, n)) if self.n_pending else 0
        whole = start + (n - start) // self.block * self.block
        count_pieces(self.counter, self.count, rows, start, whole, self.piece)
        self._fill(rows, n, whole)
        self.n += n

    def merge(self, other: Stream) -> None:
        """Count in all that `other` holds, whose rows are none of these."""
        self.counter.add(other.total())
        self.n += other.n

    def total(self) -> np.ndarray:
        """The node of all rows so far; the stream may go on."""
        if not self.n_pending:
            return self.counter.total()
        counter, held = self.counter, self.counter.nodes[LEVELS].copy()
        last = BlockCounter(counter.n_double, len(held) - 2 * counter.n_double)
        self.count(last, _slice(self.pending, 0, self.n_pending))
        try:
            counter.add(last.total())
            return counter.total()
        finally:
            counter.nodes[LEVELS] = held

    def _fill(self, rows: Rows, stop: int, start: int = 0) -> int:
        """Rows [start, stop) to the incomplete block, which is counted when full; stop."""
        if start == stop:
            return stop
        if not self.pending:
            self.pending = [_buffer(column, self.block) for column in rows]
        end = self.n_pending + stop - start
        for buffer, column in zip(self.pending, _slice(rows, start, stop), strict=True):
            if buffer is not None and column is not None:
                np.copyto(buffer[self.n_pending : end], column, casting="unsafe")
        self.n_pending = end
        if end == self.block:
            self.count(self.counter, self.pending)
            self.n_pending = 0
        return stop


def count_pieces(
    counter: BlockCounter, count: Count, rows: Rows, start: int, stop: int, piece: int
) -> None:
    """Rows [start, stop) in pieces of bounded work, so that signals are served between them."""
    if 0 < stop - start <= piece and in_arrays(rows) and stop - start == _length(rows):
        count(counter, rows)  # a slice takes 0.2 us
        return
    for first in range(start, stop, piece):
        count(counter, _slice(rows, first, min(first + piece, stop)))


def _length(rows: Rows) -> int:
    for column in rows:
        if column is not None:
            return len(column)
    raise ValueError("rows: got no column")


def _slice(rows: Rows, start: int, stop: int) -> list[Column | Columns | None]:
    return [None if column is None else column[start:stop] for column in rows]


def _buffer(column: Column | Columns | None, block: int) -> np.ndarray | None:
    """A float64 buffer of `block` rows in the column's memory order."""
    if column is None:
        return None
    if column.ndim == 1:
        return np.empty(block)
    return np.empty((block, column.shape[1]), order="F" if lies_in_columns(column) else "C")
