"""From a Gram matrix to the estimates: rank, minimum norm, condition, error bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastmse.fitting.accuracy import condition_number, relative_error
from fastmse.fitting.double_double import DoubleDouble
from fastmse.fitting.frame import Frame
from fastmse.fitting.sweep import sweep, sweep_independent
from fastmse.gaussian import FloatArray

ROUNDING_OF_DATA = (64 * 2.0**-53) ** 2
"""What is left of a column, squared, when it is a combination up to 64 roundings of its values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Least squares in the units of the data.

    Attributes
    ----------
    theta : (p,) DoubleDouble
        Not rounded to float64: far from the origin residuals need more of it.
    cov_unscaled : (p, p) ndarray or None
        (XᵀWX)⁻¹; None if the rank is deficient or ``l2 > 0``.
    sse, sst : float
    condition : float
        Column-scaled κ₂ of the features, centred if there is an intercept; inf if the rank is
        deficient.
    dependent : tuple of int
        Features that are linear combinations of those before them.
    error : float
        Largest relative error of a coefficient that rounding in G leads to, estimated.
    """

    theta: DoubleDouble
    cov_unscaled: FloatArray | None
    sse: float
    sst: float
    condition: float
    dependent: tuple[int, ...]
    error: float


def solve(
    frame: Frame,
    gram: DoubleDouble,
    *,
    intercept: bool,
    l2: float,
    unit: float,
    n_threads: int,
) -> Solution:
    """Minimise SSE + l2 · |slopes|² given G of (1, x, y) in a frame.

    `unit` is the error of an element Gⱼₖ relative to √(Gⱼⱼ Gₖₖ).
    """
    a = gram.copy()
    y = len(frame.origin) - 1
    if intercept:
        sweep(a, 0, n_threads)
    sst = float(a.hi[y, y])
    for k in range(1, y):
        a[k, k] += DoubleDouble.of(np.ldexp(l2, -2 * frame.exponents[k]))
    features = a.hi[1:y, 1:y].copy()
    tolerance = _tolerance(frame, gram.hi, unit)
    swept, dependent = sweep_independent(a, range(1, y), tolerance, n_threads)
    swept = [0, *swept] if intercept else swept
    inverse = -a[np.ix_(swept, swept)]
    coefficients = a[:, y].copy()
    if dependent:
        _to_minimum_norm(frame, a, coefficients, swept, dependent)
    theta = _in_units_of_data(frame, coefficients)
    error = relative_error(
        frame, gram.hi, inverse.hi, coefficients.hi, swept, float(a.hi[y, y]), sst, unit
    )
    condition = condition_number(features, inverse.hi[intercept:, intercept:])
    penalty = l2 * float(theta.hi[1:] @ theta.hi[1:])
    unit_y = 2 * frame.exponents[y]
    biased = l2 > 0 or bool(dependent)
    return Solution(
        theta=theta if intercept else theta[1:],
        cov_unscaled=None if biased else _covariance(frame, inverse, intercept),
        sse=max(float(np.ldexp(a.hi[y, y], unit_y)) - penalty, 0.0),
        sst=float(np.ldexp(sst, unit_y)),
        condition=condition,
        dependent=tuple(k - 1 for k in dependent),
        error=error,
    )


def _tolerance(frame: Frame, gram: FloatArray, unit: float) -> FloatArray:
    """What rounding alone may leave of a dependent column's Σ w z²: of the data, of the Gram."""
    offset = np.ldexp(frame.origin, -frame.exponents)
    diagonal = np.diag(gram)
    of_values = diagonal + offset * (2 * gram[0] + offset * gram[0, 0])
    tolerance: FloatArray = np.maximum(ROUNDING_OF_DATA * of_values, 16 * unit * diagonal)
    return tolerance


def _to_minimum_norm(
    frame: Frame,
    a: DoubleDouble,
    coefficients: DoubleDouble,
    swept: list[int],
    dependent: list[int],
) -> None:
    """Of all least-squares solutions, the one of least |slopes|², as scikit-learn gives.

    With column D = S C, all solutions are θ_S = b − C θ_D. In units of the data, θ_D minimises
    |b − C θ_D|² + |θ_D|², a problem without a small singular value. The intercept has no norm.
    """
    slopes = [k for k in swept if k > 0]
    e, y = frame.exponents, len(frame.origin) - 1
    C = np.ldexp(a.hi[np.ix_(slopes, dependent)], e[dependent] - e[slopes][:, None])
    b = np.ldexp(a.hi[slopes, y], e[y] - e[slopes])
    system = np.vstack((C, np.eye(len(dependent))))
    target = np.concatenate((b, np.zeros(len(dependent))))
    solution = np.linalg.lstsq(system, target, rcond=None)[0]
    coefficients[dependent] = DoubleDouble.of(np.ldexp(solution, e[dependent] - e[y]))
    for k in dependent:
        share = a[swept, np.full(len(swept), k)] * coefficients[k]
        coefficients[swept] = coefficients[swept] - share


def _in_units_of_data(frame: Frame, coefficients: DoubleDouble) -> DoubleDouble:
    """θ of y on (1, x), from the coefficients of z_y on (1, z): (d + 1,)."""
    e, origin = frame.exponents, DoubleDouble.of(frame.origin)
    theta = coefficients[:-1].scaled(e[-1] - e[:-1])
    theta[0] = theta[0] + origin[-1]
    for j in range(1, len(theta.hi)):
        theta[0] = theta[0] - theta[j] * origin[j]
    return theta


def _covariance(frame: Frame, inverse: DoubleDouble, intercept: bool) -> FloatArray:
    """(XᵀWX)⁻¹ in units of the data: θ₀ = c₀ − Σ θⱼ oⱼ adds −oᵀV to the row of the intercept."""
    e = frame.exponents[1 - intercept : -1]
    V = inverse.scaled(-(e[:, None] + e))
    if intercept:
        minus_o = DoubleDouble.of(-frame.origin[:-1])
        row = V[:1].copy()
        for j in range(1, len(e)):
            row.add_outer(minus_o[j : j + 1], V[j].copy(), 1)
        corner = row[:, :1].copy()
        for j in range(1, len(e)):
            corner.add_outer(minus_o[j : j + 1], row[0, j : j + 1], 1)
        V[:1], V[:, :1] = row, DoubleDouble(row.hi.T, row.lo.T)
        V[:1, :1] = corner
    return (V.hi + V.hi.T) / 2
