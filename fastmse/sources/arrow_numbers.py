"""Arrow columns to float64, one rule for every type: the nearest float64, NaN for missing.

Decimals go through their digits: a decimal in Parquet and the same digits in CSV give equal bits.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fastmse.sources.reader import EMPTY, Column, TextCell

T = TypeVar("T", bound=np.generic)
BLANKS = " \t"  # what may surround a number in a cell


def describe(kind: pa.DataType) -> Column:
    """Say whether columns of this Arrow type are numbers, else what they are."""
    types = pa.types
    if types.is_dictionary(kind):
        return describe(kind.value_type)
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        return Column(numeric=True)
    if types.is_decimal(kind):
        return Column(numeric=True)
    if types.is_null(kind):
        return Column(numeric=False, note=EMPTY)
    is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    return Column(numeric=False, note="text" if is_text else f"of type {kind}")


def from_numbers(values: pa.Array) -> NDArray[np.float64]:
    """Convert a numeric Arrow column, (n,)."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.string())
    return _to_numpy(values.cast(pa.float64(), safe=False))  # unsafe: above 2**53, round


def from_text(values: pa.Array) -> NDArray[np.float64]:
    """Convert the cells of a text file, (n,); raise `TextCell` at the first that is no number."""
    for kind in (pa.float64(), pa.bool_()):
        if _is_castable(values, kind):
            return _to_numpy(values.cast(kind).cast(pa.float64()))
    trimmed = pc.ascii_trim(values, characters=BLANKS)
    is_filled = pc.binary_length(trimmed).cast(pa.bool_())
    trimmed = pc.if_else(is_filled, trimmed, pa.nulls(len(values), pa.string()))
    if _is_castable(trimmed, pa.float64()):
        return _to_numpy(trimmed.cast(pa.float64()))
    raise _first_text(trimmed)


def _first_text(values: pa.Array) -> TextCell:
    """Find the cell to blame: the last of the shortest prefix that cannot be cast."""
    lengths = range(len(values) + 1)
    longest = bisect_left(
        lengths, True, key=lambda n: not _is_castable(values.slice(0, n), pa.float64())
    )
    row = longest - 1
    return TextCell(row, values[row].cast(pa.binary()).as_py().decode("utf-8", "replace"))


def _is_castable(values: pa.Array, kind: pa.DataType) -> bool:
    try:
        values.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _to_numpy(values: pa.Array) -> NDArray[np.float64]:
    """Take float64 over as an array, nulls as NaN."""
    array = _view(values, np.float64)
    if not values.null_count:
        return array
    missing = _view(values.is_null().cast(pa.uint8()), np.uint8)
    return np.where(missing, np.nan, array)


def _view(values: pa.Array, kind: type[T]) -> NDArray[T]:
    """View the values' memory. Arrow's own to_numpy imports pandas first: 0.3 s, deaf to Ctrl-C."""
    memory = values.buffers()[1]
    if memory is None:
        return np.empty(0, kind)
    return np.frombuffer(memory, kind)[values.offset :][: len(values)]
