"""Least squares of a nonlinear model on some rows, as functions of θ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fastmse.kernels.scalars import Sums
from fastmse.models.passes import Totals
from fastmse.weighting import Weighting

Pass = Callable[[np.ndarray, Sums], Totals]
"""`Passes`, or those of a device."""


class Normal(NamedTuple):
    """With r = f(x; θ) − y: the sums that steps of a fit are made of."""

    sse: float
    "Σ w r²"
    gradient: np.ndarray
    "Σ w r ∂f, (p,)"
    normal: np.ndarray
    "Σ w ∂f ∂fᵀ, (p, p); of `Objective.hessian` Σ w (∂f ∂fᵀ + r ∂²f)"
    weighting: Weighting


class Objective:
    """(MSE, ∇θ MSE) at θ, when called; one pass over the data each time.

    For ``scipy.optimize.minimize(..., jac=True)``. Each method gives the bits of the model's own.
    """

    def __init__(self, passes: Pass, parameters: Callable[[Any], Any], has_hessian: bool) -> None:
        self._passes = passes
        self._parameters = parameters
        self.has_hessian = has_hessian

    def __call__(self, theta: Any) -> tuple[Any, Any]:
        """(float, (p,)); ((K,), (K, p)) at K parameter vectors (K, p)."""
        theta, single = self._parameters(theta)
        at = self._passes(theta, Sums.GRADIENT)
        mse = at.sse / at.weighting.weight_sum
        gradient = at.gradient * 2.0 / at.weighting.weight_sum
        return (float(mse[0]), gradient[0]) if single else (mse, gradient)

    def normal(self, theta: Any) -> Normal:
        """The sums at θ (p,), with Gauss and Newton's matrix."""
        return self._sums(theta, Sums.NORMAL)

    @property
    def hessian(self) -> Callable[[Any], Normal] | None:
        """The sums with the Hessian of SSE/2; None for a model without second derivatives."""
        return self._hessian if self.has_hessian else None

    def _hessian(self, theta: Any) -> Normal:
        return self._sums(theta, Sums.HESSIAN)

    def _sums(self, theta: Any, sums: Sums) -> Normal:
        theta, _ = self._parameters(theta)
        at = self._passes(theta, sums)
        assert at.normal is not None
        return Normal(float(at.sse[0]), at.gradient[0], at.normal[0], at.weighting)
