"""sin, cos and tan of every float: `circle.py` near 0, beyond 2^22 by more bits of π.

The same bits as there near 0. A loop that calls them has a branch, and is no loop of vectors:
a model calls them for the rows where `circle.py` gave NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastmse.kernels.jit.flags import inlined_kernel, inner_kernel
from fastmse.kernels.jit.functions import circle
from fastmse.kernels.jit.functions.circle import QUARTER, slope, turned, with_sign_of
from fastmse.kernels.jit.functions.far_quarters import far_reduced
from fastmse.kernels.jit.functions.quarter_turns import NEAR
from fastmse.kernels.jit.functions.values import Value, scalar

INFINITY = float("inf")


def _everywhere(near: Callable[..., Value], far: Callable[..., Value]) -> Any:
    around_0, beyond = scalar(near), scalar(far)

    @inner_kernel
    def far_away(x: float) -> float:
        return beyond(x)

    @inlined_kernel
    def everywhere(x: float) -> float:
        if NEAR < abs(x) < INFINITY:
            return far_away(x)
        return around_0(x)

    return everywhere


def _sin(x: Value) -> Value:
    r, low, quarters = far_reduced(abs(x))
    return with_sign_of(x, turned(r, low, quarters))


def _cos(x: Value) -> Value:
    r, low, quarters = far_reduced(abs(x))
    return turned(r, low, quarters + QUARTER)


def _tan(x: Value) -> Value:
    r, low, quarters = far_reduced(abs(x))
    return with_sign_of(x, slope(r, low, quarters))


sin = _everywhere(circle.sin, _sin)
cos = _everywhere(circle.cos, _cos)
tan = _everywhere(circle.tan, _tan)
