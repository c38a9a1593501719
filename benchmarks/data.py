"""Random numbers of any dtype: drawn once, and looked at in any shape."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

DTYPES = {
    "float64": np.dtype(np.float64),
    "float32": np.dtype(np.float32),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "int8": np.dtype(np.int8),
}

# Columns that lie a power of two apart share a few cache sets; that is the trouble of 2ⁿ rows
# of float64, not of a column. 0.97 of a power of two is no such number, and 256 MiB x 0.97 is
# more than 256 MB.
GENERIC = 0.97


def rows(values: int, d: int) -> int:
    """How many rows of `d` values to look at, of `values` in memory."""
    return max(int(GENERIC * values) // d, 2)


def numbers(count: int, dtype: str = "float64", seed: int = 0) -> NDArray[Any]:
    """The first `count` of the pool's numbers: N(0, 1), and in int8 30 times that."""
    return _pool(1 << (count - 1).bit_length(), dtype, seed)[:count]


@lru_cache(maxsize=6)  # two of float64 for full size and the oracle's each, two of another dtype
def _pool(count: int, dtype: str, seed: int) -> NDArray[Any]:
    if dtype == "float64":
        return np.random.default_rng(seed).standard_normal(count)
    wide = numbers(max(count * DTYPES[dtype].itemsize // 8, 1), "float64", seed)
    if dtype == "int8":
        wide = np.rint(30 * wide).clip(-127, 127)
    return np.resize(wide.astype(DTYPES[dtype]), count)
