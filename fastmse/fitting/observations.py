"""The rows of a nonlinear fit: what is asked of them besides the sums at θ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmse.fitting import survey
from fastmse.fitting.linear import Blocks
from fastmse.weighting import Weighting


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Rows past the gate: X (n, q), y (n,), weight (n,) or None; names of the variables."""

    X: Any
    y: Any
    weight: Any
    weighting: Weighting
    variables: tuple[str, ...]
    weight_type: str

    @property
    def count(self) -> float:
        """N: Σ w of frequency weights, the rows of positive weight of precision weights."""
        n, weight_sum = self.weighting
        return weight_sum if self.weight_type == "frequency" else float(n)

    @property
    def log_weight_sum(self) -> float:
        """Σ log w of precision weights, else 0."""
        weighted = self.weight is not None and self.weight_type == "precision"
        return survey.log_weight_sum(self.weight) if weighted else 0.0

    def blocks(self) -> Blocks:
        """The rows as `Fit.robust` reads them."""
        return Blocks(lambda: [(self.X, self.y, self.weight)], self.variables, "y")

    def squares(self) -> tuple[float, float]:
        """Σ w (y − ȳ)² and Σ w y²; ValueError for NaN and infinity in a row of weight > 0."""
        survey.check_finite(self.X, self.y, self.weight, self.variables, "y")
        nothing = np.empty((len(self.y), 0))
        of_y = survey.survey(nothing, self.y, self.weight, (), "y", centred=True)
        length, mean = float(of_y.length[-1]), float(of_y.mean[-1])
        return length**2, math.hypot(length, mean * math.sqrt(of_y.weight_sum)) ** 2
