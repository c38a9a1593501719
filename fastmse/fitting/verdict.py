"""Whether θ is the minimum, as far as sums in float64 can tell, and what the data determine there.

In the scale of its diagonal A = Σ w ∂f ∂fᵀ has eigenvalues e and vectors v. The step to go has the
length δ = √Σ (vᵀg)²/e in the metric of the standard errors times s: δ ≤ tol · s says that no
combination of parameters is off by more than `tol` of its standard error, Bates and Watts's
relative offset. Rounding of g bounds δ from below:

    noise = 16 eps (√SSE + √Σ w y²) / √min e

for gⱼ sums products of residuals, which carry the rounding of y and f, with ∂ⱼf.

Source: Bates and Watts, "A relative offset orthogonality convergence criterion for nonlinear least
squares", Technometrics 23 (1981) 179.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastmse.fitting.box import held
from fastmse.fitting.objective import Normal
from fastmse.fitting.problem import Search
from fastmse.gaussian import FloatArray

EPS = float(np.finfo(float).eps)

ROUNDINGS = 16
"""Of a product in the gradient, in units of eps: 8 of the sums, and some of the model."""

SINGULAR = 16 * EPS
"""Eigenvalues up to p times this may be rounding of A."""

OFF = 1e-6
"""Part of s that counts as the minimum if steps get no further, whatever the reason."""

MOST_OFF, MOST_OFF_EXACT = 1e-3, 1e-8
"""Noise up to these parts of s, or of √Σ w y², still counts as the minimum."""

SHARE = 0.1
"""Parameters with this share in a direction that the data do not determine are named."""


class Curvature(NamedTuple):
    """What A says at θ about the parameters that no bound holds.

    Attributes
    ----------
    free : (p,) ndarray of bool
    rank : int
    condition : float
        Column-scaled κ₂ of the derivatives of the free parameters.
    undetermined : tuple of int
        Parameters that SSE does not depend on, alone or in combination.
    length, noise : float
        δ, and what rounding makes of it.
    """

    free: NDArray[np.bool_]
    rank: int
    condition: float
    undetermined: tuple[int, ...]
    length: float
    noise: float


@dataclass(frozen=True, slots=True)
class Precision:
    """What is near enough: `tol` standard errors, or rounding.

    Attributes
    ----------
    tol : float
    size : float
        √Σ w y².
    dof : float
        Degrees of freedom of s² = SSE/dof.
    """

    tol: float
    size: float
    dof: float

    def curvature(self, search: Search, at: Normal) -> Curvature:
        """The analysis of A at the search's θ."""
        quadratic = search.quadratic(at)
        free = ~held(quadratic.g, quadratic.lower, quadratic.upper)
        index = np.flatnonzero(free)
        A, g = at.normal[np.ix_(free, free)], at.gradient[free]
        scale = np.sqrt(np.maximum(np.diag(A), 0.0))
        dead = scale <= np.sqrt(SINGULAR) * EPS * search.scale[free]
        scale = np.where(dead, 1.0, scale)
        e, V = np.linalg.eigh(np.where(dead | dead[:, None], 0.0, A / scale / scale[:, None]))
        kept = e > SINGULAR * len(index)
        null = (V[:, ~kept] ** 2).max(axis=1, initial=0.0)
        least = e[kept].min(initial=1.0)
        return Curvature(
            free=free,
            rank=int(kept.sum()),
            condition=float(np.sqrt(e.max(initial=1.0) / least)) if kept.all() else np.inf,
            undetermined=tuple(index[null > SHARE**2].tolist()),
            length=float(np.linalg.norm((V.T @ (g / scale))[kept] / np.sqrt(e[kept]))),
            noise=ROUNDINGS * EPS * (np.sqrt(at.sse) + self.size) / float(np.sqrt(least)),
        )

    def is_near(self, search: Search, near: float) -> bool:
        """Whether |r| can fall no more than by the part `near`, or by rounding."""
        found = self.curvature(search, search.at)
        return bool(found.length <= max(near * np.sqrt(search.at.sse), found.noise))

    def is_enough(self, length: float, at: Normal) -> bool:
        """Whether δ is below `tol`."""
        return bool(length <= self.tol * np.sqrt(at.sse / self.dof))

    def at_end(self, search: Search) -> bool:
        """Whether δ is below `tol`, or rounding."""
        found = self.curvature(search, search.at)
        return found.length <= found.noise or self.is_enough(found.length, search.at)

    def at_minimum(self, search: Search) -> bool:
        """Whether steps that got no further ended at the minimum."""
        found = self.curvature(search, search.at)
        s = np.sqrt(search.at.sse / self.dof)
        most = max(MOST_OFF * s, MOST_OFF_EXACT * self.size)
        enough = max(self.tol, OFF) * s
        return bool(found.length <= max(enough, min(found.noise, most)))
