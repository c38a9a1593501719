"""One curve's fit as `fit_many` does it, by NumPy: what ``kernels/compiled/many.h`` does in lanes.

Levenberg-Marquardt for SSE(θ) = Σ wᵢ (f(xᵢ; θ) − yᵢ)². With g = Σ w r ∂f and A = Σ w ∂f ∂fᵀ a step
solves

    (A + λ D) s = −g,    D = the largest diagonal of A so far (Moré)

inside the bounds: parameters on a bound that SSE falls beyond are held, and so are those that the
step puts beyond one. λ falls tenfold after a good step, and to 0 where a step gained less than
10⁻⁴ of SSE: from there on the steps are Gauss and Newton's, and √(−gᵀs), their length in the metric
of the standard errors, tells how far the minimum is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastmse.gaussian import FloatArray
from fastmse.kernels.scalars import ModelScalar
from fastmse.results.fit_many import (
    CONVERGED,
    MAX_ITER,
    NOT_FINITE,
    SINGULAR,
    STALLED,
    TOO_FEW,
)

EPS = float(np.finfo(float).eps)
FIRST_LAMBDA, LEAST_LAMBDA, RAISED_LAMBDA, LAST_LAMBDA = 1e-3, 1e-6, 1e-3, 1e12
CLOSE = 1e-4
LEAST_PIVOT = 64 * EPS


class CurveOutcome(NamedTuple):
    theta: FloatArray
    stderr: FloatArray
    sse: float
    n_iter: int
    status: int


class Sums(NamedTuple):
    """At one θ."""

    sse: float
    g: FloatArray
    A: FloatArray

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.sse + np.trace(self.A)))


class Step(NamedTuple):
    """s, the parameters free to take it, and what it promises."""

    s: FloatArray
    free: NDArray[np.bool_]
    factor: FloatArray
    offset: float
    "−gᵀs"
    expected: float
    "−2 gᵀs − sᵀAs: what SSE is to fall by"


@dataclass(slots=True, eq=False)
class CurveSearch:
    """The data of one curve, and where its fit is."""

    scalar: ModelScalar
    x: FloatArray
    y: FloatArray
    weight: FloatArray | None
    bounds: FloatArray | None
    damping: float = FIRST_LAMBDA
    singular: bool = False
    scale: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        kept = slice(None) if self.weight is None else np.flatnonzero(self.weight)
        self.x, self.y = self.x[kept], self.y[kept]
        self.weight = np.ones(len(self.y)) if self.weight is None else self.weight[kept]
        self.scale = np.zeros(self.scalar.p)
        if self.bounds is None:
            self.bounds = np.array([[-np.inf], [np.inf]]) * np.ones(self.scalar.p)

    @property
    def power(self) -> float:
        return float(self.weight @ self.y**2)

    def sums(self, theta: FloatArray) -> Sums:
        f, *slopes = self.scalar.values(1, self.x, theta)
        J, r = np.column_stack(slopes), f - self.y
        return Sums(float(self.weight @ r**2), J.T @ (self.weight * r), (J.T * self.weight) @ J)

    def step(self, theta: FloatArray, at: Sums) -> Step:
        """Of the damped quadratic inside the bounds; damped more where it is not convex."""
        lower, upper = self.bounds - theta
        free = ~((lower >= 0) & (at.g >= 0) | (upper <= 0) & (at.g <= 0))
        s = np.zeros(len(theta))
        while True:
            factor = self.factor(at, free)
            if factor is None:
                self.singular |= self.damping == 0
                self.damping = max(10 * self.damping, LEAST_LAMBDA)
                continue
            right = np.where(free, -at.g - at.A[:, ~free] @ s[~free], s)
            s = np.linalg.solve(factor.T, np.linalg.solve(factor, right))
            beyond = free & ((s < lower) | (s > upper))
            if not beyond.any():
                break
            s, free = np.clip(s, lower, upper), free & ~beyond
        offset = -float(at.g @ s)
        return Step(s, free, factor, offset, 2 * offset - float(s @ at.A @ s))

    def factor(self, at: Sums, free: NDArray[np.bool_]) -> FloatArray | None:
        """Cholesky's, of A + λD for the free parameters; None where a pivot is rounding."""
        D = np.where(self.scale > 0, self.scale, 1.0)
        A = np.where(np.outer(free, free), at.A, 0.0) + np.diag(np.where(free, self.damping * D, 1))
        try:
            factor = np.linalg.cholesky(A)
        except np.linalg.LinAlgError:
            return None
        return factor if (np.diag(factor) ** 2 > LEAST_PIVOT * np.diag(A)).all() else None


