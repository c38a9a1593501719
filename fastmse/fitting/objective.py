"""What a nonlinear fit asks of its data: sums at any θ, O(p²) numbers from one pass.

With r = f(x; θ) − y, half the sum of squares has

    gradient  Σ w r ∂f,    Gauss-Newton matrix  Σ w ∂f ∂fᵀ,    Hessian  Σ w (∂f ∂fᵀ + r ∂²f)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from fastmse.gaussian import FloatArray


class Normal(Protocol):
    """Σ w r², its half's gradient (p,), and a matrix (p, p): Gauss and Newton's, or Hesse's."""

    @property
    def sse(self) -> float: ...

    @property
    def gradient(self) -> FloatArray: ...

    @property
    def normal(self) -> FloatArray: ...


class Objective(Protocol):
    """Least squares of a model on some data."""

    def normal(self, theta: FloatArray) -> Normal:
        """The sums with the Gauss-Newton matrix."""

    @property
    def hessian(self) -> Callable[[FloatArray], Normal] | None:
        """The sums with the Hessian; None for a model without second derivatives."""


def is_finite(at: Normal) -> bool:
    """Whether neither the model nor a sum left the range of float64."""
    return bool(
        np.isfinite(at.sse) and np.isfinite(at.gradient).all() and np.isfinite(at.normal).all()
    )
