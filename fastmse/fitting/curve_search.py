"""Steps of one curve's fit as `fit_many` takes them; ``kernels/compiled/many.h`` does so in lanes.

Levenberg-Marquardt for SSE(θ) = Σ wᵢ (f(xᵢ; θ) − yᵢ)². With g = Σ w r ∂f and A = Σ w ∂f ∂fᵀ a step
solves

    (A + λ D) s = −g,    D = the largest diagonal of A so far (Moré)

inside the bounds: parameters on a bound that SSE falls beyond are held, and so are those that the
step puts beyond one. λ falls tenfold after a good step, and to 0 where a step gained less than
10⁻⁴ of SSE: from there on the steps are Gauss and Newton's, and √(−gᵀs), their length in the metric
of the standard errors, tells how far the minimum is. Two of them in a row tell what a step leaves
of the way, and Anderson's combination of both leaves less.

Source: Anderson, "Iterative procedures for nonlinear integral equations", JACM 12 (1965) 547.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastmse.gaussian import FloatArray
from fastmse.kernels.scalars import ModelScalar

EPS = float(np.finfo(float).eps)
FIRST_LAMBDA, LEAST_LAMBDA, RAISED_LAMBDA = 1e-3, 1e-6, 1e-3
LAST_LAMBDA, VAIN_LAMBDA = 1e12, 1e60
CLOSE = 1e-4
LEAST_PIVOT = 64 * EPS
MOST_GAMMA, LEAST_RATE, MOST_RATE = 20.0, 0.1, 0.95


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

    trial: FloatArray
    s: FloatArray
    free: NDArray[np.bool_]
    factor: FloatArray
    offset: float
    "−gᵀs"
    expected: float
    "−2 gᵀs − sᵀAs: what SSE is to fall by; 0 of an accelerated step"
    sped: bool = False


@dataclass(slots=True, eq=False)
class CurveSearch:
    """The data of one curve, and where its fit is."""

    scalar: ModelScalar
    x: FloatArray
    y: FloatArray
    weight: FloatArray
    bounds: FloatArray
    damping: float = FIRST_LAMBDA
    accepted: bool = True
    flat: bool = False
    "rounding hides what the last step gained"
    wary: bool = False
    "a step of Gauss and Newton was refused"
    singular: bool = False
    last: float = np.inf
    "the offset of the step before, if damped alike"
    least: float = 0.0
    "an offset that is near enough"
    rate: float = 0.5
    "what a step leaves of the way"
    before: FloatArray = field(init=False)
    moved: FloatArray = field(init=False)
    "the step before, and the way that was taken then"
    scale: FloatArray = field(init=False)

    @classmethod
    def of(
        cls,
        scalar: ModelScalar,
        x: FloatArray,
        y: FloatArray,
        weight: FloatArray | None,
        bounds: FloatArray | None,
    ) -> CurveSearch:
        """Without the points of weight 0; None weighs each 1, and is no bound."""
        weight = np.ones(len(y)) if weight is None else weight
        kept = np.flatnonzero(weight)
        if bounds is None:
            bounds = np.outer([-np.inf, np.inf], np.ones(scalar.p))
        return cls(scalar, x[kept], y[kept], weight[kept], bounds)

    def __post_init__(self) -> None:
        self.before, self.moved, self.scale = np.zeros((3, self.scalar.p))

    @property
    def power(self) -> float:
        return float(self.weight @ self.y**2)

    def sums(self, theta: FloatArray) -> Sums:
        f, *slopes = self.scalar.values(1, self.x, theta)
        J, r = np.column_stack(slopes), f - self.y
        return Sums(float(self.weight @ r**2), J.T @ (self.weight * r), (J.T * self.weight) @ J)

    def step(self, theta: FloatArray, at: Sums) -> Step:
        """Damped more where a pivot fails; not at all where that is to tell whether it arrived."""
        self.singular = False
        lower, upper = self.bounds - theta
        free = ~((lower >= 0) & (at.g >= 0) | (upper <= 0) & (at.g <= 0))
        s = np.zeros(len(theta))
        while True:
            factor = self.factor(at, free)
            if factor is None and self.damping > VAIN_LAMBDA:
                return Step(theta, s, free, at.A, 0.0, 0.0)
            if factor is None:
                self.singular |= self.damping == 0
                self.damping = max(10 * self.damping, LEAST_LAMBDA)
                continue
            right = np.where(free, -at.g - at.A[:, ~free] @ s[~free], s)
            s = np.linalg.solve(factor.T, np.linalg.solve(factor, right))
            beyond = free & ((s < lower) | (s > upper))
            if beyond.any():
                s, free = np.clip(s, lower, upper), free & ~beyond
                continue
            offset = -float(at.g @ s)
            if self.damping and self.accepted and not self.singular and self.arrived(offset, 0.5):
                self.damping = 0.0
                continue
            expected = 2 * offset - float(s @ at.A @ s)
            trial = np.clip(theta + s, *self.bounds)
            return self.accelerated(theta, Step(trial, s, free, factor, offset, expected))

    def accelerated(self, theta: FloatArray, step: Step) -> Step:
        """Anderson's, where two steps of Gauss and Newton came in a row."""
        self.rate = 0.5
        if self.damping == 0 and not self.singular and np.isfinite(self.last):
            change = step.s - self.before
            rate = abs(1 + self.scale @ (self.moved * change) / (self.scale @ self.moved**2))
            self.rate = float(rate) if np.isfinite(rate) else 0.5
            gamma = self.scale @ (change * step.s) / (self.scale @ change**2)
            if abs(gamma) < MOST_GAMMA:
                trial = np.clip(step.trial - gamma * (self.moved + change), *self.bounds)
                trial = np.where(step.free, trial, step.trial)
                step = step._replace(trial=trial, expected=0.0, sped=True)
        self.before, self.moved = step.s, step.trial - theta
        return step

    def factor(self, at: Sums, free: NDArray[np.bool_]) -> FloatArray | None:
        """Cholesky's, of A + λD for the free parameters; None where a pivot is rounding."""
        D = np.where(self.scale > 0, self.scale, 1.0)
        A = np.where(np.outer(free, free), at.A, 0.0) + np.diag(np.where(free, self.damping * D, 1))
        try:
            factor = np.linalg.cholesky(A)
        except np.linalg.LinAlgError:
            return None
        least = LEAST_PIVOT * np.maximum(np.diag(A), EPS**2 * self.scale)
        return factor if (np.diag(factor) ** 2 > least).all() else None

    def arrived(self, offset: float, rate: float) -> bool:
        """Whether the minimum is near enough, or steps that rounding hides get no shorter."""
        slow = min(max(rate, LEAST_RATE), MOST_RATE)
        near = offset * (slow / (1 - slow)) ** 2 <= self.least
        return near or (self.flat and offset >= 0.8 * self.last)

    def judge(self, at: Sums, after: Sums, step: Step) -> None:
        """Accept a trial that lowers SSE, or leaves it; damp the next one accordingly."""
        gain = at.sse - after.sse
        same = abs(gain) <= self.blur(at.sse)
        self.accepted = after.finite and (same or gain > 1e-4 * step.expected)
        self.flat = self.accepted and same
        self.wary |= not self.accepted and self.damping == 0 and not step.sped
        damping = self.next_damping(step, gain, after)
        self.last = step.offset if self.accepted and damping == self.damping else np.inf
        self.damping = damping

    def blur(self, sse: float) -> float:
        """Two SSE that differ by less may be the same: rounding of f and y."""
        unit = (8 + len(self.y) / 16) * EPS
        return float(unit * (sse + np.sqrt(sse * self.power)) + unit**2 * self.power)

    def next_damping(self, step: Step, gain: float, after: Sums) -> float:
        if not self.accepted and step.sped:
            return self.damping
        if not self.accepted:
            return 10 * max(self.damping, RAISED_LAMBDA)
        if step.offset < CLOSE * after.sse and not self.wary:
            return 0.0
        if self.flat:
            return self.damping
        if gain > 0.75 * step.expected:
            return 0.0 if self.damping < LEAST_LAMBDA else 0.1 * self.damping
        bad = gain < 0.25 * step.expected
        return 2 * max(self.damping, LEAST_LAMBDA) if bad else self.damping
