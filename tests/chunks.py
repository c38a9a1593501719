"""Rows of wild scales, and fm.SufficientStatistics of them, to compare bit by bit."""

from __future__ import annotations

import numpy as np

import fastmse as fm

N = 9500  # two blocks of 4096 and a part of one


def data(n=N, d=3, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * 10.0 ** rng.integers(-5, 6, d) + rng.choice([0.0, 1e4])
    y = (X / X.std(axis=0)).sum(axis=1) + noise * rng.standard_normal(n)
    return X, y, rng.uniform(0.1, 2, n) * (rng.random(n) > 0.1)


def gathered(X, y, weight=None, *, intercept=True, **options):
    statistics = fm.SufficientStatistics(X.shape[1], intercept=intercept, **options)
    statistics.update(X, y, weight)
    return statistics


def bits(statistics):
    fitted = statistics.fit()
    numbers = [fitted.sse, fitted.sst, fitted.condition, statistics.weight_sum]
    return b"".join(a.tobytes() for a in (fitted.theta, fitted.cov_unscaled, np.array(numbers)))
