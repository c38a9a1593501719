"""The variables of a row: of a matrix, or of columns that lie apart."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastmse.kernels.cuda.flags import device_function
from fastmse.kernels.cuda.storage import loader, part_loader

Storage = str | tuple[str, ...]
"""Of a matrix, or of each column."""


@cache
def variables_of(storage: Storage, q: int) -> tuple[Any, Any]:
    """(x, row, column): where they lie; (where, i): those of row i, as float64.

    x, row, column are what `rows.Matrix` or `rows.Apart` has as `words`.
    """
    if not isinstance(storage, str):
        n_places = 3 * q
        load_places: Any = part_loader("float64", n_places)
        return device_function(lambda x, row, column: load_places(x, 8, n_places)), _apart(storage)
    load: Any = part_loader(storage, q)

    def of_row(where: Any, i: int) -> Any:
        x, row, column = where
        return load(x + i * row, column, q)

    return device_function(lambda x, row, column: (x, row, column)), device_function(of_row)


def _apart(storages: tuple[str, ...]) -> Any:
    """Of these columns, whose places are the first of `where`."""
    load: Any = loader(storages[0], 1)

    def first(where: Any, i: int) -> Any:
        address = (int(where[0]) << 32) + int(where[1])
        return load(address + i * int(where[2]), 0)

    one = device_function(first)
    if len(storages) == 1:
        return one
    rest = _apart(storages[1:])
    return device_function(lambda where, i: one(where, i) + rest(where[3:], i))
