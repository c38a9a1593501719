"""Equal values give equal bits in any storage: dtype, strides, alignment, byte order, table.

Only whether X lies in rows or in columns may change the last bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bit_problems import digest, random_weights
from edges import FEATURES, THETAS, sizes
from storage import (
    DTYPES,
    MATRIX_LAYOUTS,
    VECTOR_LAYOUTS,
    lay_matrix,
    lay_table,
    lay_vector,
    small_integers,
)

import fastmse as fm
from fastmse.statistics import by_columns

BACKENDS = ["cython", "numba"]


def plain(X: Any) -> np.ndarray:
    """The same values in float64, without gaps, in rows or in columns as X is."""
    return np.array(X, np.float64, order="F" if by_columns(X) else "C")


def check(X: Any, number: int, backend: str) -> None:
    n, d = X.shape
    rng = np.random.default_rng(number)
    intercept, K = bool(rng.integers(2)), int(rng.choice([1, 1, 1, *THETAS]))
    y, theta = rng.normal(size=n), rng.normal(size=(K, d + intercept))
    options = {
        "sample_weight": random_weights(rng, n, int(rng.integers(4))),
        "grad": bool(rng.integers(4)),
        "backend": backend,
    }
    model = fm.Linear(intercept=intercept)
    found, expected = (model.evaluate(a, y, theta, **options) for a in (X, plain(X)))
    at = f"{n=} {d=} {K=} {intercept=} {number=}"
    assert digest(found, options["grad"]) == digest(expected, options["grad"]), at


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("layout", MATRIX_LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_of_a_matrix(dtype: str, layout: str, backend: str) -> None:
    """Each dtype and layout in every number of features, each of those in every size."""
    kind = DTYPES.index(dtype) * len(MATRIX_LAYOUTS) + MATRIX_LAYOUTS.index(layout)
    for number, d in enumerate(FEATURES, start=kind):
        rows = sizes(d, layout.startswith("F"))
        values = small_integers(np.random.default_rng(number), (rows[kind % len(rows)], d), dtype)
        check(lay_matrix(values, dtype, layout), number, backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("layout", ["C rows strided", "C misaligned", "F columns strided"])
@pytest.mark.parametrize("d", FEATURES)
def test_of_float64_in_every_size(d: int, layout: str, backend: str) -> None:
    for number, n in enumerate(sizes(d, layout.startswith("F")), start=d):
        values = np.random.default_rng(n).normal(size=(n, d))
        check(lay_matrix(values, "f8", layout), number, backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("d", FEATURES)
def test_of_a_table(d: int, backend: str) -> None:
    for number, n in enumerate(sizes(d, True), start=d):
        check(lay_table(np.random.default_rng(n), n, d), number, backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["f8", "f2", ">i4"])
@pytest.mark.parametrize("d", FEATURES)
def test_of_rows_and_columns_that_a_stride_repeats(d: int, dtype: str, backend: str) -> None:
    rng = np.random.default_rng(d)
    for number, n in enumerate(sizes(d, False), start=d):
        row, column, one = (small_integers(rng, shape, dtype) for shape in ((d,), (n, 1), ()))
        for values in (row, column, one):
            check(np.broadcast_to(values.astype(dtype), (n, d)), number, backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("d", [2, 8, 57])
def test_of_rows_that_share_memory(d: int, order: str, backend: str) -> None:
    """Windows that slide along a series."""
    for number, n in enumerate(sizes(d, order == "F"), start=d):
        series = np.random.default_rng(n).normal(size=n + d - 1)
        windows = np.lib.stride_tricks.sliding_window_view(series, d if order == "C" else n)
        check(windows if order == "C" else windows.T, number, backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("layout", [*VECTOR_LAYOUTS, "repeated"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_of_y_and_the_weights(dtype: str, layout: str, backend: str) -> None:
    """And of predictions, which are such vectors."""
    model = fm.Linear()
    for d, order in ((2, "C"), (5, "F"), (9, "C"), (57, "C")):
        for n in sizes(d, order == "F"):
            rng = np.random.default_rng(n)
            X, theta = np.asarray(rng.normal(size=(n, d)), order=order), rng.normal(size=(2, d))
            y, w = small_integers(rng, (n,), dtype), np.abs(small_integers(rng, (n,), dtype))
            w[0] = 1
            stored = lay_vector(y, dtype, layout), lay_vector(w, dtype, layout)
            if layout == "repeated":
                stored = tuple(np.broadcast_to(a.astype(a.dtype)[:1], n) for a in stored)
            plain_y, plain_w = (np.array(a, np.float64) for a in stored)
            for k in (None, 0):
                weights = (None, None) if k is None else (stored[1], plain_w)
                found, expected = (
                    model.evaluate(X, a, theta, sample_weight=b, backend=backend)
                    for a, b in zip((stored[0], plain_y), weights, strict=True)
                )
                assert digest(found) == digest(expected), (n, d, weights)
                found, expected = (
                    fm.evaluate(a, X[:, 0], sample_weight=b, backend=backend)
                    for a, b in zip((stored[0], plain_y), weights, strict=True)
                )
                assert digest(found) == digest(expected), (n, weights)
