"""What a formula may call, and the functions that its program calls."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

CALLS = {
    "exp": "exp",
    "expm1": "expm1",
    "log": "log",
    "log1p": "log1p",
    "log2": "log2",
    "log10": "log10",
    "sqrt": "sqrt",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "atan": "atan",
    "arctan": "atan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "erf": "erf",
    "abs": "absolute",
}
"""The functions of one argument that a formula may call, and their operations."""

CONSTANT: Mapping[str, Callable[..., float]] = {
    **{call: getattr(math, call) for call in CALLS if call not in ("arctan", "abs")},
    "absolute": abs,
    "negative": lambda a: -a,
    "plus": lambda a, b: a + b,
    "minus": lambda a, b: a - b,
    "times": lambda a, b: a * b,
    "over": lambda a, b: a / b,
    "power": math.pow,
}
"""The operations of constants, which a program need not repeat for every row."""

PROGRAM = (
    "exp log sqrt sin cos tan atan sinh cosh tanh erf absolute power where".split()  # noqa: SIM905
)
"""The names a program may use: every backend has a function for each."""


@cache
def numpy_functions() -> Mapping[str, Callable[..., Any]]:
    """The functions of a program for NumPy arrays and floats; `errstate` is the caller's.

    Columns, parameters and outputs broadcast: an output that is constant is a float.
    """
    import numpy as np

    same = {name: getattr(np, name) for name in PROGRAM if hasattr(np, name)}
    return {**same, "atan": np.arctan, "power": np.power, "erf": _erf, "where": np.where}


def _erf(x: Any) -> Any:
    from scipy.special import erf

    return erf(x)
