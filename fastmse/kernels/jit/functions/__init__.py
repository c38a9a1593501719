"""What a model's scalar may call: libm's, until the project's own are here."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fastmse.kernels.jit.flags import inlined_kernel


@inlined_kernel
def power(x: float, y: float) -> float:
    return x**y


@inlined_kernel
def where(condition: bool, a: float, b: float) -> float:
    return a if condition else b


FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(math, name)
    for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "erf", "sqrt")
}
FUNCTIONS |= {"absolute": math.fabs, "power": power, "where": where}
