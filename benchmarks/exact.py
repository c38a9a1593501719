"""Exact oracles: sums of squares as rational numbers, and distances from them in ulp."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

MAX_VALUES = 100_000  # of an array: rational arithmetic needs 3 us for each


def sse(y_true: NDArray[np.float64], y_pred: NDArray[np.float64]) -> Fraction:
    """Σᵢ (yᵢ − fᵢ)² without any rounding."""
    pairs = zip(y_true.tolist(), y_pred.tolist(), strict=True)
    return sum(((Fraction(y) - Fraction(f)) ** 2 for y, f in pairs), Fraction(0))


def linear_sse(
    X: NDArray[np.float64], y: NDArray[np.float64], theta: NDArray[np.float64]
) -> Fraction:
    """Σᵢ (yᵢ − θᵀxᵢ)² without any rounding."""
    exact_theta = [Fraction(t) for t in theta.tolist()]
    total = Fraction(0)
    for row, target in zip(X.tolist(), y.tolist(), strict=True):
        terms = (Fraction(x) * t for x, t in zip(row, exact_theta, strict=True))
        total += (Fraction(target) - sum(terms, Fraction(0))) ** 2
    return total


def ulp(value: float, exact: Fraction) -> float:
    """|value − exact| in units of the last place of `exact`."""
    return float(abs(Fraction(value) - exact) / Fraction(math.ulp(float(exact))))
