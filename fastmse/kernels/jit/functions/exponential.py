"""exp(x) = 2^k exp(r), r = x - k ln 2, |r| <= ln 2 / 2.

Two constants hold ln 2; k times the first is exact, so that the reduction needs no fused operation
(W. J. Cody, W. Waite, *Software Manual for the Elementary Functions*, 1980). exp(r) = 1 + r + r²
p(r) with p of degree 10 by `tests/minimax.py` (error 2^-61), the rounding of 1 + r added again. 2^k
is two factors, each a normal number, so that a subnormal result is rounded once.

Error <= 0.68 ulp, below the normal numbers <= 0.78 ulp. 45 operations.
"""

from __future__ import annotations

from fastmse.kernels.jit.functions.values import EXPONENT, SHIFT, Value, bits_of, float_of, where

LOG2_E = float.fromhex("0x1.71547652b82fep+0")
LN2_HIGH = float.fromhex("0x1.62e42fefa3800p-1")  # 42 bits: times a k of 11 bits it is exact
LN2_LOW = float.fromhex("0x1.ef35793c76730p-45")

LARGEST, SMALLEST = 710.0, -746.0
"""exp is infinite from one on, and rounds to 0 up to the other."""

BIASED = SHIFT + 2 * 1023
"""The bits of x + BIASED end in k plus the biases of two exponents."""

BIAS = 1023

C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10 = COEFFICIENTS = (
    0.5,
    0.16666666666666677,
    0.0416666666666667,
    0.008333333333321626,
    0.001388888888886671,
    0.00019841269886130972,
    2.4801587360750232e-05,
    2.755724421198339e-06,
    2.755724261888339e-07,
    2.510903365738515e-08,
    2.0924482184839133e-09,
)


def exp(x: Value) -> Value:
    """e^x, for every x: 0 and inf beyond the range, subnormal numbers where they are."""
    return exp_of_sum(x, 0.0)


def exp_of_sum(x: Value, rest: Value | float) -> Value:
    """e^(x + rest), for |rest| < 2^-40, 0 where x is infinite."""
    x = where(x > LARGEST, LARGEST, x)
    x = where(x < SMALLEST, SMALLEST, x)
    high, rest, _, exponents = split_exponential(x, rest)
    first = 1.0 + high
    value = first + (((1.0 - first) + high) + rest)
    half = exponents >> 1
    return value * float_of(half << EXPONENT) * float_of((exponents - half) << EXPONENT)


def split_exponential(x: Value, rest: Value | float) -> tuple[Value, Value, Value, Value]:
    """(a, b, c, exponents) of e^(x + rest) = (1 + a + b + c) 2^k, a > 3 b: see `BIASED`.

    c <= 2^-57 is what the rounding of r takes from b.
    """
    shifted = x * LOG2_E + BIASED
    k = shifted - BIASED
    high = x - k * LN2_HIGH
    low = k * LN2_LOW - rest
    r = high - low
    s = r * r
    t = s * s
    p = (C0 + C1 * r) + s * (C2 + C3 * r)
    p += t * ((C4 + C5 * r) + s * (C6 + C7 * r) + t * ((C8 + C9 * r) + s * C10))
    return high, s * p - low, r * ((high - r) - low), bits_of(shifted)


def power_of_two(exponents: Value) -> Value:
    """2^k, for |k| < 1023."""
    return float_of((exponents - BIAS) << EXPONENT)
