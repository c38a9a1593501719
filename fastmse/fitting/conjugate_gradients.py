"""Conjugate gradients on the normal equations: least squares where d² numbers do not fit.

In coordinates u of columns that are centred and of length one,

    θⱼ = uⱼ / sⱼ,    θ₀ = u₀ / √W − Σ mⱼ θⱼ,    s² = Σ w (x − m)² + λ

each iteration goes along a direction p that is conjugate to those before, by the exact step

    α = |r|² / (pᵀ A p),    A = TᵀXᵀWXT + Λ/s²,    r = −∇(SSE + penalty)/2

One pass over X gives both X'WXv and vᵀX'WXv for v = Tp: they are gradient and SSE of y = 0 at v.
The centred columns are never formed.

Source: Hestenes and Stiefel (1952); Björck, "Numerical methods for least squares problems" (1996),
section 7.4. Cost of an iteration: one read of X, 4 n d flops; memory O(d).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from fastmse.gaussian import FloatArray

Pass: TypeAlias = Callable[[FloatArray], tuple[FloatArray, float]]
Callback: TypeAlias = Callable[[int, float], object]

STALLED = 0.5
"""A verified gradient that is not this much smaller than the last one: rounding is all there is."""


ROUNDING = 2.0**-50
"""A residual whose product with each column is this part of its length is orthogonal to them."""


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """T: means and inverse lengths of the features, (d,), and 1/√W, None without an intercept."""

    mean: FloatArray
    inverse_length: FloatArray
    of_intercept: float | None

    def theta(self, u: FloatArray) -> FloatArray:
        """T u: coefficients of the data, (p,)."""
        if self.of_intercept is None:
            return u * self.inverse_length
        slopes = u[1:] * self.inverse_length
        return np.concatenate(([u[0] * self.of_intercept - self.mean @ slopes], slopes))

    def gradient(self, g: FloatArray) -> FloatArray:
        """Tᵀ g: a gradient with respect to θ as one with respect to u."""
        if self.of_intercept is None:
            return g * self.inverse_length
        slopes = (g[1:] - self.mean * g[0]) * self.inverse_length
        return np.concatenate(([g[0] * self.of_intercept], slopes))


@dataclass(slots=True)
class Found:
    """Where the iteration ended: θ̂, SSE there, and how."""

    theta: FloatArray
    sse: float
    gradient: float = np.inf
    n_iter: int = 0
    passes: int = 0
    converged: bool = False
    alphas: list[float] = field(default_factory=list)
    betas: list[float] = field(default_factory=list)

    def condition(self) -> float:
        """κ₂ of the scaled columns as far as the steps have seen it: a lower bound, or NaN.

        The steps are Lanczos's: √ of the ratio of its largest and smallest Ritz value.
        """
        if not self.alphas:
            return np.nan
        alpha, beta = np.array(self.alphas), np.array(self.betas[: len(self.alphas) - 1])
        diagonal = 1 / alpha
        diagonal[1:] += beta / alpha[:-1]
        from scipy.linalg import eigvalsh_tridiagonal

        ritz = eigvalsh_tridiagonal(diagonal, np.sqrt(beta) / alpha[:-1])
        return float(np.sqrt(ritz[-1] / ritz[0])) if ritz[0] > 0 else np.inf


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """SSE + Σ λⱼ θⱼ² and its coordinates; two passes over the data.

    Attributes
    ----------
    at : callable
        From θ to XᵀW(Xθ − y) and SSE.
    product : callable
        From v to XᵀWXv and vᵀXᵀWXv.
    penalties : (p,) ndarray
    scaling : Scaling
    """

    at: Pass
    product: Pass
    penalties: FloatArray
    scaling: Scaling

    def residual(self, found: Found) -> FloatArray:
        """Evaluate at θ: SSE, and r = −Tᵀ∇/2."""
        gradient, found.sse = self.at(found.theta)
        found.passes += 1
        return -self.scaling.gradient(gradient + self.penalties * found.theta)

    def curvature(self, p: FloatArray) -> tuple[FloatArray, float]:
        """A p and pᵀ A p."""
        v = self.scaling.theta(p)
        product, square = self.product(v)
        penalty = self.penalties * v
        return self.scaling.gradient(product + penalty), square + float(penalty @ v)


def minimise(
    problem: Problem,
    start: FloatArray,
    *,
    tol: float,
    max_iter: int,
    callback: Callback | None = None,
) -> Found:
    """Go from θ = `start` until |r| ≤ tol · |r at the start|, or for `max_iter` iterations.

    `callback` is called with the number of each iteration and |r| / |r at the start| after it.

    The gradient that the steps carry along drifts by rounding. What they believe to be the end is
    verified by a pass of its own; if it is not, the iteration starts anew from there, as long as
    that gains something. A gradient that is rounding alone ends it too.
    """
    u, found, size = np.zeros(len(start)), Found(start, 0.0), 0.0
    while True:
        before = found.gradient
        r = problem.residual(found)
        norm = float(np.linalg.norm(r))
        size = size or norm
        found.gradient = norm / size if size else 0.0
        found.converged = norm <= max(tol * size, ROUNDING * np.sqrt(len(r) * found.sse))
        stalled = found.gradient > STALLED * before
        if found.converged or stalled or found.n_iter >= max_iter:
            return found
        _descend(problem, u, r, found, tol * size, max_iter, size, callback)
        found.theta = start + problem.scaling.theta(u)


def _descend(
    problem: Problem,
    u: FloatArray,
    r: FloatArray,
    found: Found,
    enough: float,
    max_iter: int,
    size: float,
    callback: Callback | None,
) -> None:
    """Conjugate directions from u, in place, until r as it is carried along is small enough."""
    p, rr = r, float(r @ r)
    found.alphas, found.betas = [], []
    while found.n_iter < max_iter and np.sqrt(rr) > enough:
        product, curvature = problem.curvature(p)
        found.passes += 1
        found.n_iter += 1
        if not curvature > 0:
            return
        alpha = rr / curvature
        u += alpha * p
        r = r - alpha * product
        rr, last = float(r @ r), rr
        p = r + rr / last * p
        found.alphas.append(alpha)
        found.betas.append(rr / last)
        if callback is not None:
            callback(found.n_iter, float(np.sqrt(rr)) / size)
