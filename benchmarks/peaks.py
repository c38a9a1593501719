"""A peak on a slope, of five parameters: the model, its data, and scipy's way to fit it.

f(x) = b1 exp(-z²) + b4 + b5 x,    z = (x - b2) / b3
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastmse as fm

Array = NDArray[np.float64]

TEXT = "b1*exp(-((x - b2)/b3)**2) + b4 + b5*x"
PARAMETERS = ("b1", "b2", "b3", "b4", "b5")
TRUTH = np.array([2.0, 0.3, 1.1, 0.5, 0.1])
START = np.array([1.5, 0.0, 1.5, 0.3, 0.0])
NOISE = 0.1


@cache
def model() -> fm.Expression:
    """The same for all, so that it is compiled once."""
    return fm.Expression(TEXT, PARAMETERS)


def curve(x: Any, b1: float, b2: float, b3: float, b4: float, b5: float) -> Any:
    """f(x), by NumPy."""
    z = (x - b2) / b3
    return b1 * np.exp(-(z**2)) + b4 + b5 * x


def jacobian(x: Array, b1: float, b2: float, b3: float, b4: float, b5: float) -> Array:
    """∂f/∂θ (n, 5), by NumPy."""
    z = (x - b2) / b3
    bell = np.exp(-(z**2))
    tilt = 2 * b1 / b3 * bell * z
    return np.stack([bell, tilt, tilt * z, np.ones_like(x), x], axis=1)


def data(n: int) -> tuple[Array, Array]:
    """x, uniform over the peak and its surroundings, and y with noise."""
    rng = np.random.default_rng(n)
    x = rng.uniform(-5, 5, n)
    return x, curve(x, *TRUTH) + NOISE * rng.standard_normal(n)


def curve_fit(x: Array, y: Array) -> Array:
    """θ by scipy, whose default for this is MINPACK's Levenberg-Marquardt."""
    from scipy import optimize

    return optimize.curve_fit(curve, x, y, START, jac=jacobian)[0]


def lmfit(x: Array, y: Array) -> Array:
    """θ by lmfit, as its users write it: with differences for derivatives."""
    from lmfit import Model

    start = dict(zip(PARAMETERS, START.tolist(), strict=True))
    found = Model(curve).fit(y, x=x, **start)
    return np.array([found.best_values[name] for name in PARAMETERS])
