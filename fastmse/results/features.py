"""What a fit predicts from: a matrix of its features, in the order of the fit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from fastmse import inputs
from fastmse.columns import Array, Columns

SHOWN = 6  # names in a message, from the first that is wrong


def column_names(X: Any) -> tuple[str, ...] | None:
    """The names of a table's columns; None for an array."""
    if isinstance(X, Columns):
        return X.names
    # Arrow's `columns` are the values.
    columns = getattr(X, "column_names", getattr(X, "columns", None))
    return None if columns is None else tuple(map(str, columns))


def features(X: Any, names: Sequence[str]) -> Array | Columns:
    """Return X as (n, d) of the d features called `names`, in its own dtypes.

    Raises
    ------
    ValueError
        If a table's columns have other names or another order, or X has another shape.
    TypeError
        If X is not real numbers.
    """
    array: Any = inputs.rows(X, "X")
    check_names(column_names(array if isinstance(array, Columns) else X), tuple(names))
    if array.ndim != 2 or array.shape[1] != len(names):
        raise ValueError(f"X: got shape {array.shape}; want (n, {len(names)})")
    return array  # type: ignore[no-any-return]


def check_names(got: tuple[str, ...] | None, want: tuple[str, ...]) -> None:
    """Raise ValueError unless a table has the names of the fit, or an array gave those: x0, ..."""
    if got is None or got == want:
        return
    is_array = want == tuple(f"x{j}" for j in range(len(want)))
    if is_array and sorted(got) != sorted(want):
        return
    first = next(j for j, (g, w) in enumerate(zip_longest(got, want)) if g != w)
    raise ValueError(
        f"X: got {_shown(got, first)} from column {first} on; want {_shown(want, first)}: select "
        "the columns by name in the order of the fit, or pass an array"
    )


def _shown(names: tuple[str, ...], first: int) -> str:
    rest = names[first:]
    shown = ", ".join(map(repr, rest[:SHOWN])) or "no more"
    return shown if len(rest) <= SHOWN else f"{shown}, ..."
