"""Evaluation and Fit against statsmodels, R's printed output and mpmath.

Each Fit here is made of statsmodels' own primary numbers (params, normalized_cov_params, ssr, ...):
what is compared is the formula of each derived number, so a few eps suffice.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import pickle

import mpmath
import numpy as np
import pytest
import statsmodels.api as sm

from fastmse import gaussian
from fastmse.results import Evaluation, Fit
from fastmse.results.tails import f_upper, t_half_width, t_two_sided

EPS = np.finfo(float).eps
CASES = ["intercept", "origin", "frequency", "precision"]
KINDS = ["HC0", "HC1", "HC2", "HC3"]


# Evaluation


def evaluation(sse: float = 6.0, n: int = 4) -> Evaluation:
    return Evaluation(n=n, weight_sum=float(n), sse=sse, grad=None)


def test_evaluation_derives_the_likelihood():
    rng = np.random.default_rng(3)
    y, mean = rng.normal(size=(2, 50))
    e = evaluation(math.fsum((y - mean) ** 2), 50)
    assert e.mse == e.sigma2 == e.sse / 50
    assert e.mse == pytest.approx(np.mean((y - mean) ** 2), rel=4 * EPS)
    assert e.rmse == math.sqrt(e.mse)
    assert e.nll == -e.loglik
    assert e.loglik == e.log_likelihood() == e.log_likelihood(e.sigma2)
    # The product of the densities: 50 of them, each within a few eps.
    assert e.likelihood(2.0) == pytest.approx(np.prod(gaussian.pdf(y, mean, 2.0)), rel=100 * EPS)
    assert e.score_sigma2() == 0
    assert e.score_sigma2(0.5) == gaussian.score_sigma2(e.sse, 50.0, 0.5)


def test_loglik_is_that_of_statsmodels():
    rng = np.random.default_rng(4)
    y = rng.normal(size=80)
    # sm.OLS(y, ones).fit().llf: the likelihood of the mean alone.
    e = evaluation(math.fsum((y - y.mean()) ** 2), 80)
    assert e.loglik == pytest.approx(sm.OLS(y, np.ones(80)).fit().llf, rel=8 * EPS)


def test_likelihood_underflows_and_overflows():
    assert evaluation(1e4, 1000).likelihood() == 0
    assert evaluation(1e-4, 1000).likelihood() == math.inf
    assert evaluation(0.0).loglik == math.inf


@pytest.mark.parametrize("method", ["likelihood", "log_likelihood", "score_sigma2"])
def test_evaluation_refuses_a_variance_that_is_not_positive(method):
    with pytest.raises(ValueError, match=r"sigma2: got 0\.0; want > 0"):
        getattr(evaluation(), method)(0.0)


def test_evaluation_of_many_thetas_is_elementwise():
    sse = np.array([6.0, 2.0, 0.5])
    many = Evaluation(4, 4.0, sse, np.zeros((3, 2)))
    for name in ("mse", "rmse", "sigma2", "loglik", "nll"):
        alone = [getattr(evaluation(s), name) for s in sse]
        np.testing.assert_array_max_ulp(getattr(many, name), np.array(alone), 1)
    for name in ("likelihood", "log_likelihood", "score_sigma2"):
        alone = [getattr(evaluation(s), name)(0.5) for s in sse]
        np.testing.assert_array_max_ulp(getattr(many, name)(0.5), np.array(alone), 2)


def test_evaluation_is_frozen_but_for_the_callers_gradient():
    e = Evaluation(4, 4.0, np.ones(2), np.zeros((2, 3)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        e.n = 5
    with pytest.raises(ValueError, match="read-only"):
        e.sse[0] = 2
    e.grad[0] = 1


def test_evaluation_leaves_the_callers_sse_alone():
    sse = np.ones(2)
    e = Evaluation(4, 4.0, sse)
    sse[0] = 9
    assert e.sse[0] == 1


def test_evaluation_shows_itself():
    assert repr(evaluation()) == "Evaluation(n=4, weight_sum=4, sse=6.0, mse=1.5, grad=None)"
    shown = repr(Evaluation(4, 4.0, np.ones(2), np.zeros((2, 3))))
    assert shown.endswith("sse=[1. 1.], mse=[0.25 0.25], grad=<float64 (2, 3)>)")
    assert "mse=nan" in repr(Evaluation(1, 0.0, 0.0, None))


# Fit


class Problem:
    """A regression of 60 rows, its statsmodels result, and the Fit of the same numbers."""

    def __init__(self, case: str, seed: int = 5):
        rng = np.random.default_rng(seed)
        self.intercept = case != "origin"
        self.weight_type = "precision" if case == "precision" else "frequency"
        self.X = rng.normal(1, 2, (60, 3))
        noise = rng.normal(size=60) * (0.5 + np.abs(self.X[:, 0]))
        self.y = 3 + self.X @ [1.0, -0.2, 0.02] + noise
        self.w = {
            "frequency": rng.integers(1, 5, 60).astype(float),
            "precision": rng.uniform(0.1, 3, 60),
        }.get(case)
        self.D = sm.add_constant(self.X) if self.intercept else self.X
        self.expected = self.statsmodels()
        self.fit = self.make()

    def statsmodels(self):
        if self.w is None:
            return sm.OLS(self.y, self.D).fit()
        if self.weight_type == "precision":
            return sm.WLS(self.y, self.D, weights=self.w).fit()
        repeats = self.w.astype(int)
        return sm.OLS(self.y.repeat(repeats), self.D.repeat(repeats, axis=0)).fit()

    def rows(self):
        """Blocks of uneven length."""
        for part in np.split(np.arange(60), [1, 20, 20, 57]):
            yield self.X[part], self.y[part], None if self.w is None else self.w[part]

    def make(self, **changes) -> Fit:
        r = self.expected
        precision = self.weight_type == "precision"
        values = {
            "theta": r.params,
            "names": ("intercept", "x0", "x1", "x2")[not self.intercept :],
            "cov_unscaled": r.normalized_cov_params,
            "n": 60,
            "weight_sum": 60.0 if self.w is None else float(self.w.sum()),
            "sse": float(r.ssr),
            "sst": float(r.centered_tss if self.intercept else r.uncentered_tss),
            "log_weight_sum": float(np.log(self.w).sum()) if precision else 0.0,
            "weight_type": self.weight_type,
            "intercept": self.intercept,
            "condition": 3.1,
            "rank": len(r.params),
            "method": "gram",
            "passes": 2,
            "rows": self.rows,
        }
        return Fit(**values | changes)


@pytest.fixture(params=CASES)
def problem(request) -> Problem:
    return Problem(request.param)


def test_fit_agrees_with_statsmodels(problem):
    fit, r = problem.fit, problem.expected
    assert (fit.p, fit.rank) == (len(r.params), r.model.rank)
    assert (fit.count, fit.df_resid, fit.df_model) == (r.nobs, r.df_resid, r.df_model)
    for ours, theirs in {
        "s2": r.scale,
        "sigma2": r.ssr / r.nobs,
        "loglik": r.llf,
        "aic": r.aic,
        "bic": r.bic,
        "r2": r.rsquared,
        "r2_adj": r.rsquared_adj,
        "cov": r.cov_params(),
        "stderr": r.bse,
        "tvalues": r.tvalues,
    }.items():
        # One to five roundings each; loglik and R² each lose a bit to a difference.
        np.testing.assert_allclose(getattr(fit, ours), theirs, rtol=16 * EPS, err_msg=ours)


def test_tests_agree_with_statsmodels(problem):
    fit, r = problem.fit, problem.expected
    # SST − SSE against statsmodels' own sum: both round SST, which is 1/R² times larger.
    assert fit.fvalue == pytest.approx(r.fvalue, rel=16 * EPS / r.rsquared)
    # The tails magnify the rounding of t and F by d log p / d log t, here below 100.
    np.testing.assert_allclose(fit.pvalues, r.pvalues, rtol=1e-12)
    assert fit.f_pvalue == pytest.approx(r.f_pvalue, rel=1e-12)
    for level in (0.5, 0.95, 0.999):
        # statsmodels' conf_int(alpha); the ends may lie near zero, so absolute.
        np.testing.assert_allclose(fit.conf_int(level), r.conf_int(1 - level), rtol=0, atol=1e-13)


def test_mse_divides_by_the_weights(problem):
    assert problem.fit.mse == problem.fit.sse / problem.fit.weight_sum
    assert (problem.fit.mse == problem.fit.sigma2) == (problem.weight_type == "frequency")


@pytest.mark.parametrize("kind", KINDS)
def test_robust_agrees_with_statsmodels(problem, kind):
    # sm.OLS(...).fit().HC3_se and so on, of the repeated rows or of WLS. Both compute
    # (X'WX)⁻¹x: rounding κ eps, with κ about 4, under squares and sums of 60 rows.
    expected = getattr(problem.expected, f"{kind}_se")
    np.testing.assert_allclose(problem.fit.robust(kind), expected, rtol=64 * EPS)
    assert kind != "HC3" or (problem.fit.robust() == problem.fit.robust("HC3")).all()


@pytest.mark.parametrize("case", ["frequency", "precision"])
def test_robust_drops_rows_of_weight_zero(case):
    problem = Problem(case)

    def rows_and_a_hole():
        yield from problem.rows()
        yield np.full((2, 3), np.nan), np.array([np.nan, 1.0]), np.zeros(2)

    expected = problem.fit.robust()
    np.testing.assert_array_equal(problem.make(rows=rows_and_a_hole).robust(), expected)


def test_robust_says_what_it_cannot_do():
    problem = Problem("intercept")
    with pytest.raises(ValueError, match="kind: got 'HC9'; want one of HC0, HC1, HC2, HC3"):
        problem.fit.robust("HC9")
    with pytest.raises(ValueError, match="passes over the data again, and this fit holds none"):
        problem.make(rows=None).robust()
    assert problem.make(cov_unscaled=None).robust() is None


def test_a_row_that_nothing_checks_is_infinite_or_nan():
    X, y = np.array([[0.0], [0.0], [1.0]]), np.array([1.0, 2.0, 5.0])
    fit = Problem("intercept").make(
        theta=np.array([1.5, 3.5]),
        cov_unscaled=np.array([[0.5, -0.5], [-0.5, 1.5]]),
        rows=lambda: [(X, y, None)],
    )
    assert fit.robust("HC0") == pytest.approx([math.sqrt(0.125), math.sqrt(0.125)])
    assert np.isnan(fit.robust("HC3")).all()  # row 2 has leverage 1, residual 0: 0/0


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


# R's data(cars) and what R prints of it

SPEED = np.array([
    4, 4, 7, 7, 8, 9, 10, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15,
    15, 16, 16, 17, 17, 17, 18, 18, 18, 18, 19, 19, 19, 20, 20, 20, 20, 20, 22, 23, 24, 24, 24, 24,
    25,
])  # fmt: skip
DIST = np.array([
    2, 10, 4, 22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28, 26, 34, 34, 46, 26, 36, 60, 80, 20,
    26, 54, 32, 40, 32, 40, 50, 42, 56, 76, 84, 36, 46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92, 93,
    120, 85,
])  # fmt: skip


@pytest.fixture
def cars() -> Fit:
    D = np.column_stack((np.ones(50), SPEED))
    inverse = np.linalg.inv(D.T @ D)
    theta = inverse @ D.T @ DIST
    return Fit(
        theta=theta,
        names=("intercept", "speed"),
        cov_unscaled=inverse,
        n=50,
        weight_sum=50.0,
        sse=float(np.sum((DIST - D @ theta) ** 2)),
        sst=float(np.sum((DIST - DIST.mean()) ** 2)),
        intercept=True,
        condition=6.2,
        rank=2,
        method="gram",
        passes=2,
        target="dist",
    )


def test_fit_agrees_with_what_r_prints(cars):
    # R: summary(lm(dist ~ speed, cars)), to the digits it prints
    np.testing.assert_allclose(cars.theta, [-17.5791, 3.9324], atol=5e-5)
    np.testing.assert_allclose(cars.stderr, [6.7584, 0.4155], atol=5e-5)
    np.testing.assert_allclose(cars.tvalues, [-2.601, 9.464], atol=5e-4)
    np.testing.assert_allclose(cars.pvalues, [0.0123, 1.49e-12], rtol=4e-3)
    assert math.sqrt(cars.s2) == pytest.approx(15.38, abs=5e-3)
    assert (cars.df_resid, cars.df_model) == (48, 1)
    assert cars.r2 == pytest.approx(0.6511, abs=5e-5)
    assert cars.r2_adj == pytest.approx(0.6438, abs=5e-5)
    assert cars.fvalue == pytest.approx(89.57, abs=5e-3)
    assert cars.f_pvalue == pytest.approx(1.49e-12, abs=5e-15)
    # R: logLik(fit), AIC(fit), BIC(fit); R counts sigma^2 as a parameter too
    assert cars.loglik == pytest.approx(-206.5784, abs=5e-5)
    assert cars.aic + 2 == pytest.approx(419.1569, abs=5e-5)
    assert cars.bic + math.log(50) == pytest.approx(424.8929, abs=5e-5)
    # R: confint(fit)
    expected = [[-31.167850, -3.990340], [3.096964, 4.767853]]
    np.testing.assert_allclose(cars.conf_int(), expected, atol=5e-7)


def test_predictions_agree_with_what_r_prints(cars):
    # R: predict(fit, data.frame(speed = c(12, 19, 24)), interval = "confidence")
    expected = [
        [29.60981, 24.39514, 34.82448],
        [57.13667, 51.82913, 62.44421],
        [76.79872, 68.38765, 85.20978],
    ]
    np.testing.assert_allclose(
        cars.predict([[12], [19], [24]], interval="confidence"), expected, atol=5e-6
    )


# What a fit does not have


def test_a_penalised_fit_has_no_inference():
    fit = Problem("intercept").make(l2=0.5, cov_unscaled=None)
    for name in ("stderr", "cov", "tvalues", "pvalues", "aic", "bic", "fvalue", "f_pvalue"):
        assert getattr(fit, name) is None, name
    assert fit.conf_int() is None
    assert math.isfinite(fit.s2)
    assert "l2 penalty" in fit.summary()


def test_a_deficient_rank_has_no_standard_errors_but_a_likelihood():
    problem = Problem("intercept")
    fit = problem.make(rank=3, cov_unscaled=None, message="rank 3 of 4: x2 depends on the others")
    assert fit.stderr is None
    assert fit.aic == pytest.approx(problem.fit.aic - 2, rel=EPS * 4)
    assert fit.df_resid == 57
    assert math.isfinite(fit.fvalue)
    assert "rank 3 of 4: x2" in fit.summary()


@pytest.mark.parametrize("n", [3, 4])
def test_no_degree_of_freedom_left_is_nan(n):
    fit = Problem("intercept").make(n=n, weight_sum=float(n), sse=0.0)
    assert np.isnan([fit.s2, fit.r2_adj, fit.fvalue, fit.f_pvalue]).all()
    assert all(np.isnan(a).all() for a in (fit.stderr, fit.tvalues, fit.pvalues, fit.conf_int()))
    assert np.isnan(fit.robust("HC1")).all()
    assert fit.loglik == math.inf
    assert fit.r2 == 1
    assert "nan" in fit.summary()


def test_a_perfect_fit_and_a_constant_target_follow_ieee():
    fit = Problem("intercept").make(sse=0.0, theta=np.array([1.0, 0.0, -2.0, 3.0]))
    assert fit.fvalue == math.inf
    assert fit.f_pvalue == 0
    np.testing.assert_array_equal(fit.tvalues, [np.inf, np.nan, -np.inf, np.inf])
    assert fit.r2 == 1
    assert math.isnan(Problem("intercept").make(sse=0.0, sst=0.0).r2)  # 0/0: as R


def test_an_intercept_alone_has_no_f_test():
    fit = Problem("intercept").make(
        theta=np.ones(1), names=("intercept",), cov_unscaled=np.eye(1), rank=1, sst=10.0, sse=10.0
    )
    assert np.isnan([fit.fvalue, fit.f_pvalue]).all()
    assert fit.r2 == 0


# Tails


def exact_t_two_sided(t: float, dof: float) -> float:
    with mpmath.workdps(40):
        x = mpmath.mpf(dof) / (dof + mpmath.mpf(t) ** 2)
        return float(mpmath.betainc(mpmath.mpf(dof) / 2, 0.5, 0, x, regularized=True))


@pytest.mark.parametrize("dof", [1, 2.5, 30, 53933])
def test_t_tail_and_quantile_are_exact(dof):
    t = np.array([0.0, 0.3, -2.0, 11.0])
    exact = [exact_t_two_sided(x, dof) for x in t]
    # scipy.special 1.17: measured 7e-15 at worst, at t = 11 with 53,933 degrees of freedom.
    np.testing.assert_allclose(t_two_sided(t, dof), exact, rtol=1e-13)
    for level in (0.5, 0.95, 0.999):  # measured 1e-15
        covered = 1 - exact_t_two_sided(t_half_width(level, dof), dof)
        assert covered == pytest.approx(level, rel=1e-14)


@pytest.mark.parametrize("f", [0.1, 1.0, 25.0])
def test_f_tail_is_exact(f):
    with mpmath.workdps(40):
        x = mpmath.mpf(40.5) / (mpmath.mpf(40.5) + 3 * mpmath.mpf(f))
        exact = mpmath.betainc(20.25, 1.5, 0, x, regularized=True)
    assert f_upper(f, 3, 40.5) == pytest.approx(float(exact), rel=1e-12)


# Table, dictionary, freezing


def coefficient_lines(table: str) -> list[str]:
    lines = table.splitlines()
    start = next(i for i, line in enumerate(lines) if "estimate" in line)
    return lines[start : lines.index(lines[1], start)]


def test_summary_prints_eleven_digits_of_what_was_estimated(problem):
    fit, table = problem.fit, problem.fit.summary()
    rows = [line.split() for line in coefficient_lines(table)[1:]]
    assert [row[0] for row in rows] == list(fit.names)
    np.testing.assert_allclose([float(r[1]) for r in rows], fit.theta, rtol=5.1e-11)
    np.testing.assert_allclose([float(r[2]) for r in rows], fit.stderr, rtol=5.1e-11)
    np.testing.assert_allclose([float(r[3]) for r in rows], fit.tvalues, rtol=5.1e-4)
    np.testing.assert_allclose([float(r[4]) for r in rows], fit.pvalues, rtol=5.1e-3)
    ends = [[float(end) for end in r[5:]] for r in rows]
    np.testing.assert_allclose(ends, fit.conf_int(), rtol=5.1e-6)
    for label, value in {
        "sigma^2 (ML)": fit.sigma2,
        "s (residual)": fit.s2**0.5,
        "R^2": fit.r2,
        "log-likelihood": fit.loglik,
        "AIC": fit.aic,
        "BIC": fit.bic,
    }.items():
        assert f"{value:#.11g}" in next(
            line for line in table.splitlines() if line.startswith(label) or f"  {label} " in line
        )


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
@pytest.mark.parametrize("name", ["x", "a name of more than forty characters, with spaces", "a\nb"])
@pytest.mark.parametrize("digits", [3, 11, 17])
def test_summary_is_aligned_whatever_it_holds(scale, name, digits):
    problem = Problem("origin")
    fit = problem.make(theta=problem.expected.params * scale, names=("x0", name, "x2"))
    table = fit.summary(digits)
    lines = table.splitlines()
    widths = {len(line) for line in coefficient_lines(table)}
    assert len(widths) == 1
    assert max(map(len, lines)) == len(lines[1])
    assert table.isascii()
    assert [line for line in lines if set(line) == {"-"}] == [lines[1]] * 4


def test_summary_shows_weights_messages_and_what_is_missing():
    problem = Problem("precision")
    table = problem.make(message="two words " * 20, cov_unscaled=None, converged=False).summary()
    line = next(line for line in table.splitlines() if "precision weights, sum" in line)
    assert float(line.split()[-1]) == pytest.approx(problem.w.sum(), rel=1e-9)
    assert "gram, 2 passes, not converged" in table
    assert coefficient_lines(table)[1].split()[2:] == ["-"] * 5
    note = table.splitlines()[-3:]
    assert note[0].startswith("note: two words")
    assert max(map(len, note)) <= len(table.splitlines()[1])
    assert "weights" not in Problem("intercept").fit.summary()
    assert "frequency weights, sum" in Problem("frequency").fit.summary()


def test_dictionary_holds_the_fields(problem):
    fit = problem.fit
    values = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    for name, value in values.items():
        actual = fit.conf_int() if name == "conf_int" else getattr(fit, name)
        np.testing.assert_array_equal(value, actual, err_msg=name)  # JSON keeps every bit
    primary = {field.name for field in dataclasses.fields(Fit)}
    derived = {name for name, value in vars(Fit).items() if isinstance(value, property)}
    left_out = {"rows", "cov_unscaled", "sst", "log_weight_sum", "_df", "count", "df_model"}
    left_out |= {"penalised"}
    assert set(values) == (primary | derived | {"conf_int"}) - left_out


def test_dictionary_has_none_for_nan_and_infinity():
    fit = Problem("intercept").make(n=4, weight_sum=4.0, sse=0.0, condition=np.float64(np.inf))
    values = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    assert values["s2"] is values["loglik"] is values["condition"] is None
    assert values["stderr"] == [None] * 4
    assert values["conf_int"] == [[None, None]] * 4


def test_a_fit_is_frozen():
    problem = Problem("intercept")
    theta = problem.expected.params.copy()
    fit = problem.make(theta=theta)
    theta[0] = 99
    assert fit.theta[0] != 99
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.n = 3
    for array in (fit.theta, fit.cov_unscaled):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda fit: pickle.loads(pickle.dumps(fit))])
def test_a_copy_is_the_same_fit_without_the_data(copied):
    fit = Problem("precision").make(rows=list)
    again = copied(fit)
    assert again.to_dict() == fit.to_dict()
    assert again.rows is None
    assert not again.theta.flags.writeable


def test_a_fit_shows_itself(cars):
    assert repr(cars) == "Fit(target='dist', p=2, n=50, s=15.3796, r2=0.651079)"
