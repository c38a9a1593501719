"""The functions of models, as scalars without a branch: LLVM makes vectors of the loops around them.

No multiplication and addition is fused and none is reordered, so the bits are those of every
instruction set. Errors are in units in the last place of the exact result; the tests measure them
against mpmath. The others are libm's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fastmse.kernels.jit.flags import inlined_kernel
from fastmse.kernels.jit.functions.circle import cos, sin, tan
from fastmse.kernels.jit.functions.exponential import exp
from fastmse.kernels.jit.functions.logarithm import log


@inlined_kernel
def power(x: float, y: float) -> float:
    return x**y


@inlined_kernel
def where(condition: bool, a: float, b: float) -> float:
    return a if condition else b


FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(math, name) for name in ("sinh", "cosh", "tanh", "atan", "erf", "sqrt")
}
FUNCTIONS |= {
    "exp": exp,
    "log": log,
    "sin": sin,
    "cos": cos,
    "tan": tan,
    "absolute": math.fabs,
    "power": power,
    "where": where,
}
"""By the names that formulas use."""
