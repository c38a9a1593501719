"""log(x) = k ln 2 + log(m), x = 2^k m, sqrt(1/2) <= m < sqrt(2).

With f = m - 1 and s = f / (2 + f), log(m) = 2 atanh(s) = f - h + s (h + z p(z)), where h = f² / 2
and z = s², so that f, which is exact, comes first (as in K. C. Ng's log of 4.3BSD). p, of degree 6,
is by `tests/minimax.py` (error 2^-59). The rounding of k ln 2 + f is added again.

Error <= 0.84 ulp. 40 operations, one a division.
"""

from __future__ import annotations

from fastmse.kernels.jit.functions.exponential import LN2_HIGH, LN2_LOW
from fastmse.kernels.jit.functions.values import EXPONENT, Value, bits_of, float_of, where, whole

INFINITY = float("inf")
NAN = float("nan")

SMALLEST_NORMAL = 2.0**-1022

ROOT_HALF = 0x3FE6A09E667F3BCD
"""The bits of sqrt(1/2)."""

TO_ONE = 0x3FF0000000000000 - 0x3FE6A09E667F3BCD
"""Added to the bits of x: their exponent is that of x / sqrt(1/2)."""

MANTISSA = 2**52 - 1

C0, C1, C2, C3, C4, C5, C6 = COEFFICIENTS = (
    0.6666666666666734,
    0.3999999999941473,
    0.28571428742384253,
    0.22222198572913984,
    0.18183564365476237,
    0.15314049031627786,
    0.14795968993623648,
)


def log(x: Value) -> Value:
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
    y = where(x < INFINITY, y, x)
    y = where(x != 0.0, y, -INFINITY)
    return where(x < 0.0, NAN, y)


def exponent_and_rest(x: Value) -> tuple[Value, Value]:
    """(k, m) of a positive x = 2^k m, sqrt(1/2) <= m < sqrt(2)."""
    subnormal = x < SMALLEST_NORMAL
    bits = bits_of(where(subnormal, x * 2.0**54, x)) + TO_ONE
    m = float_of((bits & MANTISSA) + ROOT_HALF)
    k = whole(bits >> EXPONENT) - where(subnormal, x.alike(1077.0), 1023.0)
    return k, m
