"""A call of a few rows of plain float64 goes a way of its own: same bits, same refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bit_problems import digest
from edges import FEATURES, sizes

import fastmse as fm

SIZES = [1, 2, 3, 15, 16, 17, 127, 128, 129, 1023, 1024, 1025, 4095, 4096, 4097, 3 * 4096 + 129]


@pytest.mark.parametrize("d", [0, *FEATURES])
@pytest.mark.parametrize("intercept", [False, True])
def test_linear(d: int, intercept: bool) -> None:
    if d + intercept == 0:
        return
    rng = np.random.default_rng(d)
    for n in sizes(d, d <= 3):
        X, y, theta = rng.normal(size=(n, d)), rng.normal(size=n), rng.normal(size=d + intercept)
        model = fm.Linear(intercept=intercept)
        for grad in (False, True):
            e = model.evaluate(X, y, theta, grad=grad)
            general = model.evaluate(X, y, theta, grad=grad, backend="cython")
            assert digest(e, grad) == digest(general, grad), (n, grad)
            assert (type(e.sse), e.n) == (float, n)
            assert e.grad is None if not grad else not e.grad.flags.writeable


@pytest.mark.parametrize("n", [*SIZES, 2**15 - 1, 2**15, 2**15 + 1, 2**20, 2**20 + 1])
def test_predictions(n: int) -> None:
    y, f = np.random.default_rng(n).normal(size=(2, n))
    general = fm.evaluate(y, f).mse
    assert fm.mse(y, f) == fm.mse(y, f, n_threads=1) == general
    assert fm.mse(y, f, backend="cython") == general


def test_one_element_of_any_stride() -> None:
    """NumPy calls it contiguous, whatever its stride."""
    values = np.arange(1.0, 9.0)
    for step in (1, 2, 3, -1):
        one = values[::step][:1]
        assert fm.mse(one, np.zeros(1)) == fm.mse(np.zeros(1), one) == one[0] ** 2
        assert fm.Linear().evaluate(one[:, None], one, [2.0]).sse == one[0] ** 2
        assert fm.Linear().evaluate(np.ones((1, 5)), one, np.ones(5)).sse == (5 - one[0]) ** 2


X, Y = np.ones((6, 2)), np.ones(6)


@pytest.mark.parametrize(
    ("X", "y", "theta", "told"),
    [
        (X, Y[:5], [1.0, 1.0], "y: got 5 rows; want 6"),
        (X, X, [1.0, 1.0], "y: got shape"),
        (Y, Y, [1.0], "X: got shape"),
        (X, Y, np.ones(3), "theta: got shape"),
        (X, Y, np.ones(1), "theta: got shape"),
        (X[:0], Y[:0], np.ones(2), "X: got no rows"),
        (X[:, :0], Y, np.ones(0), "X: got no columns"),
    ],
)
def test_what_linear_refuses(X: Any, y: Any, theta: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        fm.Linear().evaluate(X, y, np.asarray(theta))


@pytest.mark.parametrize("f", [Y[:5], Y[:, None], Y[:1]])
def test_what_predictions_refuse(f: np.ndarray) -> None:
    with pytest.raises(ValueError, match="y_pred: got shape"):
        fm.mse(Y, f)
    with pytest.raises(ValueError, match="no elements"):
        fm.mse(Y[:0], f[:0].ravel())


@pytest.mark.parametrize("n_threads", [0, -1, True, 1.0])
def test_what_is_no_number_of_threads(n_threads: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="n_threads: got"):
        fm.mse(Y, Y, n_threads=n_threads)
    with pytest.raises((TypeError, ValueError), match="n_threads: got"):
        fm.Linear().evaluate(X, Y, np.ones(2), n_threads=n_threads)