@np.errstate(all="ignore")
def fit_curve(
    search: CurveSearch, start: FloatArray, weight_type: str, tol: float, max_iter: int
) -> CurveOutcome:
    """The fit from `start`."""
    n, p = len(search.y), len(start)
    count = float(search.weight.sum()) if weight_type == "frequency" else float(n)
    if not np.isfinite(start).all():
        return _failure(p, NOT_FINITE)
    if n < p:
        return _failure(p, TOO_FEW)
    theta, at = start, search.sums(start)
    if not (np.isfinite(search.power) and at.finite):
        return _failure(p, NOT_FINITE)
    accepted, flat, last, n_iter = True, False, np.inf, 0
    while True:
        search.singular = False
        if accepted:
            search.scale = np.maximum(search.scale, np.diag(at.A))
        step = search.step(theta, at)
        least = tol**2 * at.sse / max(count - p, 1) + 64 * EPS**2 * search.power
        status = _status(search, step, least, last, accepted, flat)
        if status is None and n_iter >= max_iter:
            status = MAX_ITER
        if status is not None:
            break
        trial = np.clip(theta + step.s, *search.bounds)
        after = search.sums(trial)
        n_iter += 1
        gain, same = at.sse - after.sse, abs(at.sse - after.sse) <= _blur(at.sse, search)
        accepted = after.finite and (same or gain > 1e-4 * step.expected)
        flat, last = accepted and same, step.offset if accepted and not search.damping else np.inf
        search.damping = _damping(search.damping, step, gain, after, accepted, same)
        if accepted:
            theta, at = trial, after
    return _outcome(search, theta, at, step, (count - p, tol), status, n_iter)


def _status(
    search: CurveSearch, step: Step, least: float, last: float, accepted: bool, flat: bool
) -> int | None:
    """How the fit ends here; None where it goes on."""
    near = step.offset * _remainder(step.offset, last) <= least
    if search.damping == 0 and (near or (flat and step.offset >= 0.25 * last)):
        return CONVERGED
    if search.singular and step.offset <= least:
        return SINGULAR
    return STALLED if not accepted and search.damping > LAST_LAMBDA else None


def _remainder(offset: float, last: float) -> float:
    """What is left of the way after this step, as a part of it, squared: steps shrink alike."""
    slow = np.clip(np.sqrt(offset / last), 0.03, 0.95) if np.isfinite(last) else 0.5
    return float((slow / (1 - slow)) ** 2)


def _blur(sse: float, search: CurveSearch) -> float:
    """Two SSE that differ by less may be the same: rounding of f and y."""
    unit = (8 + len(search.y) / 16) * EPS
    return float(unit * (sse + np.sqrt(sse * search.power)) + unit**2 * search.power)


def _damping(
    damping: float, step: Step, gain: float, after: Sums, accepted: bool, same: bool
) -> float:
    if not accepted:
        return 10 * max(damping, RAISED_LAMBDA)
    if step.offset < CLOSE * after.sse:
        return 0.0
    if same or gain > 0.75 * step.expected:
        return 0.0 if damping < LEAST_LAMBDA else 0.1 * damping
    return 2 * max(damping, LEAST_LAMBDA) if gain < 0.25 * step.expected else damping


def _failure(p: int, status: int) -> CurveOutcome:
    return CurveOutcome(np.full(p, np.nan), np.full(p, np.nan), np.nan, 0, status)


def _outcome(
    search: CurveSearch,
    theta: FloatArray,
    at: Sums,
    step: Step,
    freedom_tol: tuple[float, float],
    status: int,
    n_iter: int,
) -> CurveOutcome:
    """The last step is taken, and SSE lowered by what that gains, as far as `tol` goes."""
    freedom, tol = freedom_tol
    stderr = np.full(len(theta), np.nan)
    if status != CONVERGED:
        return CurveOutcome(theta, stderr, at.sse, n_iter, status)
    sse = at.sse - min(max(step.expected, 0.0), tol**2 * at.sse)
    if freedom > 0:
        inverse = np.linalg.inv(step.factor)
        variances = sse / freedom * (inverse**2).sum(axis=0)
        stderr = np.where(step.free, np.sqrt(variances), np.nan)
    theta = np.clip(theta + step.s, *search.bounds)
    return CurveOutcome(theta, stderr, sse, n_iter, status)
