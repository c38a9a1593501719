"""Fits made of statsmodels' own primary numbers (params, normalized_cov_params, ssr, ...).

What is compared is the formula of each derived number, so a few eps suffice.
"""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from fastmse.results import Fit

CASES = ["intercept", "origin", "frequency", "precision"]


class Problem:
    """A regression of 60 rows, its statsmodels result, and the Fit of the same numbers."""

    def __init__(self, case: str, seed: int = 5):
        rng = np.random.default_rng(seed)
        self.intercept = case != "origin"
        self.weight_type = "precision" if case == "precision" else "frequency"
        self.X = rng.normal(1, 2, (60, 3))
        noise = rng.normal(size=60) * (0.5 + np.abs(self.X[:, 0]))
        self.y = 3 + self.X @ [1.0, -0.2, 0.02] + noise
        self.w = {
            "frequency": rng.integers(1, 5, 60).astype(float),
            "precision": rng.uniform(0.1, 3, 60),
        }.get(case)
        self.D = sm.add_constant(self.X) if self.intercept else self.X
        self.expected = self.statsmodels()
        self.fit = self.make()

    def statsmodels(self):
        if self.w is None:
            return sm.OLS(self.y, self.D).fit()
        if self.weight_type == "precision":
            return sm.WLS(self.y, self.D, weights=self.w).fit()
        repeats = self.w.astype(int)
        return sm.OLS(self.y.repeat(repeats), self.D.repeat(repeats, axis=0)).fit()

    def rows(self):
        """Blocks of uneven length."""
        for part in np.split(np.arange(60), [1, 20, 20, 57]):
            yield self.X[part], self.y[part], None if self.w is None else self.w[part]

    def make(self, **changes) -> Fit:
        r = self.expected
        precision = self.weight_type == "precision"
        values = {
            "theta": r.params,
            "names": ("intercept", "x0", "x1", "x2")[not self.intercept :],
            "cov_unscaled": r.normalized_cov_params,
            "n": 60,
            "weight_sum": 60.0 if self.w is None else float(self.w.sum()),
            "sse": float(r.ssr),
            "sst": float(r.centered_tss if self.intercept else r.uncentered_tss),
            "log_weight_sum": float(np.log(self.w).sum()) if precision else 0.0,
            "weight_type": self.weight_type,
            "intercept": self.intercept,
            "condition": 3.1,
            "rank": len(r.params),
            "method": "gram",
            "passes": 2,
            "rows": self.rows,
        }
        return Fit(**values | changes)


each_problem = pytest.mark.parametrize("problem", [Problem(case) for case in CASES], ids=CASES)

# R's data(cars)
SPEED = np.array([
    4, 4, 7, 7, 8, 9, 10, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15,
    15, 16, 16, 17, 17, 17, 18, 18, 18, 18, 19, 19, 19, 20, 20, 20, 20, 20, 22, 23, 24, 24, 24, 24,
    25,
])  # fmt: skip
DIST = np.array([
    2, 10, 4, 22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28, 26, 34, 34, 46, 26, 36, 60, 80, 20,
    26, 54, 32, 40, 32, 40, 50, 42, 56, 76, 84, 36, 46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92, 93,
    120, 85,
])  # fmt: skip


def cars() -> Fit:
    """dist ~ speed of R's data(cars)."""
    D = np.column_stack((np.ones(50), SPEED))
    inverse = np.linalg.inv(D.T @ D)
    theta = inverse @ D.T @ DIST
    return Fit(
        theta=theta,
        names=("intercept", "speed"),
        cov_unscaled=inverse,
        n=50,
        weight_sum=50.0,
        sse=float(np.sum((DIST - D @ theta) ** 2)),
        sst=float(np.sum((DIST - DIST.mean()) ** 2)),
        intercept=True,
        condition=6.2,
        rank=2,
        method="gram",
        passes=2,
        target="dist",
    )
