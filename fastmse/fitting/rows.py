"""Rows in chunks of any size and dtype, on to blocks of float64 columns.

Blocks are cut on the index of the rows that count, so neither the chunks nor rows of zero weight
move a border: the same rows give the same blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmse.columns import Columns
from fastmse.gaussian import FloatArray

BLOCK_DOUBLES = 2**19
"""4 MB. Adding a block's Gram matrix to the sum costs O(p²): long blocks make it cheap."""


def rows_per_block(n_features: int) -> int:
    """Rows of a block: a function of the number of features alone, in [64, 4096]."""
    return max(64, min(4096, BLOCK_DOUBLES // (n_features + 2)))


class RowBuffer:
    """The rows of the incomplete last block: O(block · d) memory, whatever comes in.

    A *block* is a (d + 2, rows) array: the features, y and the weights, each contiguous.
    """

    def __init__(self, names: Sequence[str], target: str = "y") -> None:
        self.names = (*names, target)
        self.block = rows_per_block(len(names))
        self.columns = np.empty((len(names) + 2, self.block))
        self.filled = 0
        self.seen = 0

    @property
    def pending(self) -> FloatArray:
        """The rows of the incomplete block, as a block."""
        return self.columns[:, : self.filled]

    def push(self, X: Any, y: Any, sample_weight: Any = None) -> Iterator[FloatArray]:
        """Take rows in, and yield each block that they complete: a view, valid until the next.

        Raises
        ------
        ValueError
            For NaN or infinity in a row of weight > 0: names its column and its index.
        """
        n_features = len(self.names) - 1
        if X.shape != (len(y), n_features):
            raise ValueError(f"X: got shape {X.shape}; want ({len(y)}, {n_features})")
        start = 0
        while start < len(y):
            stop = min(len(y), start + self.block - self.filled)
            weight = None if sample_weight is None else sample_weight[start:stop]
            self._append(X[start:stop], y[start:stop], weight)
            start = stop
            if self.filled == self.block:
                yield self.columns
                self.filled = 0

    def _append(self, X: Any, y: Any, weight: Any) -> None:
        """Decode rows that fit into the block; those of weight 0 are dropped."""
        kept = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
        index = self.seen + kept
        self.seen += len(y)
        if len(kept) < len(y):
            X, y, weight = X[kept], y[kept], weight[kept]
        rows = self.columns[:, self.filled : self.filled + len(kept)]
        if isinstance(X, Columns):
            X.write(rows[:-2])
        else:
            rows[:-2] = X.T
        rows[-2] = y
        rows[-1] = 1.0 if weight is None else weight
        if not np.isfinite(rows).all():
            self._refuse(rows, index)
        self.filled += len(kept)

    def _refuse(self, rows: FloatArray, index: NDArray[np.int64]) -> None:
        row, column = np.argwhere(~np.isfinite(rows[:-1].T))[0]
        what = "NaN" if np.isnan(rows[column, row]) else "infinity"
        argument = "y" if column == len(rows) - 2 else "X"
        raise ValueError(
            f"{argument}: column {self.names[column]!r} holds {what} in row {index[row]}, counted "
            "from 0; want finite values: drop the row or give it weight 0"
        )
