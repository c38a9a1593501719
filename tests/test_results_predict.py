"""Fit.predict: means and intervals of new rows, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from regressions import Problem, cars

EPS = np.finfo(float).eps


@pytest.mark.parametrize("case", ["intercept", "origin", "precision"])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_predictions_agree_with_statsmodels(case, level):
    problem = Problem(case)
    fit = problem.fit
    # get_prediction(D).summary_frame(alpha); as ours, for new observations of weight 1.
    frame = problem.expected.get_prediction(problem.D).summary_frame(alpha=1 - level)
    mean = fit.predict(problem.X)
    confidence = fit.predict(problem.X, "confidence", level)
    prediction = fit.predict(problem.X, interval="prediction", level=level)
    close = {"rtol": 0, "atol": 1e-13 * np.abs(prediction).max()}  # κ eps of the largest
    for ours, theirs in (
        (mean, frame["mean"]),
        (confidence, frame[["mean", "mean_ci_lower", "mean_ci_upper"]]),
        (prediction, frame[["mean", "obs_ci_lower", "obs_ci_upper"]]),
    ):
        np.testing.assert_allclose(ours, theirs, **close)
    assert (mean.shape, prediction.shape) == ((60,), (60, 3))


def test_predictions_agree_with_what_r_prints():
    # R: predict(fit, data.frame(speed = c(12, 19, 24)), interval = "confidence")
    expected = [
        [29.60981, 24.39514, 34.82448],
        [57.13667, 51.82913, 62.44421],
        [76.79872, 68.38765, 85.20978],
    ]
    np.testing.assert_allclose(
        cars().predict([[12], [19], [24]], interval="confidence"), expected, atol=5e-6
    )


@pytest.mark.parametrize("m", [0, 1, 4095, 4096, 4097, 9000])
def test_predictions_of_any_number_of_rows(m):
    fit = Problem("intercept").fit
    X = np.random.default_rng(6).integers(-9, 9, (m, 3)).astype(np.int8)
    expected = fit.theta[0] + X @ fit.theta[1:]
    np.testing.assert_allclose(fit.predict(X), expected, rtol=0, atol=64 * EPS)
    assert fit.predict(X, "confidence").shape == (m, 3)
    assert fit.predict(X.tolist() if m else X).shape == (m,)


def test_missing_features_predict_nan():
    fit = Problem("intercept").fit
    predicted = fit.predict([[1.0, 2.0, np.nan], [0.0, 0.0, 0.0]], "prediction")
    assert np.isnan(predicted[0]).all()
    assert np.isfinite(predicted[1]).all()


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.ones(3), ValueError, r"X: got shape \(3,\); want \(n, 3\)"),
        (np.ones((2, 4)), ValueError, r"X: got shape \(2, 4\); want \(n, 3\)"),
        (np.ones((2, 3), complex), TypeError, "X: got dtype complex128, .*; want float64"),
        ([["a", "b", "c"]], TypeError, "X: got dtype <U1, text.*; want float64"),
        (np.ones((2, 3), np.clongdouble).real, TypeError, "X: got dtype .*unusual width.*; want"),
        (np.ma.ones((2, 3)), TypeError, "X: got a masked array"),
    ],
)
def test_predict_names_what_is_wrong_with_the_features(X, error, message):
    with pytest.raises(error, match=message):
        Problem("intercept").fit.predict(X)


class Table:
    """The little that tables of pandas, polars and Arrow share; Arrow's `columns` are values."""

    def __init__(self, names, values, columns_are_values=False):
        self.columns = list(values.T) if columns_are_values else list(names)
        if columns_are_values:
            self.column_names = list(names)
        self._values = values

    def __array__(self, dtype=None, copy=None):
        return self._values


@pytest.mark.parametrize("columns_are_values", [False, True])
def test_predict_wants_the_columns_of_the_fit(columns_are_values):
    problem = Problem("intercept")
    fit = problem.make(names=("intercept", "a", "b", "7"))
    expected = fit.predict(problem.X)

    def predict(names):
        return fit.predict(Table(names, np.resize(problem.X, (60, len(names))), columns_are_values))

    np.testing.assert_array_equal(predict(["a", "b", 7]), expected)
    for names, message in {
        ("a", "7", "b"): "X: got '7', 'b' from column 1 on; want 'b', '7': select",
        ("a", "b", "c"): "X: got 'c' from column 2 on; want '7'",
        ("a", "b"): "X: got no more from column 2 on; want '7'",
        ("a", "b", "7", *"defghij"): "X: got 'd', 'e', 'f', 'g', 'h', 'i', ... .* want no more",
    }.items():
        with pytest.raises(ValueError, match=message):
            predict(names)


def test_predict_takes_any_table_for_a_fit_of_an_array():
    problem = Problem("origin")
    np.testing.assert_array_equal(
        problem.fit.predict(Table(["a", "b", "c"], problem.X)), problem.fit.predict(problem.X)
    )
    with pytest.raises(ValueError, match="X: got 'x2', 'x1', 'x0' from column 0 on; want 'x0'"):
        problem.fit.predict(Table(["x2", "x1", "x0"], problem.X))


def test_predict_names_other_wrong_arguments():
    problem = Problem("intercept")
    with pytest.raises(ValueError, match="interval: got 'tolerance'; want None, 'confidence'"):
        problem.fit.predict(problem.X, "tolerance")
    for level in (0.0, 1.0, 95, math.nan):
        with pytest.raises(ValueError, match=r"level: got .*; want a number between 0 and 1"):
            problem.fit.predict(problem.X, "confidence", level)
        with pytest.raises(ValueError, match=r"level: got .*; want a number between 0 and 1"):
            problem.fit.conf_int(level)
    with pytest.raises(ValueError, match="no intervals"):
        problem.make(cov_unscaled=None).predict(problem.X, "confidence")
