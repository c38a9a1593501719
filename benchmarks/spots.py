"""Spots on a camera: 2-D Gaussians of 5 x 5 points and 5 parameters, the example of Gpufit.

As in its comparison with other fits (A. Przybylski et al., *Gpufit: An open-source toolkit for
GPU-accelerated curve fitting*, Sci. Rep. 7, 15722, 2017), noise is normal, a tenth of the spot's
mean height; a fit starts up to 20 % off, of the width where it is a position.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import fastmse as fm

Array = NDArray[np.float64]

TEXT = "height*exp(-((x - x0)**2 + (y - y0)**2)/(2*width**2)) + level"
PARAMETERS = ("height", "x0", "y0", "width", "level")
TRUTH = np.array([500.0, 2.0, 2.0, 1.0, 10.0])
SIDE = 5
NOISE = 0.1 * 2 * np.pi * 500 / 4.292**2
"""A tenth of the volume under the spot over the square of its full width at a tenth."""

OFF = 0.2


class Curves(NamedTuple):
    """Points X (25, 2), and for each of k spots its values Y (k, 25) and start (k, 5)."""

    X: Array
    Y: Array
    start: Array


@cache
def model() -> fm.Expression:
    return fm.Expression(TEXT, PARAMETERS, ("x", "y"))


def data(k: int) -> Curves:
    rng = np.random.default_rng(k)
    X = np.stack(np.divmod(np.arange(SIDE**2.0), SIDE), axis=1)
    Y = spot(X, *TRUTH) + NOISE * rng.standard_normal((k, SIDE**2))
    units = np.where(np.isin(PARAMETERS, ("x0", "y0")), TRUTH[3], TRUTH)
    return Curves(X, Y, TRUTH + OFF * units * rng.uniform(-1, 1, (k, len(TRUTH))))


def spot(X: Any, height: Any, x0: Any, y0: Any, width: Any, level: Any) -> Any:
    """f(x, y), by NumPy."""
    x, y = X.T
    return height * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * width**2)) + level


def jacobian(X: Array, height: float, x0: float, y0: float, width: float, level: float) -> Array:
    """∂f/∂θ (25, 5), by NumPy."""
    u, v = (X - (x0, y0)).T / width
    square = u * u + v * v
    bell = np.exp(-square / 2)
    tilt = height * bell / width
    return np.stack([bell, tilt * u, tilt * v, tilt * square, np.ones_like(u)], axis=1)


def curve_fit(curves: Curves) -> Array:
    """θ (k, 5) by scipy, one spot after the other; NaN where it gives up."""
    from scipy import optimize

    theta = np.full(curves.start.shape, np.nan)
    for i, (y, start) in enumerate(zip(curves.Y, curves.start, strict=True)):
        try:
            theta[i], _ = optimize.curve_fit(spot, curves.X, y, start, jac=jacobian)
        except RuntimeError:
            continue
    return theta


def sse(curves: Curves, theta: Array) -> Array:
    """Σ r² of each spot; NaN where θ is."""
    f = spot(curves.X, *theta.T[:, :, None])
    return ((f - curves.Y) ** 2).sum(axis=1)
