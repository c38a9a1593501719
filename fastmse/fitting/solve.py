"""From a Gram matrix to the estimates: rank, minimum norm, condition, error bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastmse.fitting.accuracy import (
    ROUNDING,
    ROUNDING_OF_DATA,
    condition_number,
    relative_error,
    size_of_terms,
)
from fastmse.fitting.double_double import DoubleDouble
from fastmse.fitting.frame import Frame
from fastmse.fitting.sweep import sweep, sweep_independent
from fastmse.gaussian import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Least squares in the units of the data.

    Attributes
    ----------
    theta : (p,) ndarray
    scaled : (d + 1,) DoubleDouble
        The same for the columns times 2^−e, the intercept 0 if there is none. Not rounded to
        float64: far from the origin residuals need more of it.
    exponents : (d + 1,) ndarray of int
        e of x and y.
    cov_unscaled : (p, p) ndarray or None
        (XᵀWX)⁻¹; None if the rank is deficient or a penalty is > 0.
    penalties : (d,) ndarray
        Those of `scaled`: λⱼ 4^−eⱼ.
    sse, sst : float
    perfect : bool
        Whether y is a linear combination of the columns, as far as rounding lets one see.
    condition : float
        Column-scaled κ₂ of the features, centred if there is an intercept; inf if the rank is
        deficient.
    dependent : tuple of int
        Features that are linear combinations of those before them.
    error : float
        Largest relative error of a coefficient that rounding in G leads to, estimated.
    sse_error : float
        The same of SSE.
    """

    theta: FloatArray
    scaled: DoubleDouble
    exponents: NDArray[np.int64]
    cov_unscaled: FloatArray | None
    penalties: FloatArray
    sse: float
    sst: float
    perfect: bool
    condition: float
    dependent: tuple[int, ...]
    error: float
    sse_error: float


@np.errstate(over="ignore", under="ignore")
def solve(
    frame: Frame,
    gram: DoubleDouble,
    *,
    intercept: bool,
    l2: FloatArray,
    unit: float,
    n_threads: int,
    about: FloatArray | None = None,
    n_targets: int = 1,
) -> list[Solution]:
    """Minimise SSE + Σ l2ⱼ θⱼ², the intercept apart, given G of (1, x, y₁ … y_k) in a frame.

    `unit` is the error of an element Gⱼₖ relative to √(Gⱼⱼ Gₖₖ), `about` the coefficients (m,) of
    the residual that stood for y in it. All is computed in the frame; only a result that is itself
    beyond the range of float64 becomes infinite or 0. The features are swept once for all targets.
    """
    a = gram.copy()
    first = len(frame.origin) - n_targets
    if intercept:
        sweep(a, 0, n_threads)
    sst = np.diag(a.hi).copy()
    penalties = np.ldexp(l2, -2 * frame.exponents[1:first])
    for k, penalty in enumerate(penalties, start=1):
        a[k, k] += DoubleDouble.of(penalty)
    features = a.hi[1:first, 1:first].copy()
    tolerance = _tolerance(frame, gram.hi, unit)
    swept, dependent = sweep_independent(a, range(1, first), tolerance, n_threads)
    swept = [0, *swept] if intercept else swept
    inverse = -a[np.ix_(swept, swept)]
    condition = condition_number(features, inverse.hi[intercept:, intercept:])
    biased = bool(l2.any() or dependent)
    cov = None if biased else _covariance(frame.of_columns(range(first + 1)), inverse, intercept)
    whole = range(first)
    return [
        _of_target(
            frame.of_columns([*whole, y]),
            gram.hi[np.ix_([*whole, y], [*whole, y])],
            a[np.ix_([*whole, y], [*whole, y])],
            Shared(intercept, swept, dependent, inverse, condition, cov, penalties),
            sst=float(sst[y]),
            tolerance=float(tolerance[y]),
            unit=unit,
            about=about,
        )
        for y in range(first, len(frame.origin))
    ]


