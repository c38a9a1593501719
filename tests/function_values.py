"""The vector functions in the loops of models, and their errors against mpmath.

    python tests/function_values.py

prints a digest of the results of each function, for the instruction set that Numba compiles for.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from functools import cache
from hashlib import sha256

import numpy as np
from function_ranges import RANGES
from mpmath import mp, mpf

from fastmse.kernels.jit.functions import EVERYWHERE, FUNCTIONS
from fastmse.kernels.jit.scalars import PITCH, RUN, rows_callback

DOUBLES = ctypes.POINTER(ctypes.c_double)
Array = np.ndarray


@cache
def loop(name: str, arity: int, everywhere: bool):
    """The loop of a model that is this function of its columns."""
    function = (EVERYWHERE if everywhere else FUNCTIONS)[name]
    if arity == 1:
        return rows_callback(lambda x, theta: (function(x[0]),), 1, 1, 1)
    return rows_callback(lambda x, theta: (function(x[0], x[1]),), 2, 1, 1)


def computed(name: str, *columns: Array, everywhere: bool = False) -> Array:
    """The function of each row, in runs as models have them."""
    q, n = len(columns), len(columns[0])
    address = loop(name, q, everywhere).address
    call = ctypes.CFUNCTYPE(None, DOUBLES, DOUBLES, ctypes.c_ssize_t)(address)
    scratch, theta, result = np.zeros((q + 1, PITCH)), np.zeros(1), np.empty(n)
    for i in range(0, n, RUN):
        count = min(RUN, n - i)
        for column, source in zip(scratch, columns, strict=False):
            column[:count] = source[i : i + count]
        call(theta.ctypes.data_as(DOUBLES), scratch.ctypes.data_as(DOUBLES), count)
        result[i : i + count] = scratch[q, :count]
    return result


def ulps(found: Array, exact: Callable[..., mpf], *columns: Array, bits: int = 140) -> Array:
    """|found - exact| in units in the last place of the exact value, which mpmath computes.

    Where that rounds to an infinity or 0, `found` must be it: then the error is 0, else infinite.
    """
    with mp.workprec(bits):
        values = [
            exact(*map(mpf, row)) for row in zip(*map(np.ndarray.tolist, columns), strict=True)
        ]
        return np.array([_ulp(f, v) for f, v in zip(found.tolist(), values, strict=True)])


def _ulp(found: float, exact: mpf) -> float:
    rounded = float(exact)
    if np.isnan(rounded):
        return 0.0 if np.isnan(found) else np.inf
    if rounded in (0.0, np.inf, -np.inf) or not np.isfinite(found):
        return 0.0 if found == rounded else np.inf
    exponent = max(mp.frexp(exact)[1] - 53, -1074)
    return float(abs(mpf(found) - exact) * mpf(2) ** -exponent)


def arguments(name: str) -> tuple[Array, ...]:
    """10^5, of every size and of each range that is tested."""
    rng = np.random.default_rng(0)
    draws = RANGES[name].values()
    parts = [draw(rng, 100_000 // len(draws)) for draw in draws]
    return tuple(map(np.concatenate, zip(*parts, strict=True)))


def digests() -> dict[str, str]:
    """Of each function's results."""
    return {name: sha256(computed(name, *arguments(name)).tobytes()).hexdigest() for name in RANGES}


if __name__ == "__main__":
    print(json.dumps(digests()))
