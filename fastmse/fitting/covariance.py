"""(J'WJ)⁻¹ at θ̂ with the digits of J, where A = J'WJ in float64 has lost them.

Inverting A loses 2 log₁₀ κ of its 16 digits, κ the column-scaled condition of J. Where that is too
much, one more pass over the rows sums B = Σ w u uᵀ of u = R⁻ᵀ ∂f, RᵀR = A by Cholesky. The columns
of u are orthogonal but for the rounding of A, so that B is near 1 and loses nothing, and

    A⁻¹ = R⁻¹ B⁻¹ R⁻ᵀ

has lost log₁₀ κ digits.

Source: Yamamoto, Nakatsukasa, Yanagisawa, Fukaya, "Roundoff error analysis of the CholeskyQR2
algorithm", ETNA 44 (2015) 306.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from fastmse.fitting.problem import EPS, Search
from fastmse.fitting.verdict import Curvature
from fastmse.gaussian import FloatArray
from fastmse.results.leverage import Block, present
from fastmse.results.mean import Mean

ENOUGH = 1e-10
"""Relative error, 4 κ² eps, up to which A will do."""


@np.errstate(over="ignore", under="ignore")
def covariance(
    search: Search, found: Curvature, mean: Mean, rows: Callable[[], Iterable[Block]]
) -> tuple[FloatArray | None, int]:
    """The inverse for the parameters that no bound holds, and the passes that it took.

    NaN for the others; None below full rank.
    """
    if found.undetermined:
        return None, 0
    free = np.ix_(found.free, found.free)
    A = search.at.normal[free]
    d = np.sqrt(np.diag(A))
    T = np.linalg.inv(np.linalg.cholesky(A / d / d[:, None])) / d  # R⁻ᵀ
    passes = int(4 * found.condition**2 * EPS > ENOUGH)
    if passes:
        B = _orthogonal(mean, rows(), search.theta, found.free, T)
        T = np.linalg.inv(np.linalg.cholesky(B)) @ T
    cov = np.full(search.at.normal.shape, np.nan)
    cov[free] = T.T @ T
    return cov, passes


def _orthogonal(
    mean: Mean,
    rows: Iterable[Block],
    theta: FloatArray,
    free: NDArray[np.bool_],
    T: FloatArray,
) -> FloatArray:
    """Σ w u uᵀ of u = T ∂f."""
    B = np.zeros(T.shape)
    for block in rows:
        X, _, w = present(*block)
        U = mean.jacobian(X, theta)[1][:, free] @ T.T
        B += U.T @ (w[:, None] * U)
    return B
