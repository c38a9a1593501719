"""The exact oracle of the peak: MSE and gradient with 40 digits, by mpmath."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
from mpmath import exp, fsum, mp, mpf
from numpy.typing import NDArray

from benchmarks import peaks
from benchmarks.exact import Exact

DIGITS = 40


@cache  # 50 us a row
def of_data(n: int) -> Exact:
    """`of_peak` of the first n of the benchmark's points, at its start."""
    return of_peak(*peaks.data(n), peaks.START)


def of_peak(x: NDArray[np.float64], y: NDArray[np.float64], theta: NDArray[np.float64]) -> Exact:
    """1/n Σᵢ rᵢ², 2/n Σᵢ rᵢ ∂f/∂θⱼ, and 2/n Σᵢ |rᵢ ∂f/∂θⱼ|, of the float64 x, y and θ."""
    with mp.workdps(DIGITS):
        points = zip(x.tolist(), y.tolist(), strict=True)
        rows = [terms(mpf(a), mpf(b), theta.tolist()) for a, b in points]
        columns = list(zip(*rows, strict=True))
        n = len(rows)
        mse = fsum(columns[0], squared=True) / n
        sums = [2 * fsum(column) / n for column in columns[1:]]
        high = [float(value) for value in sums]
        low = [float(value - part) for value, part in zip(sums, high, strict=True)]
        sizes = [float(2 * fsum(column, absolute=True) / n) for column in columns[1:]]
        return Exact(fraction(mse), (np.array(high), np.array(low)), np.array(sizes))


def terms(x: mpf, y: mpf, theta: list[float]) -> tuple[mpf, ...]:
    """r, and r ∂f/∂θⱼ."""
    b1, b2, b3, b4, b5 = theta
    z = (x - b2) / b3
    bell = exp(-z * z)
    r = b1 * bell + b4 + b5 * x - y
    tilt = 2 * b1 * r * bell * z / b3
    return r, r * bell, tilt, tilt * z, r, r * x


def fraction(value: mpf) -> Fraction:
    """A positive number, without rounding."""
    _, mantissa, exponent, _ = value._mpf_
    return Fraction(int(mantissa)) * Fraction(2) ** exponent
