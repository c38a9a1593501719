"""Tables of pandas, polars, pyarrow and their kind, read through narwhals.

A column of real numbers stays where its library holds it. One that holds no numbers, or has
missing values, is refused by name. NaN is a number here; a null is missing. Rows go by position:
no index is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import narwhals.stable.v2 as nw
from narwhals.exceptions import DuplicateError

from fastmse import inputs, libraries
from fastmse.columns import Array, Column, Columns, Stored, places

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


def read(obj: Any, name: str, wanted: Sequence[str] | None = None) -> Any:
    """A table as `Columns`, one of its columns as an array or `Stored`; else `obj` itself.

    A stream of record batches is read into memory, and has no rows left. Of a table only the
    columns of the `wanted` names, if given, in their order; no other is looked at.

    Raises
    ------
    TypeError
        If a column holds no real numbers, or the rows are yet to be computed.
    ValueError
        If a column has missing values, two columns share a name, or a wanted one is not there.
    """
    found = _native(obj, name)
    if isinstance(found, nw.Series):
        return _column(found.to_native(), name)
    return _columns(found, name, wanted) if isinstance(found, nw.DataFrame) else obj


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


def _columns(frame: nw.DataFrame[Any], name: str, wanted: Sequence[str] | None) -> Columns:
    names, columns = _distinct(frame.columns, name), libraries.columns(frame)
    if wanted is not None:
        columns, names = [columns[at] for at in places(names, wanted, name)], list(wanted)
    arrays = [
        _column(column, f"{name}: column {label!r}")
        for column, label in zip(columns, names, strict=True)
    ]
    return Columns(arrays, names, len(frame))


def _distinct(names: Iterable[Any], name: str) -> list[str]:
    found = [str(label) for label in names]
    label, count = Counter(found).most_common(1)[0] if found else ("", 1)
    if count > 1:
        raise ValueError(
            f"{name}: got {count} columns named {label!r}; want distinct names: 1 and '1' are one"
        )
    return found


def _column(series: Any, label: str) -> Column:
    """The column's memory, or the column to be read slice by slice where that takes a copy."""
    found = libraries.column(series)
    if found is None:
        is_narwhals = isinstance(series, nw.Series)
        found = _general(series if is_narwhals else nw.from_native(series, series_only=True), label)
    return found if isinstance(found, Stored) else inputs.real_array(found, label)


def _general(column: nw.Series[Any], label: str) -> Column:
    """A column of any library, or one to be refused."""
    _require_numbers(column, label)
    pieces = _pieces(column)
    if any(piece.null_count() for piece in pieces):
        missing = int(column.null_count())
        raise ValueError(
            f"{label}: got {missing} missing value{'s' * (missing != 1)}; want none: drop or fill "
            "them"
        )
    first = inputs.real_array(pieces[0].to_numpy(), label)
    return column.to_numpy() if _in_one_piece(pieces, first) else Stored([column], first.dtype)


def _require_numbers(column: nw.Series[Any], label: str) -> None:
    dtype = column.dtype
    if isinstance(dtype, nw.Decimal | nw.Int128 | nw.UInt128) or not (
        dtype.is_numeric() or dtype == nw.Boolean
    ):
        what = HOLDS.get(type(dtype).__name__, "no known numbers")
        raise TypeError(
            f"{label}: got {what} ({_shown(column)}); want numbers: leave it out, encode or "
            "convert it"
        )


def _shown(column: nw.Series[Any]) -> Any:
    """The dtype as narwhals calls it; what it does not know, as the library does."""
    if column.dtype != nw.Unknown:
        return column.dtype
    native = column.to_native()
    return getattr(native, "dtype", None) or getattr(native, "type", column.dtype)


def _pieces(column: nw.Series[Any]) -> list[nw.Series[Any]]:
    """Slices that share a row with the next; a short column itself."""
    if len(column) <= STEP:
        return [column]
    return [column[start : start + STEP + 1] for start in range(0, len(column), STEP)]


def _in_one_piece(pieces: Sequence[nw.Series[Any]], first: Array) -> bool:
    """Whether a column is a view: if pieces that share a row all are, then of one array.

    `first` is what the first piece gives: while it is held, no copy can come to lie there.
    """
    at, step = first.ctypes.data, STEP * first.itemsize
    return not first.size or all(
        piece.to_numpy().ctypes.data == at + j * step for j, piece in enumerate(pieces)
    )
