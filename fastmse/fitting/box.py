"""A step that minimises a quadratic inside a box, gᵀz + ½ zᵀBz for lower ≤ z ≤ upper.

Parameters that the minimum puts beyond a bound are set on it, and the others solved for anew: at
most p times, O(p⁴). The sets only grow, so the step is not always the best inside the box, but at
θ on a bound with the gradient pointing out, and where no bound is met, it is.

Source: Kanzow, Yamashita, Fukushima, "Levenberg-Marquardt methods with strong local convergence
properties for solving nonlinear equations with convex constraints", JCAM 172 (2004).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastmse.gaussian import FloatArray


def held(gradient: FloatArray, lower: FloatArray, upper: FloatArray) -> NDArray[np.bool_]:
    """The parameters on a bound that −g points beyond, and those between two equal ones."""
    at_lower, at_upper = lower >= 0, upper <= 0
    return (at_lower & (gradient > 0)) | (at_upper & (gradient < 0)) | (at_lower & at_upper)


def box_step(
    B: FloatArray, g: FloatArray, lower: FloatArray, upper: FloatArray
) -> FloatArray | None:
    """The step z, (p,); None if B is not positive definite on the parameters off their bounds."""
    fixed = held(g, lower, upper)
    z = np.zeros(len(g))
    while not fixed.all():
        free = ~fixed
        solved = solve_positive(B[np.ix_(free, free)], g[free] + B[np.ix_(free, fixed)] @ z[fixed])
        if solved is None:
            return None
        z[free] = -solved
        beyond = (z < lower) | (z > upper)
        if not beyond.any():
            break
        z = np.clip(z, lower, upper)
        fixed = fixed | beyond
    return z


def solve_positive(B: FloatArray, g: FloatArray) -> FloatArray | None:
    """B⁻¹ g by Cholesky; None if B is not positive definite."""
    try:
        L = np.linalg.cholesky(B)
    except np.linalg.LinAlgError:
        return None
    solution = np.linalg.solve(L.T, np.linalg.solve(L, g))
    return solution if np.isfinite(solution).all() else None
