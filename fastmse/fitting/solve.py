"""Least squares from a Gram matrix, by the sweep operator in double-double.

Sweeping the columns S of G leaves, in place and for all at once (Goodnight 1979),

    −(Z_SᵀZ_S)⁻¹          coefficients of the other columns on S
    their transpose       the other columns' Gram matrix, S regressed out

so that after the intercept and the features the column of y holds θ̂, its diagonal element SSE,
and a feature that is a combination of those before it has nothing left: it is not swept, and its
column holds the combination. Cost: p³ products in double-double.

Source: Goodnight, "A tutorial on the SWEEP operator", The American Statistician 33 (1979) 149.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastmse.fitting.double_double import DoubleDouble
from fastmse.fitting.frame import Frame

FloatArray: TypeAlias = NDArray[np.float64]

UNIT = {"double": 2.0**-52, "double-double": 2.0**-101}
"""Rounding of an element of G."""

ROUNDING_OF_DATA = (64 * 2.0**-53) ** 2
"""What is left of a column, squared, when it is a combination up to 64 roundings of its values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Least squares in the units of the data.

    Attributes
    ----------
    theta : (p,) ndarray
    cov_unscaled : (p, p) ndarray or None
        (XᵀWX)⁻¹; None if the rank is deficient or ``l2 > 0``.
    sse, sst : float
    condition : float
        Column-scaled κ₂ of the features, centred if there is an intercept; inf if the rank is
        deficient.
    dependent : tuple of int
        Features that are linear combinations of those before them.
    error : float
        Bound on the relative error of any coefficient that rounding in G leads to.
    """

    theta: FloatArray
    cov_unscaled: FloatArray | None
    sse: float
    sst: float
    condition: float
    dependent: tuple[int, ...]
    error: float
