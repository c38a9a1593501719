"""Equal values give equal bits in any storage: dtype, strides, alignment, byte order, table.

Only whether X lies in rows or in columns may change the last bits.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from bit_problems import digest, random_weights
from edges import FEATURES, THETAS, sizes
from storage import (
    DTYPES,
    MATRIX_LAYOUTS,
    VECTOR_LAYOUTS,
    dtype_of,
    lay_matrix,
    lay_table,
    lay_vector,
    small_integers,
)

import fastmse as fm
from fastmse.statistics import block_rows, by_columns

BACKENDS = ["cython", "numba"]

# In place, or decoded on the way to the sums.
READ_BY_VECTORS = [(dtype, "C") for dtype in ("f4", "f2", "bfloat16", "i1", "u1", "i2", "i4")]
READ_BY_VECTORS += [("f8", "C rows strided"), ("f4", "C rows strided"), ("f4", "C misaligned")]
READ_BY_VECTORS += [("f8", "C misaligned"), ("f8", "F columns strided"), ("f4", "F")]


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
@pytest.mark.parametrize(("dtype", "layout"), READ_BY_VECTORS)
@pytest.mark.parametrize("d", FEATURES)
def test_of_every_size(d: int, dtype: str, layout: str, backend: str) -> None:
    """Half of the sizes each, so that every number of features meets all of them."""
    half = (d + READ_BY_VECTORS.index((dtype, layout))) % 2
    for number, n in enumerate(sizes(d, layout.startswith("F"))[half::2], start=d):
        values = small_integers(np.random.default_rng(n), (n, d), dtype)
        check(lay_matrix(values, dtype, layout), number, backend)


def every_value(dtype: str) -> np.ndarray:
    """All of its finite values, or 2^16 of them, by magnitude: no sum hides the small ones."""
    bits = np.dtype(f"u{dtype_of(dtype).itemsize}")
    every = np.arange(2**16) % 2 ** min(8 * bits.itemsize, 16)
    if bits.itemsize > 2:
        every = np.random.default_rng(0).integers(0, 2 ** (8 * bits.itemsize), 2**16)
        every[:32] = 2 ** np.arange(32)
    values = every.astype(bits).view(dtype_of(dtype))
    with np.errstate(invalid="ignore"):  # signalling NaN
        magnitude = np.abs(values.astype(float))
    return values[np.argsort(magnitude, kind="stable")][: np.isfinite(magnitude).sum()]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["f4", "f2", "bfloat16", "i1", "u1", "i2", "u2", "i4", "u4"])
def test_of_every_value(dtype: str, backend: str) -> None:
    """Rows in place and the last four, which are copied."""
    values = every_value(dtype)
    d, theta = 11, np.random.default_rng(1).normal(size=11)
    X = values[: len(values) // d * d].reshape(-1, d)
    for start in range(0, len(X) - 11, 8):
        rows = X[start : start + 12]
        y = np.zeros(12)
        found, expected = (
            fm.Linear().evaluate(a, y, theta, backend=backend) for a in (rows, plain(rows))
        )
        assert digest(found) == digest(expected), rows


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "bfloat16"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_of_nan_and_infinity(dtype: str, bad: float, backend: str) -> None:
    for order, row in product("CF", (0, 7, 19)):
        X = np.ones((20, 9), dtype_of(dtype), order)
        X[row, 8] = bad
        e = fm.Linear().evaluate(X, np.zeros(20), np.ones(9), backend=backend)
        gradient = [np.nan] * 9 if np.isnan(bad) else [bad] * 8 + [np.inf]
        assert np.array_equal([e.sse, *e.grad], [abs(bad), *gradient], equal_nan=True)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("d", FEATURES)
def test_of_a_table(d: int, backend: str) -> None:
    for number, n in enumerate(sizes(d, True), start=d):
        check(lay_table(np.random.default_rng(n), n, d), number, backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["f8", "i1"])
def test_of_more_columns_than_the_cache_holds(dtype: str, backend: str) -> None:
    d = 2049
    for number, n in enumerate((1, 2, 257, block_rows(d, True) + 1)):
        values = small_integers(np.random.default_rng(n), (n, d), dtype)
        check(lay_matrix(values, dtype, "F columns strided"), number, backend)


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
    """And of predictions, which are such vectors.

    A sixth of the sizes each, so that every dtype and every layout meets all of them.
    """
    model, layouts = fm.Linear(), [*VECTOR_LAYOUTS, "repeated"]
    sixth = (DTYPES.index(dtype) + layouts.index(layout)) % 6
    for d, order in ((2, "C"), (5, "F"), (9, "C"), (57, "C")):
        for n in sizes(d, order == "F")[sixth::6]:
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
