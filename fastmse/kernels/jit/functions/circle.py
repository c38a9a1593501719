"""sin, cos and tan in vectors: by the quarter of the circle, ± sin(r) or ± cos(r).

For |x| <= 2^22; NaN beyond, where `far_circle.py` goes on. Error <= 0.83 ulp; of tan, their
quotient, <= 2.1 ulp. 55 operations; a sine and a cosine of one angle, 60.
"""

from __future__ import annotations

from fastmse.kernels.jit.functions.quarter_circle import cosine, sine
from fastmse.kernels.jit.functions.quarter_turns import NEAR, reduced
from fastmse.kernels.jit.functions.values import SIGN, Value, bits_of, float_of, where

NAN = float("nan")

QUARTER, HALF = 1, 2
"""Turns."""

TO_SIGN = 62
"""From the bit of a half turn to a float's sign."""


def sin(x: Value) -> Value:
    size = abs(x)
    r, low, quarters = reduced(size)
    y = with_sign_of(x, turned(r, low, quarters))
    return where(size <= NEAR, y, NAN)


def cos(x: Value) -> Value:
    size = abs(x)
    r, low, quarters = reduced(size)
    y = turned(r, low, quarters + QUARTER)
    return where(size <= NEAR, y, NAN)


def tan(x: Value) -> Value:
    size = abs(x)
    r, low, quarters = reduced(size)
    y = with_sign_of(x, slope(r, low, quarters))
    return where(size <= NEAR, y, NAN)


def turned(r: Value, low: Value, quarters: Value) -> Value:
    """sin(r + low + quarters π/2)."""
    y = where(quarters & QUARTER == 0, sine(r, low), cosine(r, low))
    return float_of(bits_of(y) ^ ((quarters & HALF) << TO_SIGN))


def slope(r: Value, low: Value, quarters: Value) -> Value:
    """tan(r + low + quarters π/2)."""
    return turned(r, low, quarters) / turned(r, low, quarters + QUARTER)


def with_sign_of(x: Value, y: Value) -> Value:
    """y, its sign turned where x is negative."""
    return float_of(bits_of(y) ^ (bits_of(x) & SIGN))
