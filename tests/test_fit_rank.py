"""Deficient rank: the rank, the columns' names, and scikit-learn's minimum-norm slopes."""

from __future__ import annotations

import numpy as np
import pytest

from fastmse.fitting import RankWarning, fit_rows


def deficient(X, y, *, intercept=True, **options):
    def rows():
        return iter([(X, y, None)])

    with pytest.warns(RankWarning) as caught:
        fitted = fit_rows(rows, X.shape[1], intercept=intercept, **options)
    assert str(caught[0].message) == fitted.message
    return fitted


def minimum_norm(X, y, *, intercept):
    """What scikit-learn computes: the pseudoinverse of the centred columns."""
    if not intercept:
        return np.linalg.pinv(X, rcond=1e-12) @ y
    slopes = np.linalg.pinv(X - X.mean(axis=0), rcond=1e-12) @ (y - y.mean())
    return np.concatenate(([y.mean() - X.mean(axis=0) @ slopes], slopes))


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    return rng.standard_normal((60, 4)) + 3, rng.standard_normal(60)


@pytest.mark.parametrize("intercept", [False, True])
def test_duplicate_column(data, intercept):
    X, y = data
    X[:, 2] = X[:, 0]
    fitted = deficient(X, y, intercept=intercept)
    assert fitted.message == (
        f"rank {3 + intercept} of {4 + intercept}: column 'x2' is a linear combination of the "
        "others; the minimum-norm solution is given"
    )
    np.testing.assert_allclose(fitted.theta, minimum_norm(X, y, intercept=intercept), rtol=1e-11)
    assert fitted.rank == 3 + intercept
    assert fitted.method == "gram2"
    assert fitted.condition == np.inf
    assert fitted.stderr is None


@pytest.mark.parametrize("intercept", [False, True])
def test_combination_rounded_to_float64(data, intercept):
    X, y = data
    X[:, 3] = 0.3 * X[:, 0] - 700 * X[:, 1] + X[:, 2] / 3
    fitted = deficient(X, y, intercept=intercept)
    assert fitted.rank == 3 + intercept
    np.testing.assert_allclose(fitted.theta, minimum_norm(X, y, intercept=intercept), rtol=1e-9)


def test_dummy_trap(data):
    _, y = data
    X = np.eye(3)[np.arange(60) % 3]
    fitted = deficient(X, y, names=("red", "green", "blue"))
    assert "rank 3 of 4: column 'blue' is" in fitted.message
    np.testing.assert_allclose(fitted.theta, minimum_norm(X, y, intercept=True), rtol=1e-12)
    np.testing.assert_allclose(fitted.theta[1:].sum(), 0, atol=1e-14)


@pytest.mark.parametrize("value", [0.0, 0.1, 1.7e9])
def test_constant_column_beside_an_intercept(data, value):
    X, y = data
    X[:, 1] = value
    fitted = deficient(X, y)
    assert "column 'x1'" in fitted.message
    assert fitted.theta[2] == 0.0
    without = fit_rows(lambda: [(np.delete(X, 1, axis=1), y, None)], 3, intercept=True)
    np.testing.assert_allclose(np.delete(fitted.theta, 2), without.theta, rtol=1e-12)


def test_column_of_zeros_without_an_intercept(data):
    X, y = data
    X[:, 0] = 0.0
    fitted = deficient(X, y, intercept=False)
    assert (fitted.theta[0], fitted.rank) == (0.0, 3)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_fewer_rows_than_parameters(n, intercept):
    rng = np.random.default_rng(n)
    X, y = rng.standard_normal((n, 12)), rng.standard_normal(n)
    fitted = deficient(X, y, intercept=intercept)
    assert fitted.rank == n
    assert f"rank {n} of {12 + intercept} from {n} rows: columns 'x" in fitted.message
    assert "more are linear combinations" in fitted.message
    np.testing.assert_allclose(
        fitted.theta, minimum_norm(X, y, intercept=intercept), rtol=1e-11, atol=1e-13
    )
    assert fitted.sse <= 1e-25


def test_several_are_named(data):
    X, y = data
    X[:, 2], X[:, 3] = X[:, 0] * 2, X[:, 0] + X[:, 1]
    fitted = deficient(X, y)
    assert "rank 3 of 5: columns 'x2', 'x3' are linear combinations" in fitted.message
    np.testing.assert_allclose(fitted.theta, minimum_norm(X, y, intercept=True), rtol=1e-11)


def test_wildly_scaled_columns_share_by_their_own_units(data):
    X, y = data
    X[:, 1] = 1e8 * X[:, 0]
    fitted = deficient(X, y)
    X[:, 1] /= 1e8
    doubled = deficient(X, y)
    np.testing.assert_allclose(fitted.theta[2] * 1e8, 2 * doubled.theta[1], rtol=1e-12)
    assert abs(fitted.theta[1]) < 1e-15


def test_nearly_dependent_is_not_dependent(data):
    X, y = data
    X[:, 3] = X[:, 0] + 1e-9 * X[:, 1] ** 2
    fitted = fit_rows(lambda: [(X, y, None)], 4, intercept=True)
    assert (fitted.rank, fitted.message) == (5, "")
    assert 1e8 < fitted.condition < 1e11
