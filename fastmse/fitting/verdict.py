"""Whether θ is the minimum, as far as sums in float64 can tell, and what the data determine there.

In the scale of its diagonal A = Σ w ∂f ∂fᵀ has eigenvalues e and vectors v. The step to go has the
length δ = √Σ (vᵀg)²/e in the metric of the standard errors times s: δ ≤ tol · s says that no
combination of parameters is off by more than `tol` of its standard error, Bates and Watts's
relative offset. Rounding bounds δ from below:

    noise = 16 eps √SSE / √min e + 2⁻⁴² √Σ w y²

The first is that of the products and sums in gⱼ = Σ w r ∂ⱼf, which nearly dependent derivatives
magnify; the second that of f and y, which no fit gets below, be it perfect: some eps times what
functions magnify, sin(1000 x) its argument's rounding by 1000.

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
from fastmse.fitting.problem import EPS, SINGULAR, Search

OF_SUMS, OF_VALUES = 16 * EPS, 2.0**-42
"""Rounding of a product in the gradient, 8 eps of which are the sums', and of f, at the most."""

LEAST = 16 * EPS
"""Part of √Σ w y² below which steps are Newton's, for SSE is rounding."""

OFF = 1e-6
"""Part of s that counts as the minimum if steps get no further, whatever the reason."""

MOST_OFF = 1e-3
"""Rounding of sums up to this part of s still counts as the minimum."""

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
        δ, and what rounding of sums makes of it.
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
            noise=OF_SUMS * float(np.sqrt(at.sse / least)),
        )

    @property
    def floor(self) -> float:
        """What rounding of f and y makes of δ."""
        return OF_VALUES * self.size

    def is_near(self, search: Search, near: float) -> bool:
        """Whether |r| can fall no more than by the part `near`, or by rounding."""
        found = self.curvature(search, search.at)
        return bool(found.length <= max(near * np.sqrt(search.at.sse), LEAST * self.size))

    def is_enough(self, length: float, at: Normal) -> bool:
        """Whether δ is below `tol`."""
        return bool(length <= self.tol * np.sqrt(at.sse / self.dof))

    def at_end(self, search: Search) -> bool:
        """Whether δ is below `tol`, or rounding."""
        found = self.curvature(search, search.at)
        rounding = found.length <= found.noise + self.floor
        return rounding or self.is_enough(found.length, search.at)

    def at_minimum(self, search: Search) -> bool:
        """Whether steps that got no further ended at the minimum."""
        found = self.curvature(search, search.at)
        s = np.sqrt(search.at.sse / self.dof)
        noise = min(found.noise, MOST_OFF * s) + self.floor
        return bool(found.length <= max(self.tol * s, OFF * s, noise))
