"""x^y = exp(y log|x|), of a logarithm in two floats, with the sign and the cases of C's pow.

Error <= 0.78 ulp. The special values are those of C99, annex F.9.4.4: x^0 = 1^y = 1 whatever the
other is, a negative number to no whole power is NaN, zeros and infinities keep their sign under
odd powers.
"""

from __future__ import annotations

from fastmse.kernels.jit.functions.circle import with_sign_of
from fastmse.kernels.jit.functions.exact import product_error
from fastmse.kernels.jit.functions.exponential import exp_of_sum
from fastmse.kernels.jit.functions.logarithm import INFINITY, NAN
from fastmse.kernels.jit.functions.logarithm_pair import log_pair
from fastmse.kernels.jit.functions.values import Value, where

DECISIVE = 2.0**66
"""A power of this size is 0 or infinite for every x but ±1, for |log x| >= 2^-53."""

WIDEST = 1024.0
"""exp is 0 or infinite beyond."""

WHOLE = 2.0**52
"""Floats from here on are whole numbers."""


def power(x: Value, y: Value) -> Value:
    size = abs(x)
    high, low = log_pair(size)
    high = where(size < INFINITY, high, size)
    high = where(size != 0.0, high, -INFINITY)
    bounded = where(y > DECISIVE, DECISIVE, y)
    bounded = where(y < -DECISIVE, -DECISIVE, bounded)
    p = bounded * high
    rest = product_error(bounded, high, p) + bounded * low
    value = exp_of_sum(p, where(abs(p) < WIDEST, rest, 0.0))
    value = signed(value, x, abs(y))
    return where((x == 1.0) | (y == 0.0), 1.0, value)


def signed(value: Value, x: Value, y: Value) -> Value:
    """|x|^±y to x^±y, y >= 0."""
    odd = is_whole(y) & ~is_whole(0.5 * y)
    value = where(odd, with_sign_of(x, value), value)
    defined = (x >= 0.0) | (x == -INFINITY) | is_whole(y)
    return where(defined, value, NAN)


def is_whole(y: Value) -> Value:
    """Of y >= 0."""
    y = where(y > WHOLE, WHOLE, y)
    return y == (y + WHOLE) - WHOLE
