"""Tables of pandas, polars, pyarrow and their kind, read through narwhals.

A column of real numbers stays where its library holds it. One that holds no numbers, or has
missing values, is refused by name. NaN is a number here; a null is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from narwhals.exceptions import DuplicateError

from fastmse import inputs
from fastmse.columns import Column, Columns, Stored

STEP = 2**18
"""Rows of a column that are looked at in one go: a copy of them takes 2 MB."""

HOLDS = {
    "String": "text",
    "Categorical": "categories",
    "Enum": "categories",
    "Decimal": "decimals",
    "Date": "dates",
    "Datetime": "dates",
    "Time": "times",
    "Duration": "time differences",
    "Object": "Python objects (missing values or mixed types?)",
}


def read(obj: Any, name: str) -> Any:
    """A table as `Columns`, one of its columns as an array or `Stored`; else `obj` itself.

    Raises
    ------
    TypeError
        If a column holds no real numbers, or the rows are yet to be computed.
    ValueError
        If a column has missing values, or two columns share a name.
    """
    found = _native(obj, name)
    if isinstance(found, nw.Series):
        return _column(found, name)
    return _columns(found, name) if isinstance(found, nw.DataFrame) else obj


def _native(obj: Any, name: str) -> Any:
    """A data frame or series of narwhals; any other object as it is."""
    try:
        found = nw.from_native(obj, pass_through=True, allow_series=True)
    except DuplicateError:
        _distinct(getattr(obj, "column_names", None) or obj.columns, name)
        raise
    if isinstance(found, nw.LazyFrame):
        raise TypeError(
            f"{name}: got a lazy {type(obj).__name__}; want a table in memory: .collect() or "
            ".compute() it"
        )
    return found if isinstance(found, nw.DataFrame | nw.Series) else _from_arrow(obj)


def _from_arrow(obj: Any) -> Any:
    """What offers its memory through Arrow's C interface alone."""
    if hasattr(obj, "__arrow_c_array__") and not hasattr(obj, "column_names"):
        import pyarrow

        return nw.from_native(pyarrow.chunked_array([pyarrow.array(obj)]), allow_series=True)
    if hasattr(obj, "__arrow_c_stream__"):
        return nw.DataFrame.from_arrow(obj, backend="pyarrow")
    return obj


def _columns(frame: nw.DataFrame[Any], name: str) -> Columns:
    names = _distinct(frame.columns, name)
    columns: Iterable[Any] = frame.iter_columns()
    labels = [f"{name}: column {label!r}" for label in names]
    arrays = [_column(column, label) for column, label in zip(columns, labels, strict=True)]
    return Columns(arrays, names, len(frame))


def _distinct(names: Iterable[Any], name: str) -> list[str]:
    found = [str(label) for label in names]
    label, count = Counter(found).most_common(1)[0] if found else ("", 1)
    if count > 1:
        raise ValueError(f"{name}: got {count} columns named {label!r}; want distinct names")
    return found


def _column(column: nw.Series[Any], label: str) -> Column:
    """The column's memory, or the column to be read slice by slice where that takes a copy."""
    native = column.to_native()
    dtype = getattr(native, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind != "O":
        return inputs.real_array(native.to_numpy(), label)
    _require_numbers(column, label)
    _require_values(column, label)
    return inputs.real_array(column.to_numpy(), label) if _in_one_piece(column) else Stored(column)


def _require_numbers(column: nw.Series[Any], label: str) -> None:
    dtype = column.dtype
    if isinstance(dtype, nw.Decimal | nw.Int128 | nw.UInt128) or not (
        dtype.is_numeric() or dtype == nw.Boolean
    ):
        what = HOLDS.get(type(dtype).__name__, "no known numbers")
        raise TypeError(
            f"{label}: got {what} ({dtype}); want numbers: leave it out, encode or convert it"
        )


def _require_values(column: nw.Series[Any], label: str) -> None:
    pieces = (column[start : start + STEP] for start in range(0, len(column), STEP))
    missing = sum(int(piece.null_count()) for piece in pieces)
    if missing:
        raise ValueError(f"{label}: got {missing} missing values; want none: drop or fill them")


def _in_one_piece(column: nw.Series[Any]) -> bool:
    """Whether it is a view: if slices that share a row with the next all are, then of one array."""
    first = column[:1].to_numpy()  # kept, so that no copy can come to lie where it lies
    at = first.ctypes.data
    return all(
        column[start : start + STEP + 1].to_numpy().ctypes.data == at + start * first.itemsize
        for start in range(0, len(column), STEP)
    )
