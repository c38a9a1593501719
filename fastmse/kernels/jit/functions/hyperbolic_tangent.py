"""tanh(x) = ± N / (N + 2), N = exp(2|x|) - 1.

N and the divisor are each a float and a small rest; what the division leaves is divided again.

Error <= 0.6 ulp.
"""

from __future__ import annotations

from fastmse.kernels.jit.functions.circle import with_sign_of
from fastmse.kernels.jit.functions.exact import product_error
from fastmse.kernels.jit.functions.exponential import power_of_two, split_exponential
from fastmse.kernels.jit.functions.values import Value, where

SATURATED = 44.0
"""1 - tanh(22) < 2^-60."""


def tanh(x: Value) -> Value:
    y = 2.0 * abs(x)
    n, n_low = exp_minus_one(where(y > SATURATED, SATURATED, y))
    d = n + 2.0
    two = d - n
    d_low = (n - (d - two)) + (2.0 - two) + n_low
    q = n / d
    p = q * d
    left = ((n - p) - product_error(q, d, p)) + (n_low - q * d_low)
    return with_sign_of(x, q + left / d)


def exp_minus_one(y: Value) -> tuple[Value, Value]:
    """e^y - 1 as a float and a rest, for 0 <= y <= 44."""
    high, rest, exponents = split_exponential(y, 0.0)
    scale = power_of_two(exponents)
    less = scale - 1.0
    more = scale * high
    first = less + more
    low = ((less - first) + more) + scale * rest
    n = first + low
    return n, (first - n) + low
