"""One array in NumPy's ``.npy`` format, read forward in blocks of rows.

Works on any file object that seeks forward, so also on a compressed member of an ``.npz``. In
Fortran order each column is a stream of its own: memory is one block, never the array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fastmse.sources.reader import Column

KINDS = {"U": "text", "S": "text", "O": "Python objects", "M": "dates", "c": "complex numbers"}


class StoredArray:
    """The array that `opened()` starts with; `name` is the column's, or its columns' prefix."""

    def __init__(self, name: str, opened: Callable[[], IO[bytes]]) -> None:
        self.name, self._opened = name, opened
        with opened() as file:
            is_v1 = npy.read_magic(file) == (1, 0)
            header = npy.read_array_header_1_0 if is_v1 else npy.read_array_header_2_0
            self.shape, self._fortran, self.dtype = header(file)
            self._offset = file.tell()
        self.columns = self._columns()

    @property
    def n(self) -> int:
        """The number of rows."""
        return self.shape[0] if self.shape else 0

    def blocks(self, rows: int, names: set[str]) -> Iterator[Mapping[str, NDArray[np.float64]]]:
        """Yield the named columns of the next `rows` rows; raise EOFError if they are cut short."""
        parts = self._column_parts(names) if self._fortran else [(0, list(self.columns))]
        with ExitStack() as stack:
            files = [stack.enter_context(self._opened()) for _ in parts]
            for file, (start, _) in zip(files, parts, strict=True):
                file.seek(self._offset + start)
            for first in range(0, self.n, rows):
                count = min(rows, self.n - first)
                block: dict[str, NDArray[np.float64]] = {}
                for file, (_, held) in zip(files, parts, strict=True):
                    block |= self._read(file, count, held, names)
                yield block

    def _read(
        self, file: IO[bytes], count: int, held: list[str], names: set[str]
    ) -> dict[str, NDArray[np.float64]]:
        """Read `count` rows of the columns `held` side by side, and convert the wanted ones."""
        width = 1 if self.dtype.names else len(held)
        size = count * width * self.dtype.itemsize
        data = file.read(size)
        if len(data) < size:
            raise EOFError("it ends before its last row")
        table = np.frombuffer(data, self.dtype).reshape(count, width)
        if self.dtype.names:
            return {name: table[name][:, 0].astype(float) for name in held if name in names}
        return {name: table[:, j].astype(float) for j, name in enumerate(held) if name in names}

    def _column_parts(self, names: set[str]) -> list[tuple[int, list[str]]]:
        """Where each wanted column starts behind the header, in Fortran order."""
        size = self.n * self.dtype.itemsize
        return [(j * size, [name]) for j, name in enumerate(self.columns) if name in names]

    def _columns(self) -> dict[str, Column]:
        if len(self.shape) not in (1, 2):
            return {self.name: Column(False, f"an array of shape {self.shape}")}
        if self.dtype.names:
            return {name: describe(self.dtype[name]) for name in self.dtype.names}
        if len(self.shape) == 1:
            return {self.name: describe(self.dtype)}
        return {f"{self.name}{j}": describe(self.dtype) for j in range(self.shape[1])}


def describe(dtype: np.dtype[np.generic]) -> Column:
    """Say whether an array of this type is numbers; longdouble is not, float64 cannot hold it."""
    if dtype.kind in "biuf" and dtype.itemsize <= 8:
        return Column(numeric=True)
    return Column(False, KINDS.get(dtype.kind, f"of type {dtype}"))
