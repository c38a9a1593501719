"""The functions of models, as scalars without a branch: LLVM makes vectors of the loops around them.

No multiplication and addition is fused and none is reordered, so the bits are those of every
instruction set. Errors are in units in the last place of the exact result; the tests measure them
against mpmath.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fastmse.kernels.jit.flags import inlined_kernel
from fastmse.kernels.jit.functions.exponential import exp
from fastmse.kernels.jit.functions.logarithm import log


@inlined_kernel
def power(x: float, y: float) -> float:
    return x**y


@inlined_kernel
def where(condition: bool, a: float, b: float) -> float:
    return a if condition else b


FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(math, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "erf", "sqrt")
}
FUNCTIONS |= {"exp": exp, "log": log, "absolute": math.fabs, "power": power, "where": where}
"""By the names that formulas use."""
