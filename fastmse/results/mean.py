"""The mean f(x; θ) that a fit is about, for rows that are at hand: what it predicts by.

`Fit` knows no model: it asks one of these for f and its derivatives by θ, in blocks of rows. With
them in place of the features, the delta method's intervals and the robust standard errors of any
model are those of a linear one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from fastmse.columns import Array, Columns
from fastmse.gaussian import FloatArray
from fastmse.results.features import features


class Mean(Protocol):
    """f(x; θ). It must pickle: a fit does."""

    @property
    def linear(self) -> bool:
        """Whether f is linear in θ: then the F test is about its slopes."""

    @property
    def centred(self) -> bool:
        """Whether a constant is the model that R² compares with, rather than 0."""

    def features(self, X: Any) -> Array | Columns:
        """Check X and return it as (m, q) in its own dtypes."""

    def at(self, X: FloatArray, theta: FloatArray) -> FloatArray:
        """f of each row, (m, q) -> (m,)."""

    def jacobian(self, X: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """f of each row and its derivatives, (m,) and (m, p)."""


@dataclass(frozen=True, slots=True)
class LinearMean:
    """f = θᵀx, with the intercept's 1 before the features if there is one."""

    names: tuple[str, ...]
    intercept: bool

    @property
    def linear(self) -> bool:
        """f is."""
        return True

    @property
    def centred(self) -> bool:
        """Only an intercept makes a constant one of its values, as in R."""
        return self.intercept

    def features(self, X: Any) -> Array | Columns:
        """X, in the order of the fit; a table's columns must have the names of the fit."""
        return features(X, self.names)

    def at(self, X: FloatArray, theta: FloatArray) -> FloatArray:
        """X θ."""
        return np.asarray(self._design(X) @ theta)

    def jacobian(self, X: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """X θ, and the design rows themselves."""
        D = self._design(X)
        return D @ theta, D

    def _design(self, X: FloatArray) -> FloatArray:
        return np.column_stack((np.ones(len(X)), X)) if self.intercept else X
