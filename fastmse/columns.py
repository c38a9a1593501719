"""Rows of a table: columns of one length, each where it lies and of its own type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


class Stored:
    """A column that its library gives only by a copy: in several chunks, or bits for bool.

    A slice of it is not read yet; `numpy.asarray` reads it.
    """

    __slots__ = ("series",)
    ndim = 1

    def __init__(self, series: Any) -> None:
        self.series = series

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.series),)

    def __len__(self) -> int:
        return len(self.series)

    def __getitem__(self, rows: slice | Array) -> Stored | Array:
        """Rows by a slice, not yet read, or by their indices."""
        if isinstance(rows, slice):
            return Stored(self.series[rows])
        chosen: Array = np.asarray(self)[rows]
        return chosen

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.series.to_numpy(), dtype)


Column: TypeAlias = Array | Stored


class Columns:
    """A matrix (n, d) of columns that need not lie in one block of memory.

    `arrays` are its columns, `names` theirs. Slices copy nothing.
    """

    __slots__ = ("arrays", "names", "shape")
    ndim = 2

    def __init__(self, arrays: Sequence[Column], names: Sequence[str], n: int) -> None:
        self.arrays = tuple(arrays)
        self.names = tuple(names)
        self.shape = (n, len(self.arrays))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | Array) -> Columns:
        """Rows by a slice, without a copy, or by their indices."""
        n = len(range(*rows.indices(len(self)))) if isinstance(rows, slice) else len(rows)
        return Columns([array[rows] for array in self.arrays], self.names, n)

    def write(self, out: Array) -> None:
        """Write column j to out[j]; out is (d, n)."""
        for row, array in zip(out, self.arrays, strict=True):
            row[...] = array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """A new float64 array (n, d), column-major."""
        out = np.empty(self.shape[::-1])
        self.write(out)
        return out.T if dtype is None else out.T.astype(dtype, copy=False)
