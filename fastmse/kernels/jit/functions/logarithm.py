"""log(x) = k ln 2 + log(m), x = 2^k m, sqrt(1/2) <= m < sqrt(2).

With f = m - 1 and s = f / (2 + f), log(m) = 2 atanh(s) = f - h + s (h + z p(z)), h = f² / 2, z = s²,
so that f, which is exact, comes first (as in K. C. Ng's log of 4.3BSD). p, of degree 6, is by
`tests/minimax.py` (error 2^-59). The rounding of k ln 2 + f is added again.

Error <= 0.8 ulp.
"""

from __future__ import annotations

import numpy as np

from fastmse.kernels.jit.flags import inlined_kernel
from fastmse.kernels.jit.functions.bits import EXPONENT, bits_of, float_of
from fastmse.kernels.jit.functions.exponential import LN2_HIGH, LN2_LOW

INFINITY = float("inf")
NAN = float("nan")

SMALLEST_NORMAL = 2.0**-1022

ROOT_HALF = np.uint64(0x3FE6A09E667F3BCD)
"""The bits of sqrt(1/2)."""

TO_ONE = np.uint64(0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
"""Added to the bits of x: their exponent is that of x / sqrt(1/2)."""

MANTISSA = np.uint64(2**52 - 1)

WHOLE = 2.0**52
WHOLE_BITS = np.uint64(0x4330000000000000)
"""The bits of 2^52, which end where the ones stand: bits | WHOLE_BITS is 2^52 + bits."""

C0, C1, C2, C3, C4, C5, C6 = COEFFICIENTS = (
    0.6666666666666734,
    0.3999999999941473,
    0.28571428742384253,
    0.22222198572913984,
    0.18183564365476237,
    0.15314049031627786,
    0.14795968993623648,
)


@inlined_kernel
def log(x: float) -> float:
    """ln x, for every x: -inf at 0, NaN below."""
    k, m = exponent_and_rest(x)
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    p = (C0 + C1 * z) + w * ((C2 + C3 * z) + w * ((C4 + C5 * z) + w * C6))
    h = 0.5 * f * f
    high = k * LN2_HIGH
    first = high + f
    y = first + (((high - first) + f) + (k * LN2_LOW - (h - s * (h + z * p))))
    y = y if x < INFINITY else x
    y = y if x != 0.0 else -INFINITY
    return NAN if x < 0.0 else y


@inlined_kernel
def exponent_and_rest(x: float) -> tuple[float, float]:
    """(k, m) of a positive x = 2^k m, sqrt(1/2) <= m < sqrt(2)."""
    subnormal = x < SMALLEST_NORMAL
    bits = bits_of(x * 2.0**54 if subnormal else x) + TO_ONE
    m = float_of((bits & MANTISSA) + ROOT_HALF)
    k = float_of((bits >> EXPONENT) | WHOLE_BITS) - (WHOLE + (1077.0 if subnormal else 1023.0))
    return k, m
