"""The functions of models, as scalars without a branch: LLVM makes vectors of the loops around them.

No multiplication and addition is fused and none is reordered, so the bits are those of every
instruction set. Errors are in units in the last place of the exact result; the tests measure them
against mpmath.
"""

from __future__ import annotations

from collections.abc import Callable

from fastmse.kernels.jit.functions.exponential import exp
from fastmse.kernels.jit.functions.hyperbolic_tangent import tanh
from fastmse.kernels.jit.functions.logarithm import log
from fastmse.kernels.jit.functions.circle import cos, sin, tan
from fastmse.kernels.jit.functions.powers import power
from fastmse.kernels.jit.functions.values import scalar

FUNCTIONS: dict[str, Callable[..., float]] = {
    function.__name__: scalar(function) for function in (exp, log, sin, cos, tan, tanh, power)
}
"""By the names that formulas use."""
