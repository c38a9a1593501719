"""Every dtype and memory layout that the gate lets through."""

from __future__ import annotations

import ml_dtypes
import numpy as np

from fastmse.columns import Columns

FLOATS = ["f8", "f4", "f2", "bfloat16"]
INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
DTYPES = [*FLOATS, *INTEGERS, "?", ">f8", ">f4", ">f2", ">i2", ">i4", ">i8", ">u8"]

VECTOR_LAYOUTS = ["contiguous", "strided", "reversed", "misaligned", "readonly"]
MATRIX_LAYOUTS = [
    "C",
    "F",
    "C rows strided",
    "C columns strided",
    "F columns strided",
    "C reversed",
    "F reversed",
    "C misaligned",
    "F misaligned",
    "C readonly",
]


def dtype_of(name: str) -> np.dtype:
    return np.dtype(ml_dtypes.bfloat16) if name == "bfloat16" else np.dtype(name)


def small(dtype: str) -> tuple[int, int]:
    """A range of at most 7 bits, which every dtype of that sign holds exactly."""
    name = dtype.lstrip(">")
    return (0, 2) if name == "?" else (0, 100) if name.startswith("u") else (-60, 60)


def small_integers(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return rng.integers(*small(dtype), shape)


def lay_vector(values: np.ndarray, dtype: str, layout: str) -> np.ndarray:
    """`values` in that dtype and layout."""
    if layout == "misaligned":
        return _misaligned(values.astype(dtype_of(dtype)), "C")
    array = values.astype(dtype_of(dtype))
    if layout == "strided":
        wide = np.zeros((len(values), 3), array.dtype)
        wide[:, 1] = array
        return wide[:, 1]
    if layout == "reversed":
        return array[::-1].copy()[::-1]
    if layout == "readonly":
        array.flags.writeable = False
    return array


def lay_matrix(values: np.ndarray, dtype: str, layout: str) -> np.ndarray:
    """`values` in that dtype and layout."""
    order, _, how = layout.partition(" ")
    array = np.array(values, dtype=dtype_of(dtype), order=order)
    n, d = values.shape
    if how == "rows strided":
        wide = np.zeros((2 * n, d + 3), array.dtype, order)
        wide[::2, 2 : d + 2] = array
        return wide[::2, 2 : d + 2]
    if how == "columns strided":
        wide = np.zeros((n + 5, 2 * d), array.dtype, order)
        wide[3 : n + 3, ::2] = array
        return wide[3 : n + 3, ::2]
    if how == "reversed":
        return array[::-1, ::-1].copy(order)[::-1, ::-1]
    if how == "misaligned":
        return _misaligned(array, order)
    if how == "readonly":
        array.flags.writeable = False
    return array


def lay_table(rng: np.random.Generator, n: int, d: int) -> Columns:
    """Plain float64 and a column of another dtype and layout, in turn."""
    first = int(rng.integers(len(DTYPES) * len(VECTOR_LAYOUTS)))
    arrays = []
    for j, drawn in enumerate(rng.integers(2**16, size=(d, n)), start=first):
        dtype = DTYPES[j // 2 % len(DTYPES)] if j % 2 else "f8"
        layout = VECTOR_LAYOUTS[j % len(VECTOR_LAYOUTS)] if j % 2 else "contiguous"
        low, high = small(dtype)
        arrays.append(lay_vector(low + drawn % (high - low), dtype, layout))
    return Columns(arrays, [f"x{j}" for j in range(d)], n)


def _misaligned(array: np.ndarray, order: str) -> np.ndarray:
    """The same values one byte off the alignment of their dtype."""
    buffer = np.zeros(array.nbytes + 1, np.uint8)
    view = np.ndarray(array.shape, array.dtype, buffer, offset=1, order=order)
    view[...] = array
    return view
