"""The exact error of a product: by one fused operation where the CPU has it, else by Dekker's halves.

Both are exact, so the bits are the same, while nothing overflows or underflows: |a|, |b| < 2^996
and |a b| > 2^-969 or 0 (T. J. Dekker, *Numerische Mathematik* 18, 224-242, 1971).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from fastmse.kernels.jit.flags import inlined_kernel

HALVES = 2.0**27 + 1


def _fuses() -> bool:
    _, _, features = cpu_target.target_context.codegen().magic_tuple()
    return "+fma" in features.split(",")


@intrinsic  # type: ignore[untyped-decorator]
def _fused(typing: Any, a: Any, b: Any, p: Any) -> Any:
    """a b - p, rounded once."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, b, p = args
        return builder.fma(a, b, builder.fneg(p))

    return types.float64(types.float64, types.float64, types.float64), generate


@inlined_kernel
def _by_halves(a: float, b: float, p: float) -> float:
    """a b - p of the products of halves, from the largest on."""
    shifted = a * HALVES
    a1 = shifted - (shifted - a)
    a2 = a - a1
    shifted = b * HALVES
    b1 = shifted - (shifted - b)
    b2 = b - b1
    return ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


product_error: Callable[[float, float, float], float] = _fused if _fuses() else _by_halves
"""(a, b, p): a b - p, exactly, of p = a * b."""
