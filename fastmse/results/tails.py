"""Tails and quantiles of Student's t and Fisher's F.

From scipy.special (0.13 s to import, when first needed), not scipy.stats (0.5 s). Degrees of
freedom need not be whole numbers: frequencies may be fractions.
"""

from __future__ import annotations

import numpy as np

from fastmse.gaussian import FloatArray


def t_two_sided(t: FloatArray, dof: float) -> FloatArray:
    """P(|T| > |t|) = 2 F(−|t|; dof), elementwise: from the lower tail, which keeps its digits."""
    from scipy.special import stdtr

    return np.asarray(2 * stdtr(dof, -np.abs(t)))


def t_half_width(level: float, dof: float) -> float:
    """Quantile q with P(|T| ≤ q) = level; ValueError unless 0 < level < 1."""
    from scipy.special import stdtrit

    if not 0 < level < 1:
        raise ValueError(f"level: got {level}; want a number between 0 and 1")
    return -float(stdtrit(dof, (1 - level) / 2))


def f_upper(f: float, dof1: float, dof2: float) -> float:
    """P(F > f) with dof1 and dof2 degrees of freedom."""
    from scipy.special import fdtrc

    return float(fdtrc(dof1, dof2, f))
