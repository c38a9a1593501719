"""The exact error of a product: by one fused operation where the CPU has it, else by halves.

Both are exact, so the bits are the same, while nothing overflows or underflows: |a|, |b| < 2^996
and |a b| > 2^-969 or 0 (T. J. Dekker, *Numerische Mathematik* 18, 224-242, 1971).
"""

from __future__ import annotations

from fastmse.kernels.jit.functions.values import Value, fused, fuses

HALVES = 2.0**27 + 1


def product_error(a: Value, b: Value, p: Value) -> Value:
    """a b - p, exactly, of p = a * b."""
    if fuses():
        return fused(a, b, -p)
    a1, a2 = _halves(a)
    b1, b2 = _halves(b)
    return ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


def _halves(a: Value) -> tuple[Value, Value]:
    """Two floats of 26 bits at most, whose sum is a."""
    shifted = a * HALVES
    high = shifted - (shifted - a)
    return high, a - high
