"""The functions of models, as scalars without a branch: LLVM makes vectors of the loops around them.

No multiplication and addition is fused and none is reordered, so the bits are those of every
instruction set. Errors are in units in the last place of the exact result; the tests measure them
against mpmath.
"""

from __future__ import annotations

from collections.abc import Callable

from fastmse.kernels.jit.functions.exponential import exp
from fastmse.kernels.jit.functions.logarithm import log
from fastmse.kernels.jit.functions.circle import cos, sin, tan

FUNCTIONS: dict[str, Callable[..., float]] = {"exp": exp, "log": log, "sin": sin, "cos": cos, "tan": tan}
"""By the names that formulas use."""
