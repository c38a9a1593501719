"""The functions of models on a device, by the names that formulas use: CUDA's, within 2 ulp."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fastmse.formulas import numpy_functions
from fastmse.kernels.cuda.flags import SIMULATED, device_function


@device_function
def power(x: float, y: float) -> float:
    return float(x**y)


@device_function
def where(condition: bool, a: float, b: float) -> float:
    return a if condition else b


_SAME = ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "erf", "sqrt")

FUNCTIONS: dict[str, Callable[..., Any]] = {name: getattr(math, name) for name in _SAME}
FUNCTIONS |= {"absolute": math.fabs, "power": power, "where": where}
if SIMULATED:  # Python's raise where CUDA's give NaN
    FUNCTIONS = dict(numpy_functions())
