"""exp(x) = 2^k exp(r), r = x - k ln 2, |r| <= ln 2 / 2.

Two constants hold ln 2; k times the first is exact, so that the reduction needs no fused operation
(W. J. Cody, W. Waite, *Software Manual for the Elementary Functions*, 1980). exp(r) = 1 + r + r² p(r)
with p of degree 9 by `tests/minimax.py` (error 2^-58), the rounding of 1 + r added again. 2^k is
two factors, each a normal number, so that a subnormal result is rounded once.

Error <= 0.78 ulp.
"""

from __future__ import annotations

import numpy as np

from fastmse.kernels.jit.flags import inlined_kernel
from fastmse.kernels.jit.functions.bits import EXPONENT, SHIFT, bits_of, float_of

LOG2_E = float.fromhex("0x1.71547652b82fep+0")
LN2_HIGH = float.fromhex("0x1.62e42fefa3800p-1")  # 42 bits: times a k of 11 bits it is exact
LN2_LOW = float.fromhex("0x1.ef35793c76730p-45")

LARGEST, SMALLEST = 710.0, -746.0
"""exp is infinite from one on, and rounds to 0 up to the other."""

BIASED = SHIFT + 2 * 1023
"""The bits of x + BIASED end in k plus the biases of two exponents."""

ONE = np.uint64(1)

C0, C1, C2, C3, C4, C5, C6, C7, C8, C9 = COEFFICIENTS = (
    0.5000000000000012,
    0.166666666666667,
    0.04166666666651556,
    0.008333333333307128,
    0.0013888888946976504,
    0.00019841269917524393,
    2.4801489984516918e-05,
    2.7557216182587012e-06,
    2.76312647219854e-07,
    2.511789771774834e-08,
)


@inlined_kernel
def exp(x: float) -> float:
    """e^x, for every x: 0 and inf beyond the range, subnormal numbers where they are."""
    return exp_of_sum(x, 0.0)


@inlined_kernel
def exp_of_sum(x: float, rest: float) -> float:
    """e^(x + rest), for |rest| < 2^-40, 0 where x is infinite."""
    x = LARGEST if LARGEST < x else x
    x = SMALLEST if SMALLEST > x else x
    shifted = x * LOG2_E + BIASED
    k = shifted - BIASED
    high = x - k * LN2_HIGH
    low = k * LN2_LOW - rest
    r = high - low
    s = r * r
    t = s * s
    p = (C0 + C1 * r) + s * (C2 + C3 * r)
    p += t * ((C4 + C5 * r) + s * (C6 + C7 * r) + t * (C8 + C9 * r))
    first = 1.0 + high
    value = first + ((1.0 - first) + high + (s * p - low))
    exponents = bits_of(shifted)
    half = exponents >> ONE
    return value * float_of(half << EXPONENT) * float_of((exponents - half) << EXPONENT)
