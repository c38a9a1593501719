"""sin, cos and tan of every float: `circle.py` near 0, beyond 2^22 by more bits of π.

The same bits as there near 0. They call a function that is compiled once, so that a loop that
calls them is none of vectors: a model calls them for the rows where `circle.py` gave NaN.
"""

from __future__ import annotations

from collections.abc import Callable

from fastmse.kernels.jit.flags import inlined_kernel, inner_kernel
from fastmse.kernels.jit.functions import circle
from fastmse.kernels.jit.functions.far_quarters import far_reduced
from fastmse.kernels.jit.functions.quarter_turns import NEAR, reduced
from fastmse.kernels.jit.functions.values import Value, scalar, where

INFINITY = float("inf")


def _everywhere(of_rest: Callable[[Value, Value, Value], Value]) -> Callable[[float, int], float]:
    """(x, quarters): the function of x + quarters π/2, x >= 0."""

    def near(x: Value, quarters: Value) -> Value:
        r, low, k = reduced(x)
        return of_rest(r, low, k + quarters)

    def far(x: Value, quarters: Value) -> Value:
        r, low, k = far_reduced(x)
        return where(x < INFINITY, of_rest(r, low, k + quarters), circle.NAN)

    near_0, far_away = scalar(near, words=1), scalar(far, words=1)

    @inner_kernel
    def everywhere(x: float, quarters: int) -> float:
        if x <= NEAR:
            return near_0(x, quarters)
        return far_away(x, quarters)

    return everywhere


_sine = _everywhere(circle.turned)
_slope = _everywhere(circle.slope)
_with_sign_of = scalar(circle.with_sign_of)


@inlined_kernel
def sin(x: float) -> float:
    return _with_sign_of(x, _sine(abs(x), 0))


@inlined_kernel
def cos(x: float) -> float:
    return _sine(abs(x), 1)


@inlined_kernel
def tan(x: float) -> float:
    return _with_sign_of(x, _slope(abs(x), 0))
