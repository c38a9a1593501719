"""The functions of models, without a branch: LLVM makes vectors of the loops that call them.

No multiplication and addition is fused and none is reordered, so the bits are those of every
instruction set. Errors are in units in the last place (ulp) of the exact result, the largest that
the tests saw against mpmath.

| function | error | |
|---|---|---|
| exp | 0.78 | 0.64 where the result is no subnormal number |
| log | 0.84 | |
| sin, cos | 0.83 | in vectors for abs(x) <= 2^22, see `EVERYWHERE` |
| tan | 2.1 | as sin and cos |
| sinh, cosh, tanh | 0.86, 0.65, 0.86 | |
| power | 0.78 | special values as C's pow |
| sqrt | 0.5 | |
| absolute, where | 0 | |
| atan, erf | 1 | those of the platform, one by one |
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from fastmse.kernels.jit.functions import far_circle
from fastmse.kernels.jit.functions.circle import cos, sin, tan
from fastmse.kernels.jit.functions.exponential import exp
from fastmse.kernels.jit.functions.hyperbolic import cosh, sinh, tanh
from fastmse.kernels.jit.functions.logarithm import log
from fastmse.kernels.jit.functions.powers import power
from fastmse.kernels.jit.functions.values import absolute, scalar, where

Scalar = Callable[..., tuple[float, ...]]
Functions = Mapping[str, Callable[..., float]]

OWN = (exp, log, sin, cos, tan, sinh, cosh, tanh, power, absolute, where)
PLATFORM = (math.atan, math.erf, math.sqrt)

FUNCTIONS: Functions = {
    **{function.__name__: scalar(function) for function in OWN},
    **{function.__name__: function for function in PLATFORM},
}
"""By the names that formulas use."""

EVERYWHERE: Functions = {
    **FUNCTIONS,
    "sin": far_circle.sin,
    "cos": far_circle.cos,
    "tan": far_circle.tan,
}
"""The same, where sin, cos and tan of `FUNCTIONS` are NaN for abs(x) > 2^22 too."""


def scalars(make: Callable[[Functions], Scalar]) -> tuple[Scalar, Scalar | None]:
    """A formula's scalar for vectors; a second one for rows where it gives NaN, if it may be wrong.

    A condition would hide the NaN of a sine: a formula with both has one scalar, without vectors.
    """
    scalar = make(FUNCTIONS)
    names = set(scalar.__code__.co_names)
    if not names & {"sin", "cos", "tan"}:
        return scalar, None
    everywhere = make(EVERYWHERE)
    return (everywhere, None) if "where" in names else (scalar, everywhere)
