"""What a node holds of a model's rows at K parameter vectors."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fastmse.statistics import BlockCounter
from fastmse.weighting import Weighting, checked


class ThetaSums(NamedTuple):
    """SSE and W in double-double, the high parts before the low ones; the numbers of zero and of
    invalid weights; `each` plain sums for every θ. W and the two numbers only of `weighted` rows.
    """

    K: int
    each: int
    weighted: bool

    @property
    def n_double(self) -> int:
        return self.K + self.weighted

    def counter(self) -> BlockCounter:
        return BlockCounter(self.n_double, 2 * self.weighted + self.K * self.each)

    def weighting(self, total: np.ndarray, n: int, sample_weight: Any) -> Weighting:
        if not self.weighted:
            return Weighting(n, float(n))
        k = self.n_double
        weight_sum = float(total[k - 1] + total[2 * k - 1])
        return checked(n, weight_sum, total[2 * k : 2 * k + 2], sample_weight)

    def sse(self, total: np.ndarray) -> np.ndarray:
        """(K,)"""
        sse: np.ndarray = total[: self.K] + total[self.n_double : self.n_double + self.K]
        return sse

    def plain(self, total: np.ndarray) -> np.ndarray:
        """(K, each), a view"""
        return total[2 * (self.n_double + self.weighted) :].reshape(self.K, self.each)
