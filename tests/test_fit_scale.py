"""Fits at the edges: perfect ones, the ends of float64's range, and where a warning points."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest
from fit_problems import digits, exact_fit, problem

import fastmse as fm
from fastmse.fitting import AccuracyWarning, RankWarning, SufficientStatistics, fit_rows


def fit(X, y, weight=None, *, intercept=True, **options):
    return fit_rows(lambda: iter([(X, y, weight)]), X.shape[1], intercept=intercept, **options)


# Perfect fits


PERFECT = {
    "line": (np.arange(10.0)[:, None], [0, 2]),
    "several blocks": (np.arange(20_000.0)[:, None], [0, 2]),
    "timestamps": (1.7e9 + np.arange(100.0)[:, None], [0, 3]),
    "one of several": (np.random.default_rng(0).standard_normal((500, 3)), [0, 0, 1, 0]),
    "integers": (np.random.default_rng(1).integers(-9, 9, (500, 3)) + 1e3, [0, 1, 0, -2]),
    "rounded": (np.random.default_rng(2).standard_normal((500, 3)), [0, 0.1, 0, -0.7]),
    "constant": (np.random.default_rng(3).standard_normal((500, 3)), [0.1, 0, 0, 0]),
    "zero": (np.random.default_rng(4).standard_normal((500, 3)), [0, 0, 0, 0]),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", ["auto", "gram", "gram2"])
@pytest.mark.parametrize("name", PERFECT)
def test_a_perfect_fit_is_silent(name, method):
    X, theta = PERFECT[name]
    y = theta[0] + X @ np.array(theta[1:], dtype=float)
    fitted = fit(X, y, method=method)
    assert fitted.message == ""
    scale = np.abs(y).max() / np.concatenate(([1], X.std(axis=0))) + 1e-300
    assert np.abs((fitted.theta - theta) / scale).max() < (1e-14 if method == "auto" else 1e-10)


@pytest.mark.filterwarnings("error")
def test_a_perfect_fit_of_statistics_is_silent():
    x = np.arange(10.0)
    statistics = SufficientStatistics(1, intercept=True)
    statistics.update(x[:, None], 2 * x)
    assert statistics.fit().message == ""


@pytest.mark.filterwarnings("error")
def test_a_perfect_fit_of_nearly_dependent_columns_is_as_good_as_its_data():
    X = np.linspace(1, 2, 50)[:, None] ** np.arange(1, 9)  # condition 3.5e8
    fitted = fit(X, 1 + X[:, 0])
    assert (fitted.method, fitted.message) == ("gram2", "")
    np.testing.assert_allclose(fitted.theta, [1, 1, 0, 0, 0, 0, 0, 0, 0], atol=1e-9)


@pytest.mark.parametrize(("method", "power"), [("gram", 6), ("gram2", 12)])
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_too_nearly_dependent_columns_warn_with_noise_and_without(method, power, noise):
    X = np.linspace(1, 2, 50)[:, None] ** np.arange(1, power + 1)
    y = 1 + X[:, 0] + noise * np.random.default_rng(5).standard_normal(50)
    with pytest.warns(AccuracyWarning, match="digits to expect"):
        fit(X, y, method=method)


def test_a_small_coefficient_of_a_perfect_fit_has_its_digits():
    X = np.random.default_rng(6).integers(-9, 9, (300, 2)).astype(float)
    assert fit(X, X[:, 0] + 2.0**-30 * X[:, 1]).theta[2] == pytest.approx(2.0**-30, rel=1e-14)


# The ends of the range


@pytest.fixture
def data():
    X, y = problem(np.random.default_rng(7), 60, 3, condition=10.0, noise=1e-3, shift=0.0)
    return X / np.abs(X).max(axis=0), y / np.abs(y).max()


@pytest.mark.filterwarnings("ignore::fastmse.fitting.AccuracyWarning")
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("method", ["gram", "gram2"])
@pytest.mark.parametrize(("of_x", "of_y"), [(0, 1023), (0, -900), (-1000, 0), (1000, 0)])
def test_estimates_are_right_at_either_end(data, of_x, of_y, method, intercept):
    X, y = data
    with np.errstate(all="raise", under="ignore"):
        fitted = fit(np.ldexp(X, of_x), np.ldexp(y, of_y), method=method, intercept=intercept)
    plain = fit(X, y, method=method, intercept=intercept)
    powers = np.full(3, of_y - of_x)
    powers = np.concatenate(([of_y], powers)) if intercept else powers
    assert np.ldexp(fitted.theta, -powers).tobytes() == plain.theta.tobytes()
    if of_y == 0:
        assert fitted.sse == plain.sse


@pytest.mark.parametrize("exponent", [1000, -1000])
def test_standard_errors_beyond_the_range_are_told(data, exponent):
    X, y = data
    with pytest.warns(AccuracyWarning, match="columns 'x0', 'x2': .* beyond the range of float64"):
        fitted = fit(np.ldexp(X, [exponent, 0, exponent]), y)
    assert "beyond the range" in fitted.message
    plain = fit(X, y)
    assert np.isin(fitted.stderr[[1, 3]], [0, np.inf]).all()
    assert fitted.stderr[[0, 2]].tobytes() == plain.stderr[[0, 2]].tobytes()


@pytest.mark.parametrize("exponent", [1023, 530, -540, -1000])
def test_sums_of_squares_beyond_the_range_are_told(data, exponent):
    X, y = data
    with pytest.warns(AccuracyWarning, match="column 'price': sums of squares"):
        fitted = fit(X, np.ldexp(y, exponent), target="price")
    assert np.isfinite(fitted.theta).all()
    assert fitted.sse == (np.inf if exponent > 0 else 0.0)


@pytest.mark.parametrize(("of_x", "of_y"), [(-1000, 1000), (-1070, 0)])
def test_a_coefficient_that_overflows_is_refused(data, of_x, of_y):
    X, y = data
    with pytest.raises(ValueError, match="the coefficient of column 'b' overflows: multiply"):
        fit(np.ldexp(X, [0, of_x, 0]), np.ldexp(y * 32, of_y), names=("a", "b", "c"))


def test_an_intercept_that_overflows_is_refused():
    x = 1.0 + np.arange(5) * 1e-6
    with pytest.raises(ValueError, match="the intercept overflows: divide column 'y'"):
        fit(x[:, None], 1e305 * np.arange(5.0))


def test_a_penalty_or_weights_that_overflow_are_refused(data):
    X, y = data
    with pytest.raises(ValueError, match=r"l2: got 1.0, over .* squares of column 'x1'"):
        fit(np.ldexp(X, [0, -1000, 0]), y, l2=1.0)
    with pytest.raises(ValueError, match="sample_weight: the sum overflows"):
        fit(X, y, np.full(60, 1e300))


@pytest.mark.parametrize("size", [1e146, 1e152, 1e200])
def test_no_later_row_makes_a_nan(size):
    X, y = np.random.default_rng(8).standard_normal((2, 9000))
    X[5000] = size
    with pytest.raises(ValueError, match="column 'x0' has values over"):
        fit(X[:, None], y, method="gram2")


# Residuals


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("n", [1, 15, 16, 17, 100, 4097])
def test_sse_is_that_of_exact_residuals(n, intercept):
    rng = np.random.default_rng([n, intercept])
    X, y = rng.standard_normal((n, 2)) + 1e6, rng.standard_normal(n)
    weight = rng.uniform(0.1, 2, n)
    y += 1e9 * X[:, 0]  # fifteen digits of y cancel
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        fitted = fit(X, y, weight, intercept=intercept)
    if n > 2 + intercept:
        exact = exact_fit(X, y, intercept=intercept, weight=weight)
        assert digits(fitted.sse, exact["sse"]) >= 14.5


# Where a warning points


def line_of_this_call():
    return inspect.currentframe().f_back.f_lineno


def test_warnings_point_at_the_line_of_the_user():
    X = np.repeat(np.arange(5.0)[:, None], 2, axis=1)
    y = np.arange(5.0) ** 2
    statistics = SufficientStatistics(2)
    statistics.update(X, y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        first = line_of_this_call()
        fm.Linear().fit(X, y)
        fit_rows(lambda: [(X, y, None)], 2, intercept=False)
        statistics.fit()
    assert [w.category for w in caught] == [RankWarning] * 3
    assert {w.filename for w in caught} == {__file__}
    assert [w.lineno - first for w in caught] == [1, 2, 3]
