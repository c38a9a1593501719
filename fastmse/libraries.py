"""What polars, pyarrow and pandas tell of their own memory.

It takes 3 to 6 us a column, and 50 to 200 us through narwhals, which serves the other libraries.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from narwhals.stable.v2 import dependencies

from fastmse.columns import Array, Column, Stored


def columns(frame: nw.DataFrame[Any]) -> list[Any]:
    """The columns of a frame: arrays, or series of its library, or else of narwhals."""
    native: Any = frame.to_native()
    if dependencies.is_polars_dataframe(native):
        return list(native.get_columns())
    if dependencies.is_pyarrow_table(native):
        return list(native.columns)
    if dependencies.is_pandas_dataframe(native):
        return _one_block(native) or [column for _, column in native.items()]
    return list(frame.iter_columns())


def column(series: Any) -> Column | None:
    """The memory of a series; None unless it holds numbers, none missing, of a known library."""
    return _reader(series.__class__)(series)


@cache
def _reader(kind: type) -> Callable[[Any], Column | None]:
    """Once a type: narwhals takes 2 us to tell whose a series is."""
    if issubclass(kind, np.ndarray):
        return lambda array: array
    for library, name, reader in (
        (dependencies.get_polars(), "Series", _polars_column),
        (dependencies.get_pyarrow(), "ChunkedArray", _pyarrow_column),
        (dependencies.get_pandas(), "Series", _pandas_column),
    ):
        if library and issubclass(kind, getattr(library, name)):
            return reader
    return lambda series: None


def _polars_column(series: Any) -> Column | None:
    dtype = series.dtype
    if series.null_count():
        return None
    if dtype.is_float() or dtype.is_integer():
        chunks = [series] if series.n_chunks() == 1 else series.get_chunks()
        try:
            return _joined([chunk.to_numpy(allow_copy=False) for chunk in chunks])
        except RuntimeError:  # integers of 128 bits
            return None
    return _bits(series) if dtype == dependencies.get_polars().Boolean else None


def _pyarrow_column(series: Any) -> Column | None:
    types, dtype = dependencies.get_pyarrow().types, series.type
    if series.null_count:
        return None
    if types.is_floating(dtype) or types.is_integer(dtype):
        return _joined([chunk.to_numpy(zero_copy_only=True) for chunk in series.chunks])
    return _bits(series) if types.is_boolean(dtype) else None


def _pandas_column(series: Any) -> Column | None:
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        found: Array = series.to_numpy()
        return None if dtype.kind == "O" else found
    arrow = hasattr(dtype, "pyarrow_dtype")
    return _pyarrow_column(series.array.__arrow_array__()) if arrow else None


def _one_block(frame: Any) -> list[Array]:
    """The columns of a pandas frame that is one array; none where it is several.

    A Series takes pandas 10 to 30 us. The first row is a view where all rows are.
    """
    if frame.empty or not isinstance(frame.dtypes.iloc[0], np.dtype):
        return []
    row = frame.iloc[:1].to_numpy()  # kept, so that no copy can come to lie where it lies
    if row.dtype.kind == "O" or frame.iloc[:1].to_numpy().ctypes.data != row.ctypes.data:
        return []
    return list(frame.to_numpy().T)


def _joined(chunks: list[Array]) -> Column | None:
    """The chunks that have rows as one column; None where there is none."""
    filled = [chunk for chunk in chunks if len(chunk)] or chunks[:1]
    if len(filled) > 1:
        return Stored(filled, filled[0].dtype)
    return filled[0] if filled else None


def _bits(series: Any) -> Stored:
    return Stored([series], np.dtype(bool))
