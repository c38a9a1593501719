"""sin, cos and tan in vectors: by the quarter of the circle, ± sin(r) or ± cos(r).

For |x| <= 2^22; NaN beyond, where `far_circle.py` goes on. Error <= 0.83 ulp; of tan, their
quotient, <= 2.1 ulp.
"""

from __future__ import annotations

import numpy as np

from fastmse.kernels.jit.flags import inlined_kernel
from fastmse.kernels.jit.functions.bits import bits_of, float_of
from fastmse.kernels.jit.functions.quarter_circle import cosine, sine
from fastmse.kernels.jit.functions.quarter_turns import NEAR, reduced

NAN = float("nan")

NONE, QUARTER, HALF = np.uint64(0), np.uint64(1), np.uint64(2)
"""Turns."""

TO_SIGN = np.uint64(62)
"""From the bit of a half turn to a float's sign."""

SIGN = np.uint64(2**63)


@inlined_kernel
def sin(x: float) -> float:
    size = abs(x)
    r, low, quarters = reduced(size)
    y = with_sign_of(x, turned(r, low, quarters))
    return y if size <= NEAR else NAN


@inlined_kernel
def cos(x: float) -> float:
    size = abs(x)
    r, low, quarters = reduced(size)
    y = turned(r, low, quarters + QUARTER)
    return y if size <= NEAR else NAN


@inlined_kernel
def tan(x: float) -> float:
    size = abs(x)
    r, low, quarters = reduced(size)
    y = with_sign_of(x, slope(r, low, quarters))
    return y if size <= NEAR else NAN


@inlined_kernel
def turned(r: float, low: float, quarters: np.uint64) -> float:
    """sin(r + low + quarters π/2)."""
    y = sine(r, low) if quarters & QUARTER == NONE else cosine(r, low)
    return float_of(bits_of(y) ^ ((quarters & HALF) << TO_SIGN))


@inlined_kernel
def slope(r: float, low: float, quarters: np.uint64) -> float:
    """tan(r + low + quarters π/2)."""
    return turned(r, low, quarters) / turned(r, low, quarters + QUARTER)


@inlined_kernel
def with_sign_of(x: float, y: float) -> float:
    """y, its sign turned where x is negative."""
    return float_of(bits_of(y) ^ (bits_of(x) & SIGN))
