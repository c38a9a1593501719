"""Arrays as the kernels read them: aligned float64, by its address; anything else is decoded,
X by the kernels themselves where they have a decoder, the rest by NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

Array = Any

DOUBLE = 8

DECODED_DOUBLES = 2**17
"""Rows are decoded 1 MB at a time, which L2 or L3 holds until the kernel reads it."""


def address(array: Array | None) -> int:
    """Of the first element, for as long as the caller keeps the array alive; 0 for None."""
    return 0 if array is None else int(array.ctypes.data)


def encoded_address(array: Array) -> int:
    """The same of an array of any type and alignment, for a decoder."""
    return int(array.ctypes.data)


def is_double(array: Array) -> bool:
    return bool(array.dtype == np.float64 and array.dtype.isnative and array.flags.aligned)


def is_plain(array: Array) -> bool:
    return bool(is_double(array) and array.flags.c_contiguous)


def plain(array: Array, order: Literal["C", "F"] = "C") -> Array:
    """The array as aligned float64, contiguous in that order: itself, or decoded."""
    array = np.asarray(array, dtype=np.float64, order=order)
    return array if array.flags.aligned else array.copy(order)


def stretches(n: int, block: int, width: int, in_place: bool) -> Iterator[tuple[int, int]]:
    """All rows at once if they need no decoding, else stretches of whole blocks."""
    step = n if in_place else max(DECODED_DOUBLES // (width * block), 1) * block
    for start in range(0, n, step):
        yield start, min(start + step, n)
