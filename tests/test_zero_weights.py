"""A weight of zero drops its row, whatever it holds: NaN and infinity change no bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from bit_problems import digest
from edges import FEATURES
from storage import lay_matrix

import fastmse as fm
from fastmse.columns import Columns
from fastmse.statistics import block_rows

# Rows that weigh nothing: here and there, single ones among many, at either end, nearly all.
PATTERNS: dict[str, Callable[[int], slice | list[int]]] = {
    "every seventh": lambda n: slice(0, n, 7),
    "single": lambda n: [3, 64, n // 2],
    "the first": lambda n: slice(0, 5),
    "the last": lambda n: slice(n - 3, n),
    "all but the last": lambda n: slice(0, n - 1),
}
KINDS = ["f8 C", "f8 F", "f8 C rows strided", "f4 C", "f4 F", "f2 C", "table"]


def stored(values: np.ndarray, kind: str) -> np.ndarray | Columns:
    if kind == "table":
        return Columns(list(values.T), [f"x{j}" for j in range(values.shape[1])], len(values))
    dtype, _, layout = kind.partition(" ")
    return lay_matrix(values, dtype, layout)


@pytest.mark.parametrize("backend", ["cython", "numba"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("d", [0, *FEATURES])
def test_of_the_linear_model(d: int, kind: str, backend: str) -> None:
    n = min(block_rows(d, "C" not in kind), 700) + 3
    rng = np.random.default_rng(d)
    values, y = rng.integers(-60, 60, (n, d)).astype(float), rng.normal(size=n)
    theta = rng.normal(size=(3, d + 1))
    model = fm.Linear(intercept=True)
    for name, pattern in PATTERNS.items():
        w, X, truth = rng.random(n), values.copy(), y.copy()
        w[pattern(n)] = 0
        clean = [
            digest(model.evaluate(stored(X, kind), y, at, sample_weight=w, backend=backend))
            for at in (theta, theta[0])
        ]
        for bad in (np.nan, -np.inf):
            X[pattern(n)], truth[pattern(n)] = bad, bad
            dirty = [
                digest(model.evaluate(stored(X, kind), truth, at, sample_weight=w, backend=backend))
                for at in (theta, theta[0])
            ]
            assert dirty == clean, (name, bad, n)


@pytest.mark.parametrize("backend", ["cython", "numba"])
@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("n", [100, 127, 128, 129, 4100])
def test_of_predictions(n: int, name: str, backend: str) -> None:
    rng = np.random.default_rng(n)
    y, f = rng.normal(size=(2, n))
    w, rows = rng.random(n), PATTERNS[name](n)
    w[rows] = 0
    clean = digest(fm.evaluate(y, f, sample_weight=w, backend=backend))
    for bad in (np.nan, -np.inf):
        for a, b in ((y, f), (f, y)):
            dirty = a.copy()
            dirty[rows] = bad
            given = (dirty, b) if a is y else (b, dirty)
            assert digest(fm.evaluate(*given, sample_weight=w, backend=backend)) == clean
