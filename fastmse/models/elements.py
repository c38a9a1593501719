"""Arrays of any shape as one run of elements."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from fastmse import inputs


class Elements:
    """The elements of an array that no single stride describes, in C order.

    A slice of it is a copy of those elements.
    """

    __slots__ = ("array",)

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __len__(self) -> int:
        return self.array.size

    def __getitem__(self, rows: slice) -> Any:
        return self.array.flat[rows]


class OutputElements(Elements):
    """Elements to be written: a slice of it waits for its values."""

    __slots__ = ("rows",)

    def __init__(self, array: np.ndarray, rows: slice = slice(None)) -> None:
        super().__init__(array)
        self.rows = rows

    def __getitem__(self, rows: slice) -> OutputElements:
        return OutputElements(self.array, rows)

    def buffer(self) -> np.ndarray:
        return np.empty(self.rows.stop - self.rows.start, self.array.dtype)

    def write(self, values: np.ndarray) -> None:
        self.array.flat[self.rows] = values


def gradient_array(gated: Sequence[Any], grad: bool, out: Any) -> tuple[Any, Any]:
    """The array that the gradient of (y_true, y_pred, sample_weight) goes to, as the caller gets
    it and as a kernel writes to it: `out`, or a new one of y_pred's shape; None without `grad`.
    """
    y_true, y_pred, sample_weight = gated
    if out is not None:
        if not grad:
            raise ValueError("out: got an array together with grad=False; want one or the other")
        given = (("y_pred", y_pred), ("y_true", y_true), ("sample_weight", sample_weight))
        return out, inputs.output(out, y_pred, given)
    if not grad:
        return None, None
    dtype = y_pred.dtype if y_pred.dtype.kind in "fV" else np.float64
    is_array = isinstance(y_pred, np.ndarray)
    made = np.empty_like(y_pred, dtype) if is_array else np.empty(len(y_pred), dtype)
    return made, made


def as_elements(arrays: Sequence[Any], out: np.ndarray | None) -> tuple[list[Any], bool]:
    """1-D views of arrays of one shape, element i of each the same one; None stays None.

    In memory order where all are Fortran-contiguous, else in C order. Where an array has no
    such view it is wrapped in `Elements`, and the second value is True: pieces are copies.
    """
    columns = [*arrays, out]
    if columns[0].ndim == 1:
        return columns, False
    present = [array for array in columns if array is not None]
    if all(array.flags.f_contiguous for array in present):
        columns = [None if array is None else array.T for array in columns]
    views = [None if array is None else _flat(array) for array in columns]
    if isinstance(views[-1], Elements):
        views[-1] = OutputElements(views[-1].array)
    return views, any(isinstance(view, Elements) for view in views)


def _flat(array: np.ndarray) -> np.ndarray | Elements:
    """A view where one stride leads through all axes. NumPy finds that out by way of a copy."""
    axes = [axis for axis in zip(array.shape, array.strides, strict=True) if axis[0] != 1]
    one_stride = all(outer == n * inner for (_, outer), (n, inner) in pairwise(axes))
    return array.reshape(-1) if one_stride else Elements(array)
