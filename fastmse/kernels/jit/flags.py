"""Numba's flags, in one place.

- nogil: other Python threads go on while a kernel runs.
- fastmath stays off: reordered or contracted sums have other bits.
- cache stays off: two processes that compile at once can leave a wrong kernel on disk.
- No signatures: kernels of other targets could not call functions that have one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def serial_kernel(function: Function) -> Function:
    return cast("Function", numba.njit(nogil=True)(function))


def parallel_kernel(function: Function) -> Function:
    """Its `prange` loops run on Numba's threads: for functions that only call serial kernels."""
    return cast("Function", numba.njit(nogil=True, parallel=True)(function))
