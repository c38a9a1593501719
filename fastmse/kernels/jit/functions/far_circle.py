"""sin, cos and tan of every float: `circle.py` near 0, beyond 2^22 by more bits of π.

The same bits as there near 0. They call one function, compiled once, so that no loop that calls
them is one of vectors: a model calls them for the rows where `circle.py` gave NaN.
"""

from __future__ import annotations

from functools import partial

from fastmse.kernels.jit.flags import inlined_kernel, inner_kernel
from fastmse.kernels.jit.functions import circle
from fastmse.kernels.jit.functions.far_quarters import far_reduced
from fastmse.kernels.jit.functions.quarter_turns import NEAR, reduced
from fastmse.kernels.jit.functions.values import Value, scalar, where

INFINITY = float("inf")


@partial(scalar, words=1)
def _near(x: Value, quarters: Value) -> Value:
    r, low, k = reduced(x)
    return circle.turned(r, low, k + quarters)


@partial(scalar, words=1)
def _far(x: Value, quarters: Value) -> Value:
    r, low, k = far_reduced(x)
    return where(x < INFINITY, circle.turned(r, low, k + quarters), circle.NAN)


_with_sign_of = scalar(circle.with_sign_of)


@inner_kernel
def _turned(x: float, quarters: int) -> float:
    """sin(x + quarters π/2), x >= 0."""
    if x <= NEAR:
        return _near(x, quarters)
    return _far(x, quarters)


@inlined_kernel
def sin(x: float) -> float:
    return _with_sign_of(x, _turned(abs(x), 0))


@inlined_kernel
def cos(x: float) -> float:
    return _turned(abs(x), 1)


@inlined_kernel
def tan(x: float) -> float:
    return _with_sign_of(x, _turned(abs(x), 0) / _turned(abs(x), 1))
