"""Rows in chunks of any size and dtype, on to whole blocks.

Blocks are cut on the index of the rows that count, so neither the chunks nor rows of zero weight
move a border: the same rows give the same blocks. Rows that fill blocks are passed on where they
lie; the others wait in a buffer until their block is full.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmse.columns import Columns, loaded
from fastmse.gaussian import FloatArray

BLOCK_DOUBLES = 2**19
"""4 MB. Adding a block's Gram matrix to the sum costs O(p²): long blocks make it cheap."""

BLOCK_ROWS = (1024, 4096)

PAD = 8
"""Doubles: columns a power of two apart would share sets of the cache."""

TURNED_ROWS = 64
"""Rows that become columns at once: they stay in the first cache meanwhile."""

LOOKED_AT = 2**18
"""Weights looked at before their rows are read: L3 holds 2 MB of them meanwhile."""


def rows_per_block(n_features: int) -> int:
    """Rows of a block: a function of the number of features alone, a power of two."""
    fitting: int = 1 << (BLOCK_DOUBLES // (n_features + 2)).bit_length() - 1
    least, most = BLOCK_ROWS
    return min(max(fitting, least), most)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Rows that count: whole blocks of them, but for the last part of all."""

    X: Any  # (n, d) of any storage
    y: Any  # (n,), or (n, k) for k targets
    weight: Any  # (n,), none of them 0; None for ones
    index: int | None = None  # of the first of them; None where values are known to be finite

    def __len__(self) -> int:
        return len(self.y)

    def cut(self, start: int, stop: int) -> Part:
        """Rows [start, stop), not copied."""
        weight = None if self.weight is None else self.weight[start:stop]
        index = None if self.index is None else self.index + start
        return Part(self.X[start:stop], self.y[start:stop], weight, index)


class RowBuffer:
    """The rows of the incomplete last block: O(block · d) memory, whatever comes in.

    `columns` is (d + 2, block): the features, y and the weights, each contiguous.
    """

    def __init__(self, names: Sequence[str], target: str = "y") -> None:
        self.names = (*names, target)
        self.block = rows_per_block(len(names))
        self.columns = np.empty((len(names) + 2, self.block + PAD))[:, : self.block]
        self.filled = 0
        self.seen = 0
        self.begun = False

    @property
    def pending(self) -> FloatArray:
        """The rows of the incomplete block, (d + 2, filled)."""
        return self.columns[:, : self.filled]

    def pending_part(self) -> Part:
        """The same rows as a `Part`: views, valid until the next `push`."""
        held = self.pending
        return Part(held[:-2].T, held[-2], held[-1])

    def push(self, X: Any, y: Any, sample_weight: Any = None) -> Iterator[Part]:
        """Take rows in, and yield the blocks that they complete, as views valid until the next.

        The first block ever comes from the buffer, in float64: it is looked at before the others.

        Raises
        ------
        ValueError
            For NaN or infinity in a row that has to wait: names its column and its index. In
            rows passed on it is for the receiver to notice, and to `refuse` them.
        """
        n_features = len(self.names) - 1
        if X.shape != (len(y), n_features):
            raise ValueError(f"X: got shape {X.shape}; want ({len(y)}, {n_features})")
        for part in loaded((X, y, sample_weight), self.block):
            X, y, sample_weight = part
            yield from self._push(Part(X, y, sample_weight))

    def _push(self, rows: Part) -> Iterator[Part]:
        start = 0
        while start < len(rows):
            stop = start + self._whole(rows, start)
            if start < stop:
                self.seen += stop - start
                yield replace(rows.cut(start, stop), index=self.seen - (stop - start))
            else:
                stop = min(len(rows), start + self.block - self.filled)
                self._append(rows.cut(start, stop))
                if self.filled == self.block:
                    self.begun = True
                    yield self.pending_part()
                    self.filled = 0
            start = stop

    def _whole(self, rows: Part, start: int) -> int:
        """How many rows from `start` on are whole blocks without a zero weight."""
        if self.filled or not self.begun:
            return 0
        whole = (len(rows) - start) // self.block * self.block
        if rows.weight is None or not whole:
            return whole
        whole = min(whole, LOOKED_AT)
        return 0 if (rows.weight[start : start + whole] == 0).any() else whole

    def _append(self, rows: Part) -> None:
        """Decode rows that fit into the block; those of weight 0 are dropped."""
        X, y, weight = rows.X, rows.y, rows.weight
        kept = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
        index = self.seen + kept
        self.seen += len(y)
        if len(kept) < len(y):
            X, y, weight = X[kept], y[kept], weight[kept]
        held = self.columns[:, self.filled : self.filled + len(kept)]
        if isinstance(X, Columns):
            X.write(held[:-2])
        else:
            for start in range(0, len(X), TURNED_ROWS):
                rows_of = slice(start, start + TURNED_ROWS)
                held[:-2, rows_of] = X[rows_of].T
        held[-2] = y
        held[-1] = 1.0 if weight is None else weight
        self._refuse(held[:-1], index)
        self.filled += len(kept)

    def refuse(self, rows: Part) -> None:
        """Raise ValueError if a value of these rows is not finite; O(rows · d) memory."""
        held = np.empty((len(self.names), len(rows)))
        held[:-1] = np.asarray(rows.X, dtype=np.float64).T
        held[-1] = rows.y
        first = rows.index or 0
        self._refuse(held, np.arange(first, first + len(rows)))

    def _refuse(self, values: FloatArray, index: NDArray[np.int64]) -> None:
        if np.isfinite(values).all():
            return
        row, column = np.argwhere(~np.isfinite(values.T))[0]
        what = "NaN" if np.isnan(values[column, row]) else "infinity"
        argument = "y" if column == len(values) - 1 else "X"
        raise ValueError(
            f"{argument}: column {self.names[column]!r} holds {what} in row {index[row]}, counted "
            "from 0; want finite values: drop the row or give it weight 0"
        )
