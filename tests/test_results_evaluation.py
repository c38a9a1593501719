"""Evaluation: the likelihood of n, SSE and sigma^2."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import statsmodels.api as sm

from fastmse import gaussian
from fastmse.results import Evaluation

EPS = np.finfo(float).eps


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
