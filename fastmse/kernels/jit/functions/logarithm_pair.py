"""log(x) as a float and a rest, to 2^-65 of itself: what powers need.

As in `logarithm.py`, log(x) = k ln 2 + 2 s + s z (2/3 + z q(z)), s = f / (2 + f), z = s². Here s,
z, 2/3 + z q and their products are pairs (T. J. Dekker, *Numerische Mathematik* 18, 224-242, 1971).
q, of degree 6, is by `tests/minimax.py` (error 2^-66 of the sum).
"""

from __future__ import annotations

from fastmse.kernels.jit.functions.exact import product_error
from fastmse.kernels.jit.functions.exponential import LN2_HIGH, LN2_LOW
from fastmse.kernels.jit.functions.logarithm import exponent_and_rest
from fastmse.kernels.jit.functions.values import Value

TWO_THIRDS, TWO_THIRDS_LOW = 2.0 / 3.0, float.fromhex("0x1.5555555555555p-55")

C0, C1, C2, C3, C4, C5, C6 = COEFFICIENTS = (
    0.40000000000002256,
    0.28571428570100327,
    0.22222222519776788,
    0.1818178438057009,
    0.1538675669165738,
    0.13256832965509308,
    0.13196185213587627,
)


def log_pair(x: Value) -> tuple[Value, Value]:
    """For 0 < x < inf."""
    k, m = exponent_and_rest(x)
    s, s_low = _half_argument(m)
    t, t_low = _tail(s, s_low)
    whole = k * LN2_HIGH
    first = whole + 2.0 * s
    high = first + t
    low = ((whole - first) + 2.0 * s) + ((first - high) + t)
    low += k * LN2_LOW + (2.0 * s_low + t_low)
    result = high + low
    return result, (high - result) + low


def _half_argument(m: Value) -> tuple[Value, Value]:
    """f / (2 + f) of f = m - 1."""
    f = m - 1.0
    g = 2.0 + f
    g_low = f - (g - 2.0)
    inverse = 1.0 / g
    s = f * inverse
    p = s * g
    return s, (((f - p) - product_error(s, g, p)) - s * g_low) * inverse


def _tail(s: Value, s_low: Value) -> tuple[Value, Value]:
    """s³ (2/3 + s² q(s²))."""
    z = s * s
    z_low = product_error(s, s, z) + 2.0 * s * s_low
    w = z * z
    q = (C0 + C1 * z) + w * ((C2 + C3 * z) + w * ((C4 + C5 * z) + w * C6))
    u = z * q
    p = TWO_THIRDS + u
    p_low = ((TWO_THIRDS - p) + u) + (TWO_THIRDS_LOW + z_low * q)
    cube = z * s
    cube_low = product_error(z, s, cube) + (z * s_low + z_low * s)
    t = cube * p
    return t, product_error(cube, p, t) + (cube * p_low + cube_low * p)
