"""The rows of one or many files, in blocks that do not depend on the format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastmse.sources.errors import SourceError
from fastmse.sources.reader import Reader

Array = NDArray[np.float64]

BLOCK_VALUES = 1 << 18  # 2 MB of float64: a few blocks in flight stay far below any file


class Block(NamedTuple):
    """Consecutive rows: X (n, d) in Fortran order, y (n,), and w (n,) or None."""

    X: Array
    y: Array
    w: Array | None


class Rows:
    """Call it to read the files from the start: an iterator of `Block`, whose memory is constant.

    Values are finite float64, but for rows of weight zero, which may hold anything. Raises
    `SourceError` at the first row that breaks this, and at the end if no row has a weight > 0.
    """

    def __init__(
        self,
        readers: Sequence[Reader],
        features: Sequence[str],
        target: str,
        weights: str | None,
        *,
        drop_missing: bool,
        skipped: Mapping[str, str],
    ) -> None:
        self.features, self.target, self.weights = tuple(features), target, weights
        self.skipped = skipped  # columns that were left out, and what they hold
        self.dropped = 0  # rows with missing values that the last reading left out
        self.done = 0.0  # the share of all files that the last reading has read so far
        self._readers, self._drop_missing = readers, drop_missing
        self._names = [*features, target] if weights is None else [*features, target, weights]

    def __call__(self) -> Iterator[Block]:
        """Read all files once."""
        self.dropped, self.done = 0, 0.0
        d, n, is_weighty = len(self.features), 0, self.weights is None
        for columns in _regrouped(self._tables(), len(self._names)):
            n += columns.shape[1]
            w = columns[d + 1] if self.weights is not None else None
            is_weighty = is_weighty or bool(np.any(w))
            yield Block(columns[:d].T, columns[d], w)
        if n == 0 or not is_weighty:
            paths = ", ".join(reader.path for reader in self._readers)
            raise SourceError(f"{paths}: {self._why_none(n)}; nothing to use")

    def _why_none(self, n: int) -> str:
        """Say why none of the n rows that were read counts."""
        if n:
            return f"column {self.weights!r}: every weight is 0"
        return "every row has a missing value" if self.dropped else "there are no rows"

    def _tables(self) -> Iterator[Array]:
        """Yield checked values, (columns, rows), in pieces of any length."""
        for number, reader in enumerate(self._readers):
            row = 0
            for chunk in reader.chunks(self._names):
                table = np.array(chunk.columns)
                yield self._checked(table, reader, row)
                row += table.shape[1]
                self.done = (number + chunk.done) / len(self._readers)

    def _checked(self, table: Array, reader: Reader, first_row: int) -> Array:
        """Keep the rows to use; raise at the first value that cannot be used."""
        used = np.ones(table.shape[1], dtype=bool) if self.weights is None else table[-1] != 0
        if self.weights is not None and (table[-1] < 0).any():
            self._refuse(table[-1:] < 0, table[-1:], [self.weights], reader, first_row)
        if np.isfinite(table).all():
            return table
        self._refuse(np.isinf(table) & used, table, self._names, reader, first_row)
        missing = np.isnan(table) & used
        if not self._drop_missing:
            self._refuse(missing, table, self._names, reader, first_row)
        complete = ~missing.any(axis=0)
        self.dropped += table.shape[1] - int(complete.sum())
        return table[:, complete]

    def _refuse(
        self, bad: NDArray[np.bool_], table: Array, names: Sequence[str], reader: Reader, row: int
    ) -> None:
        """Raise about the first row with a bad value, if there is one."""
        if not bad.any():
            return
        first = int(bad.any(axis=0).argmax())
        column = int(bad[:, first].argmax())
        value = table[column, first]
        where = f"{reader.path}: column {names[column]!r}, {reader.place(row + first)}:"
        if np.isnan(value):
            raise SourceError(f"{where} the value is missing; fill it in or use --drop-missing")
        if value < 0 and np.isfinite(value):
            raise SourceError(f"{where} the weight is {value:g}; weights must not be negative")
        raise SourceError(f"{where} the value is {value:g}; correct or remove the row")


def _regrouped(tables: Iterable[Array], width: int) -> Iterator[Array]:
    """Copy tables (width, any) into blocks (width, length), all but the last of one length."""
    length = max(BLOCK_VALUES // width, 1)
    block, filled = np.empty((width, length)), 0
    for table in tables:
        start, n = 0, table.shape[1]
        while start < n:
            count = min(n - start, length - filled)
            block[:, filled : filled + count] = table[:, start : start + count]
            start, filled = start + count, filled + count
            if filled == length:
                yield block
                block, filled = np.empty((width, length)), 0
    if filled:
        yield block[:, :filled].copy()
