"""sinh, cosh and tanh, of h = exp(y) / 4 or n = h - 1/4, a float and a small rest.

    sinh(x) / 2 = ± (n + n / (4 n + 1)),    cosh(x) / 2 = h + 1 / (16 h),    y = |x|
    tanh(x) = ± n / (n + 1/2),    y = 2 |x|

n keeps its digits near 0, and overflows after sinh. Error <= 0.86 ulp, of cosh <= 0.65 ulp.
"""

from __future__ import annotations

from fastmse.kernels.jit.functions.circle import with_sign_of
from fastmse.kernels.jit.functions.exact import product_error
from fastmse.kernels.jit.functions.exponential import power_of_two, split_exponential
from fastmse.kernels.jit.functions.values import Value, where

INFINITY = float("inf")

LARGEST = 710.4758600739439
"""The last float whose sinh is finite."""

SATURATED = 44.0
"""1 - tanh(22) < 2^-60."""

DECISIVE = 2.0**60
"""sinh(x) / 2 = n + 1/4, rounded, from this n on."""

LINEAR = 2.0**-28
"""sinh(x) = x, rounded, up to here."""


def sinh(x: Value) -> Value:
    size = abs(x)
    n, n_low = _quarter_exponential(where(size > LARGEST, LARGEST, size), 0.25)
    bounded = where(n > DECISIVE, DECISIVE, n)
    q, q_low = _divided(0.25 * bounded, 0.25 * n_low, *_sum(bounded, n_low, 0.25))
    total = n + q
    y = 2.0 * (total + (((n - total) + q) + (n_low + q_low)))
    y = where(size > LARGEST, INFINITY, where(size < LINEAR, size, y))
    return with_sign_of(x, y)


def cosh(x: Value) -> Value:
    size = abs(x)
    h, h_low = _quarter_exponential(where(size > LARGEST, LARGEST, size), 0.0)
    q = 0.0625 / h
    total = h + q
    y = 2.0 * (total + (((h - total) + q) + (h_low - q * h_low / h)))
    return where(size > LARGEST, INFINITY, y)


def tanh(x: Value) -> Value:
    y = 2.0 * abs(x)
    n, n_low = _quarter_exponential(where(y > SATURATED, SATURATED, y), 0.25)
    q, q_low = _divided(n, n_low, *_sum(n, n_low, 0.5))
    return with_sign_of(x, where(y < LINEAR, 0.5 * y, q + q_low))


def _quarter_exponential(y: Value, less: float) -> tuple[Value, Value]:
    """e^y / 4 - less as a float and a rest, for 0 <= y <= `LARGEST` and a `less` of 0 or 1/4."""
    high, rest, lost, exponents = split_exponential(y, 0.0)
    scale = power_of_two(exponents - 2)
    part = scale - less
    more = scale * high
    first = part + more
    low = ((scale - part) - less) + ((part - first) + more) + scale * (rest + lost)
    n = first + low
    return n, (first - n) + low


def _divided(a: Value, a_low: Value, b: Value, b_low: Value) -> tuple[Value, Value]:
    """(a + a_low) / (b + b_low) as a float and a rest."""
    q = a / b
    p = q * b
    left = ((a - p) - product_error(q, b, p)) + (a_low - q * b_low)
    return q, left / b


def _sum(a: Value, a_low: Value, b: float) -> tuple[Value, Value]:
    """a + a_low + b as a float and a rest."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back) + a_low
