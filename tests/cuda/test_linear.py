"""The linear model on a device: the CPU's bits by columns, and within a stated bound by rows."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from cuda_memory import SIMULATED, send

import fastmse as fm

EPS = np.finfo(float).eps
DTYPES = (np.float64, np.float32, np.float16, ml_dtypes.bfloat16)
COLUMNS = ((1, 3), (17, 1), (129, 2), (300, 5), (150, 9)) if SIMULATED else (
    (1, 3), (17, 1), (2049, 2), (5000, 5), (4097, 9), (3000, 100), (600, 5000)
)  # fmt: skip
ROWS = ((1, 8), (2, 4), (17, 8), (300, 8), (65, 64), (40, 13), (5, 520)) if SIMULATED else (
    (1, 8), (2, 4), (17, 8), (100_003, 8), (5000, 64), (4000, 13), (601, 128), (500, 129),
    (333, 136), (402, 200), (255, 256), (401, 257), (3000, 512), (900, 520), (303, 1000),
    (700, 4096),
)  # fmt: skip
NARROW = (8, 13) if SIMULATED else (8, 13, 64, 136, 512, 1001, 4096)


def problem(n, d, dtype, order):
    rng = np.random.default_rng((n, d))
    X = np.asarray(rng.normal(size=(n, d)), dtype, order=order)
    w = rng.integers(0, 3, n).astype(dtype)
    w[0] = 1
    return X, rng.normal(size=n).astype(dtype), w, rng.normal(size=d + 1)


def evaluate(X, y, w, theta, **options):
    model = fm.Linear(intercept=True)
    got = model.evaluate(send(X), send(y), theta, sample_weight=send(w), **options)
    return got, model.evaluate(X, y, theta, sample_weight=w, **options)


def same(got, want):
    assert (got.n, got.weight_sum) == (want.n, want.weight_sum)
    np.testing.assert_array_equal(got.sse, want.sse)
    np.testing.assert_array_equal(got.grad, want.grad)


def near(got, X, y, w, theta):
    """SSE within 8 ulp of the CPU's, a gradient within 2 (8 eps 2/W Σ |w r x|), d eps for r."""
    X, y = np.asarray(X, float), np.asarray(y, float)
    w = np.ones(len(y)) if w is None else np.asarray(w, float)
    X, y, w = X[w > 0], y[w > 0], w[w > 0]
    A = np.column_stack([np.ones(len(y)), X])
    r = A @ theta - y
    wobble = (A.shape[1] + 8) * EPS * (np.abs(A) @ np.abs(theta) + np.abs(y))
    sse = w @ r**2
    assert abs(got.sse - sse) <= 8 * EPS * sse + 2 * (w * np.abs(r)) @ wobble
    terms = (w * (np.abs(r) * 16 * EPS + wobble)) @ np.abs(A)
    assert np.all(np.abs(got.grad - 2 / w.sum() * (w * r) @ A) <= 2 / w.sum() * terms)


@pytest.mark.parametrize(("n", "d"), COLUMNS)
@pytest.mark.parametrize("weighted", [False, True])
def test_columns_have_the_bits_of_the_cpu(n, d, weighted):
    X, y, w, theta = problem(n, d, np.float64, "F")
    got, want = evaluate(X, y, w if weighted else None, theta)
    if n > 1 and d <= 4096:
        same(got, want)
    near(got, X, y, w if weighted else None, theta)


@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_narrow_columns(dtype):
    X, y, w, theta = problem(140, 5, dtype, "F")
    same(*evaluate(X, y, w, theta))


@pytest.mark.parametrize(("n", "d"), ROWS)
@pytest.mark.parametrize("weighted", [False, True])
def test_rows(n, d, weighted):
    X, y, w, theta = problem(n, d, np.float64, "C")
    got, want = evaluate(X, y, w if weighted else None, theta)
    assert (got.n, got.weight_sum) == (want.n, want.weight_sum)
    near(got, X, y, w if weighted else None, theta)


@pytest.mark.parametrize("dtype", DTYPES[1:])
@pytest.mark.parametrize("d", NARROW)
def test_narrow_rows(dtype, d):
    X, y, w, theta = problem(70, d, dtype, "C")
    near(evaluate(X, y, w, theta)[0], X, y, w, theta)


@pytest.mark.parametrize("cut", [np.s_[::2], np.s_[:, ::2], np.s_[::-1], np.s_[:, 1:]])
def test_strided(cut):
    X, y, w, theta = problem(60, 12, np.float64, "C")
    X = X[cut]
    y, w = y[: len(X)], w[: len(X)]
    theta = theta[: X.shape[1] + 1]
    near(evaluate(X, y, w, theta)[0], X, y, w, theta)


def test_rows_of_zero_weight_may_hold_anything():
    X, y, w, theta = problem(50, 8, np.float64, "C")
    w[:] = 1
    want, _ = evaluate(X[:-3], y[:-3], w[:-3], theta)
    X[-3:], y[-3:], w[-3:] = np.nan, np.inf, 0
    got, _ = evaluate(X, y, w, theta)
    assert got.n == 47
    np.testing.assert_allclose(got.grad, want.grad, rtol=1e-13)


def test_several_thetas_without_gradient_and_intercept():
    X, y, _, theta = problem(40, 8, np.float64, "C")
    thetas = np.array([theta[1:], -theta[1:]])
    model = fm.Linear()
    both = model.evaluate(send(X), send(y), thetas)
    alone = [model.evaluate(send(X), send(y), t) for t in thetas]
    np.testing.assert_array_equal(both.sse, [e.sse for e in alone])
    np.testing.assert_array_equal(both.grad, [e.grad for e in alone])
    plain = model.evaluate(send(X), send(y), thetas[0], grad=False)
    assert plain.grad is None
    assert plain.sse == alone[0].sse


def test_objective():
    X, y, _, theta = problem(40, 8, np.float64, "C")
    at = fm.Linear(intercept=True).evaluate(send(X), send(y), theta)
    mse, grad = fm.Linear(intercept=True).objective(send(X), send(y))(theta)
    assert mse == at.mse
    np.testing.assert_array_equal(grad, at.grad)
