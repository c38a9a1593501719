"""Leverage, hᵢ = xᵢᵀ (XᵀWX)⁻¹ xᵢ: the pull of a single row on its own fitted value.

From it come the standard error of a prediction, √(s² h), and the heteroscedasticity-consistent
standard errors of the coefficients, which hold when Var εᵢ differs from row to row:

    cov = A (Σ ωᵢ xᵢ xᵢᵀ) A,    A = (XᵀWX)⁻¹,    ωᵢ = eᵢ² / (1 − hᵢ)ᵏ

    HC0  k = 0                    White (1980)
    HC1  k = 0, times n/(n − p)   Hinkley (1977)
    HC2  k = 1                    unbiased if Var εᵢ is constant
    HC3  k = 2                    close to the jackknife: MacKinnon and White (1985)

For a model that is not linear, xᵢ is the row of derivatives ∂f(xᵢ; θ̂)/∂θ, and hᵢ is that of the
tangent plane at θ̂. A parameter that a bound holds has NaN for its variance: it counts as known.

A frequency weight repeats its row: hᵢ is that of one copy, and ωᵢ is multiplied by wᵢ. A precision
weight scales it: xᵢ and eᵢ become √wᵢ xᵢ and √wᵢ eᵢ, as in R's sandwich::vcovHC and statsmodels.

Source: MacKinnon and White, Journal of Econometrics 29 (1985) 305.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np

from fastmse.gaussian import FloatArray
from fastmse.results.mean import Mean

Block: TypeAlias = tuple[FloatArray, FloatArray, FloatArray | None]

EXPONENT = {"HC0": 0, "HC1": 0, "HC2": 1, "HC3": 2}


def leverage(D: FloatArray, A: FloatArray) -> FloatArray:
    """Return hᵢ = Σⱼₖ Dᵢⱼ Aⱼₖ Dᵢₖ of each design row, (m, p) and (p, p) -> (m,)."""
    A = _of_estimated(A)
    return np.asarray(np.einsum("ij,ij->i", D @ A, D))


def _of_estimated(A: FloatArray) -> FloatArray:
    """A with 0 for the NaN of parameters that are held: known values do not vary."""
    return np.where(np.isnan(A), 0.0, A)


@np.errstate(divide="ignore", invalid="ignore")
def robust_variances(
    kind: str,
    rows: Iterable[Block],
    theta: FloatArray,
    A: FloatArray,
    mean: Mean,
    *,
    weight_type: str,
) -> FloatArray:
    """Return the diagonal of A (Σ ωᵢ xᵢ xᵢᵀ) A, (p,), before HC1's factor.

    Summed as vⱼ = Σ ωᵢ uᵢⱼ² with uᵢ = A xᵢ: squares only, so nothing cancels, and the state
    is (p,). One pass, 2p² flops per row. A row with hᵢ = 1, which no other row checks, gives NaN
    or inf under HC2 and HC3.
    """
    total = np.zeros(len(theta))
    for X, y, w in rows:
        X, y, w = present(X, y, w)
        copies, scale = (1.0, w) if weight_type == "precision" else (w, 1.0)
        f, D = mean.jacobian(X, theta)
        e = y - f
        omega = copies * (scale * e) ** 2 / (1 - scale * leverage(D, A)) ** EXPONENT[kind]
        total += omega @ (D @ _of_estimated(A)) ** 2
    return np.where(np.isnan(np.diag(A)), np.nan, total)


def present(
    X: FloatArray, y: FloatArray, w: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the rows of positive weight: zero drops a row, even one that holds NaN."""
    if w is None:
        return X, y, np.ones(len(y))
    kept = w > 0
    return (X, y, w) if kept.all() else (X[kept], y[kept], w[kept])
