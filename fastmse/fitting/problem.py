"""A nonlinear least-squares problem, and where the search for its minimum is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np

from fastmse.fitting.bounds import Bounds
from fastmse.fitting.box import box_step
from fastmse.fitting.objective import Normal, Objective
from fastmse.gaussian import FloatArray

Callback: TypeAlias = Callable[[int, FloatArray, float], object]


EPS = float(np.finfo(float).eps)

SINGULAR = 16 * EPS
"""Eigenvalues of a scaled matrix up to p times this may be rounding."""


TINY = 2.0**-42
"""Part of a parameter, 2·10⁻¹³: the step after one that short is rounding."""


class Quadratic(NamedTuple):
    """SSE/2 about θ, less its value: gᵀz + ½ zᵀBz of the scaled step z, and the bounds on that."""

    B: FloatArray
    g: FloatArray
    lower: FloatArray
    upper: FloatArray

    def step(self, damping: float = 0.0) -> FloatArray | None:
        """The minimum of the quadratic + ½ damping |z|² in the box; None without one."""
        B = self.B + damping * np.eye(len(self.g))
        return box_step(B, self.g, self.lower, self.upper)

    def undamped(self) -> FloatArray | None:
        """The step without damping, but for rounding where B is singular."""
        z = self.step()
        return self.step(SINGULAR * len(self.g)) if z is None else z

    def gain(self, z: FloatArray) -> float:
        """What the quadratic expects SSE to fall by."""
        return -float(2 * self.g @ z + z @ self.B @ z)

    def length(self, z: FloatArray) -> float:
        """√(−gᵀz): without bounds √(gᵀB⁻¹g), what |r| loses in the tangent plane."""
        return float(np.sqrt(max(-float(self.g @ z), 0.0)))


@dataclass(slots=True, eq=False)
class Search:
    """The best θ so far, the sums there, and what the search has cost.

    Attributes
    ----------
    objective, bounds, callback
    max_iter : int
        Steps that may be tried.
    scale : (p,) ndarray
        A power of two for each parameter, up to twice the largest √Σ w (∂f)² so far (Moré's
        scaling), so that scaling rounds nothing; 0 where all derivatives were 0.
    """

    objective: Objective
    bounds: Bounds
    theta: FloatArray
    max_iter: int
    callback: Callback | None = None
    at: Normal = field(init=False)
    scale: FloatArray = field(init=False)
    n_iter: int = 0
    passes: int = 0
    stopped: bool = False

    def __post_init__(self) -> None:
        self.scale = np.zeros(len(self.theta))
        self.move(self.theta, self.evaluate(self.theta))

    @property
    def over(self) -> bool:
        """Whether no further step may be tried."""
        return self.stopped or self.n_iter >= self.max_iter

    def evaluate(self, theta: FloatArray, *, exact: bool = False) -> Normal:
        """One pass: the sums at θ, with the Hessian if `exact`."""
        self.passes += 1
        if not exact:
            return self.objective.normal(theta)
        assert self.objective.hessian is not None
        return self.objective.hessian(theta)

    def move(self, theta: FloatArray, at: Normal, *, exact: bool = False) -> None:
        """Go to θ."""
        self.theta, self.at = theta, at
        if not exact:
            self.scale = np.maximum(self.scale, lengths(at.normal))

    def forget(self) -> None:
        """Scale by the derivatives at θ alone."""
        self.scale = lengths(self.at.normal)

    def tried(self) -> None:
        """Count a step, taken or not, and tell the callback the best so far."""
        self.n_iter += 1
        if self.callback is not None:
            try:
                self.callback(self.n_iter, self.theta.copy(), float(self.at.sse))
            except StopIteration:
                self.stopped = True

    def quadratic(self, at: Normal, theta: FloatArray | None = None) -> Quadratic:
        """The quadratic about θ, or about another, in scaled steps; `at` are the sums there."""
        d = np.where(self.scale > 0, self.scale, 1.0)
        lower, upper = (
            d * (side - (self.theta if theta is None else theta)) for side in self.bounds
        )
        return Quadratic(at.normal / d / d[:, None], at.gradient / d, lower, upper)

    def is_tiny(self, z: FloatArray | None) -> bool:
        """Whether a scaled step is no more than `TINY` of every parameter."""
        return z is not None and bool((np.abs(z) <= TINY * self.scale * np.abs(self.theta)).all())

    def reached(self, z: FloatArray) -> FloatArray:
        """θ after a scaled step."""
        return self.bounds.put(self.theta, z / np.where(self.scale > 0, self.scale, 1.0))


def lengths(normal: FloatArray) -> FloatArray:
    """√Σ w (∂f)² of each parameter, rounded up to a power of two; 0 of 0, and of a negative."""
    mantissa, exponent = np.frexp(np.sqrt(np.maximum(np.diag(normal), 0.0)))
    return np.ldexp(np.where(mantissa > 0, 1.0, 0.0), exponent)
