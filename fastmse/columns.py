"""Rows of a table: columns of one length, each where it lies and of its own type."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

STRETCH_DOUBLES = 2**18
"""What a library gives only by a copy is read 2 MB at a time."""


class Stored:
    """A column that does not lie in one array: chunks of it do, or its library gives only copies.

    `parts` are arrays, or series with slices and ``to_numpy``, one after the other, each with rows
    unless it is the only one. A slice of it is not read yet; `numpy.asarray` reads it.
    """

    __slots__ = ("dtype", "ends", "parts")
    ndim = 1

    def __init__(self, parts: Sequence[Any], dtype: np.dtype[Any]) -> None:
        self.parts = tuple(parts)
        self.ends = list(accumulate(map(len, parts)))
        self.dtype = dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.ends[-1],)

    @property
    def size(self) -> int:
        return self.ends[-1]

    def __len__(self) -> int:
        return self.ends[-1]

    def __getitem__(self, rows: slice | Array) -> Stored | Array:
        """Rows by a slice, not yet read, or by their indices.

        Rows that lie in one array are a view of it.
        """
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1:
                return self._between(start, max(start, stop))
        chosen: Array = np.asarray(self)[rows]
        return chosen

    def _between(self, start: int, stop: int) -> Stored | Array:
        first = min(bisect_right(self.ends, start), len(self.parts) - 1)
        last = max(bisect_left(self.ends, stop), first)
        begin = self.ends[first - 1] if first else 0
        if first == last:
            part = self.parts[first][start - begin : stop - begin]
            return part if isinstance(part, np.ndarray) else Stored([part], self.dtype)
        end = self.ends[last - 1]
        parts = [self.parts[first][start - begin :], *self.parts[first + 1 : last]]
        return Stored([*parts, self.parts[last][: stop - end]], self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        _refuse_view(copy)
        arrays = [part if isinstance(part, np.ndarray) else part.to_numpy() for part in self.parts]
        wanted = self.dtype if dtype is None else dtype
        if len(arrays) == 1:
            return np.array(arrays[0], wanted, copy=copy)
        return np.concatenate(arrays, dtype=wanted, casting="unsafe")


def _refuse_view(copy: bool | None) -> None:
    """NumPy's protocol: who asks for no copy gets an error where there must be one."""
    if copy is False:
        raise ValueError("copy: got False; want None or True: a table's rows are read by a copy")


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

    def chosen(self, wanted: Sequence[str], name: str) -> Columns:
        """The columns of these names, in this order; `name` is the argument's."""
        found = [self.arrays[at] for at in places(self.names, wanted, name)]
        return Columns(found, wanted, len(self))

    def loaded(self) -> Columns:
        """The same rows in arrays alone."""
        return Columns([np.asarray(array) for array in self.arrays], self.names, len(self))

    def write(self, out: Array) -> None:
        """Write column j to out[j]; out is (d, n)."""
        for row, array in zip(out, self.arrays, strict=True):
            row[...] = array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """A new float64 array (n, d), column-major."""
        _refuse_view(copy)
        out = np.empty(self.shape[::-1])
        self.write(out)
        return out.T if dtype is None else out.T.astype(dtype, copy=False)


def places(names: Sequence[str], wanted: Sequence[str], name: str) -> list[int]:
    """Where the wanted names stand among `names`. Raises ValueError for one that is missing."""
    missing = [label for label in wanted if label not in names]
    if missing:
        shown = ", ".join(map(repr, names[:10])) + ", ..." * (len(names) > 10)
        raise ValueError(
            f"{name}: got columns {shown or 'of no name'}; want one named {missing[0]!r}, as the "
            "model's variable"
        )
    return [list(names).index(label) for label in wanted]


Rows: TypeAlias = Sequence[Column | Columns | None]
"""Columns and matrices of one length; None stands for one that is not there."""


_ARRAYS = frozenset({np.ndarray, type(None)})


def in_arrays(rows: Rows) -> bool:
    """Whether every column is an array: any kernel reads it. A third of the time of a loop."""
    return _ARRAYS.issuperset(map(type, rows))


def stretches(rows: Rows, block: int) -> Iterator[Rows]:
    """The rows a few whole blocks at a time: 2 MB as float64, or one block if that is more."""
    given = [column for column in rows if column is not None]
    width = sum(column.shape[1] if column.ndim == 2 else 1 for column in given)
    step = max(STRETCH_DOUBLES // (width * block), 1) * block
    for start in range(0, len(given[0]), step):
        part = slice(start, start + step)
        yield [None if column is None else column[part] for column in rows]


def loaded(rows: Rows, block: int) -> Iterable[Rows]:
    """The rows in arrays alone: as they are, or in stretches where a column is `Stored`."""
    if not any(map(_is_stored, rows)):
        return (rows,)
    return ([_loaded(column) for column in part] for part in stretches(rows, block))


def _is_stored(column: Column | Columns | None) -> bool:
    if isinstance(column, Columns):
        return any(isinstance(array, Stored) for array in column.arrays)
    return isinstance(column, Stored)


def _loaded(column: Column | Columns | None) -> Array | Columns | None:
    if column is None:
        return None
    return column.loaded() if isinstance(column, Columns) else np.asarray(column)
