"""Rows of X, y and weights as kernels are given them: where they lie, or sent a piece at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from fastmse.columns import Columns
from fastmse.device_arrays import DeviceArray
from fastmse.device_inputs import DeviceColumns, Line
from fastmse.kernels.cuda.launching import Queue
from fastmse.kernels.cuda.staging import (
    is_by_columns,
    rows_at_once,
    sent_line,
    storage_dtype,
    turns,
)


class Matrix(NamedTuple):
    """X (n, d): its address, and bytes from a row to the next and from a column to the next."""

    pointer: int
    row: int
    column: int
    n: int
    d: int
    storage: str
    itemsize: int

    @property
    def places(self) -> tuple[float, ...]:
        """What a kernel reads from device memory to find a row: nothing."""
        return ()

    def words(self, places: int) -> tuple[int, int, int]:
        """What it is given of X; `places` is the address of the above."""
        return self.pointer, self.row, self.column


class Apart(NamedTuple):
    """The columns of an X (n, q), each of which lies somewhere."""

    columns: tuple[Line, ...]
    n: int

    @property
    def storage(self) -> tuple[str, ...]:
        return tuple(line.storage for line in self.columns)

    @property
    def places(self) -> tuple[float, ...]:
        """Of each column its address, in halves that a float64 holds, and its stride."""
        words = [(*divmod(line.pointer, 2**32), line.step) for line in self.columns]
        return tuple(float(word) for three in words for word in three)

    def words(self, places: int) -> tuple[int, int, int]:
        return places, 0, 0


class Piece(NamedTuple):
    """Rows on the device, from number `first` on, and where kernels for them are launched."""

    first: int
    X: Any
    "Matrix, or Apart"
    y: Line
    w: Line | None
    queue: Queue


class PlacedRows(NamedTuple):
    """Rows that lie on the device."""

    X: Any
    "Matrix, or Apart"
    y: Line
    w: Line | None

    def pieces(self, multiple: int, queue: Queue) -> Iterator[Piece]:
        """All in one."""
        yield Piece(0, *self, queue)


def placed(X: DeviceArray | DeviceColumns, y: Line, w: Line | None) -> PlacedRows:
    if isinstance(X, DeviceColumns):
        return PlacedRows(Apart(X.lines, X.shape[0]), y, w)
    (row, column), (n, d) = X.strides, X.shape
    return PlacedRows(Matrix(X.pointer, row, column, n, d, X.storage, X.itemsize), y, w)


class SentRows:
    """Rows of arrays and tables in host memory; of `X` all but the address is known."""

    def __init__(self, X: Any, y: Any, w: Any) -> None:
        self._given = [array for array in (X, y, w) if array is not None]
        self.X = _sent_matrix(X, 0, len(X))

    def pieces(self, multiple: int, queue: Queue) -> Iterator[Piece]:
        """So many rows at a time, or several times as many; all is done when they end."""
        n, d = self.X.n, self.X.d
        sizes = [storage_dtype(array.dtype).itemsize for array in self._given[1:]]
        row_bytes = d * self.X.itemsize + sum(sizes)
        step = rows_at_once(row_bytes, multiple)
        for slot, start, stop in turns(n, step, row_bytes, len(sizes) + 1, queue.device):
            X, *others = [np.asarray(array[start:stop]) for array in self._given]
            place, *places = slot.send([X, *others])
            lines = [sent_line(array, at) for array, at in zip(others, places, strict=True)]
            w = lines[1] if len(lines) > 1 else None
            yield Piece(start, _sent_matrix(X, place, stop - start), lines[0], w, slot.queue)


def _sent_matrix(X: Any, pointer: int, n: int) -> Matrix:
    """X, or its rows to come, as a slot holds them; a table's as float64, by columns."""
    is_table, d = isinstance(X, Columns), X.shape[1]
    dtype = storage_dtype(np.dtype(np.float64) if is_table else X.dtype)
    size = dtype.itemsize
    row, column = (size, n * size) if is_table or is_by_columns(X) else (d * size, size)
    return Matrix(pointer, row, column, n, d, dtype.name, size)