class Shared(NamedTuple):
    """What the targets share: the features, swept; the fields are those of `Solution`."""

    intercept: bool
    swept: list[int]
    dependent: list[int]
    inverse: DoubleDouble
    condition: float
    cov_unscaled: FloatArray | None
    penalties: FloatArray


def _of_target(
    frame: Frame,
    gram: FloatArray,
    a: DoubleDouble,
    shared: Shared,
    *,
    sst: float,
    tolerance: float,
    unit: float,
    about: FloatArray | None,
) -> Solution:
    """The last column, y, on the features; `a` is what sweeping them left."""
    y = len(frame.origin) - 1
    residual = float(a.hi[y, y])
    coefficients = a[:, y].copy()
    if shared.dependent:
        _to_minimum_norm(frame, a, coefficients, shared.swept, shared.dependent)
    if not shared.intercept:
        coefficients[0] = DoubleDouble.of(0.0)
    scaled = unshifted(frame, coefficients)
    theta = scaled.scaled(frame.exponents[y] - frame.exponents[:y]).hi
    about = np.zeros(y + 1) if about is None else about.copy()
    about[y] = -1.0
    perfect = residual <= tolerance
    error = relative_error(
        frame,
        gram,
        shared.inverse.hi,
        coefficients.hi,
        shared.swept,
        residual,
        sst,
        unit,
        about,
        perfect=perfect,
    )
    penalised = float(shared.penalties @ coefficients.hi[1:y] ** 2)
    sse = residual - penalised
    rounding = unit * size_of_terms(gram, coefficients.hi, about) + ROUNDING * penalised
    unit_y = 2 * frame.exponents[y]
    return Solution(
        theta=theta if shared.intercept else theta[1:],
        scaled=scaled,
        exponents=frame.exponents[1:],
        cov_unscaled=shared.cov_unscaled,
        penalties=shared.penalties,
        sse=max(float(np.ldexp(sse, unit_y)), 0.0),
        sst=float(np.ldexp(sst, unit_y)),
        perfect=perfect,
        condition=shared.condition,
        dependent=tuple(k - 1 for k in shared.dependent),
        error=error,
        sse_error=rounding / sse if sse > 0 else np.inf,
    )


def _tolerance(frame: Frame, gram: FloatArray, unit: float) -> FloatArray:
    """What rounding alone may leave of a dependent column's Σ w z²: of the data, of the Gram."""
    of_values = ROUNDING_OF_DATA**2 * frame.squares(gram)
    return np.asarray(np.maximum(of_values, 16 * unit * np.diag(gram)))


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


def unshifted(frame: Frame, coefficients: DoubleDouble) -> DoubleDouble:
    """Coefficients of y on (1, x), both times 2^−e, from those of z_y on (1, z): (d + 1,)."""
    theta, offset = coefficients[:-1].copy(), DoubleDouble.of(frame.offset())
    share = (theta[1:] * offset[1:-1]).sum() if len(theta.hi) > 1 else DoubleDouble.of(0.0)
    theta[0] = theta[0] + offset[-1] - share
    return theta


def _covariance(frame: Frame, inverse: DoubleDouble, intercept: bool) -> FloatArray:
    """(XᵀWX)⁻¹ in units of the data: θ₀ = c₀ − Σ θⱼ oⱼ adds −oᵀV to the row of the intercept."""
    e = frame.exponents[1 - intercept : -1]
    V = inverse.copy()
    if intercept:
        minus_o = DoubleDouble.of(-frame.offset()[:-1])
        row = V[:1].copy()
        for j in range(1, len(e)):
            row.add_outer(minus_o[j : j + 1], V[j].copy())
        corner = row[:, :1].copy()
        for j in range(1, len(e)):
            corner.add_outer(minus_o[j : j + 1], row[0, j : j + 1])
        V[:1], V[:, :1] = row, DoubleDouble(row.hi.T, row.lo.T)
        V[:1, :1] = corner
    return np.asarray(np.ldexp((V.hi + V.hi.T) / 2, -(e[:, None] + e)))
