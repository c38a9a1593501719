"""K thetas share one pass; row k has the bits of theta[k] alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bit_problems import random_weights
from edges import FEATURES, THETAS, sizes
from storage import lay_matrix, lay_table, small_integers

import fastmse as fm

BACKENDS = ["cython", "numba"]

# In place by rows and by columns, in place with gaps, and by way of a copy.
STORAGE = [("f8", "C"), ("f8", "F"), ("f8", "C rows strided"), ("f4", "C"), ("i1", "F")]


def check(X: Any, number: int, backend: str) -> None:
    n, d = X.shape
    rng = np.random.default_rng(number)
    intercept, K = bool(rng.integers(2)), [1, *THETAS][number % (len(THETAS) + 1)]
    y, theta = rng.normal(size=n), rng.normal(size=(K, d + intercept))
    w = random_weights(rng, n, int(rng.integers(4)))
    model = fm.Linear(intercept=intercept)
    together = model.evaluate(X, y, theta, sample_weight=w, backend=backend)
    assert together.grad.shape == theta.shape
    for k in range(K):
        alone = model.evaluate(X, y, theta[k], sample_weight=w, backend=backend)
        at = f"{n=} {d=} {K=} {k=} {intercept=} weights={w is not None} {number=}"
        assert together.sse[k] == alone.sse, at
        assert together.mse[k] == alone.mse, at
        assert together.grad[k].tobytes() == alone.grad.tobytes(), at


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("dtype", "layout"), STORAGE)
@pytest.mark.parametrize("d", FEATURES)
def test_of_a_matrix(d: int, dtype: str, layout: str, backend: str) -> None:
    for number, n in enumerate(sizes(d, layout == "F"), start=d):
        values = small_integers(np.random.default_rng(n), (n, d), dtype)
        check(lay_matrix(values, dtype, layout), number, backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("d", FEATURES)
def test_of_a_table(d: int, backend: str) -> None:
    for number, n in enumerate(sizes(d, True), start=d):
        check(lay_table(np.random.default_rng(n), n, d), number, backend)
