"""The rows of a file as columns in memory, for what passes over them often."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fastmse.sources.rows import Block

Array = NDArray[np.float64]

FIRST = 1 << 16  # values that a column has room for at first


def in_memory(
    rows: Callable[[], Iterator[Block]], names: Sequence[str]
) -> tuple[dict[str, Array], Array, Array | None]:
    """The rows as columns by name, y and w: 8 bytes a value."""
    columns: list[Column] = []
    for block in rows():
        values = [*block.X.T, block.y, *([] if block.w is None else [block.w])]
        columns = columns or [Column() for _ in values]
        for column, value in zip(columns, values, strict=True):
            column.extend(value)
    X, (y, *w) = columns[: len(names)], (column.values() for column in columns[len(names) :])
    by_name = {name: column.values() for name, column in zip(names, X, strict=True)}
    return by_name, y, w[0] if w else None


class Column:
    """An array that grows at its end, in place as far as the system moves pages, not bytes."""

    def __init__(self) -> None:
        self._array, self._n = np.empty(FIRST), 0

    def extend(self, values: Array) -> None:
        """Append the values."""
        start, self._n = self._n, self._n + len(values)
        if self._n > len(self._array):
            self._array.resize(2 * self._n, refcheck=False)
        self._array[start : self._n] = values

    def values(self) -> Array:
        """All of them; no more can follow."""
        self._array.resize(self._n, refcheck=False)
        return self._array
