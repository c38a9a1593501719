"""Fit against statsmodels, R's printed output and the limits: what follows from its numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from regressions import Problem, cars, each_problem

EPS = np.finfo(float).eps


@each_problem
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


@each_problem
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


@each_problem
def test_mse_divides_by_the_weights(problem):
    assert problem.fit.mse == problem.fit.sse / problem.fit.weight_sum
    assert (problem.fit.mse == problem.fit.sigma2) == (problem.weight_type == "frequency")


def test_fit_agrees_with_what_r_prints():
    fit = cars()
    # R: summary(lm(dist ~ speed, cars)), to the digits it prints
    np.testing.assert_allclose(fit.theta, [-17.5791, 3.9324], atol=5e-5)
    np.testing.assert_allclose(fit.stderr, [6.7584, 0.4155], atol=5e-5)
    np.testing.assert_allclose(fit.tvalues, [-2.601, 9.464], atol=5e-4)
    np.testing.assert_allclose(fit.pvalues, [0.0123, 1.49e-12], rtol=4e-3)
    assert math.sqrt(fit.s2) == pytest.approx(15.38, abs=5e-3)
    assert (fit.df_resid, fit.df_model) == (48, 1)
    assert fit.r2 == pytest.approx(0.6511, abs=5e-5)
    assert fit.r2_adj == pytest.approx(0.6438, abs=5e-5)
    assert fit.fvalue == pytest.approx(89.57, abs=5e-3)
    assert fit.f_pvalue == pytest.approx(1.49e-12, abs=5e-15)
    # R: logLik(fit), AIC(fit), BIC(fit); R counts sigma^2 as a parameter too
    assert fit.loglik == pytest.approx(-206.5784, abs=5e-5)
    assert fit.aic + 2 == pytest.approx(419.1569, abs=5e-5)
    assert fit.bic + math.log(50) == pytest.approx(424.8929, abs=5e-5)
    # R: confint(fit)
    expected = [[-31.167850, -3.990340], [3.096964, 4.767853]]
    np.testing.assert_allclose(fit.conf_int(), expected, atol=5e-7)


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
