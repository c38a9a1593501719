"""`Fit` of a nonlinear model: predictions, robust errors, R², what is shown, pickling."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import statsmodels.api as sm
from numpy_objective import NumpyModel, fit
from scipy import stats

EPS = np.finfo(float).eps
TEXT, NAMES = "b1*(1 - exp(-b2*x))", ("b1", "b2")


@pytest.fixture(scope="module", params=["none", "frequency", "precision"])
def case(request):
    """x, y, weights, the fit, and statsmodels' of its tangent plane."""
    rng = np.random.default_rng(4)
    x = np.linspace(0.1, 5, 50)
    y = 3 * (1 - np.exp(-0.7 * x)) + 0.1 * x * rng.normal(size=50)
    weight = {
        "none": None,
        "frequency": rng.integers(1, 4, 50).astype(float),
        "precision": rng.uniform(0.2, 3, 50),
    }[request.param]
    kind = "precision" if request.param == "precision" else "frequency"
    fitted = fit(TEXT, NAMES, x, y, [1, 1], weight=weight, weight_type=kind)
    at = NumpyModel(TEXT, NAMES, ("x",))(x[:, None], fitted.theta)
    # Its least squares are at θ̂, where residuals are orthogonal to the plane.
    z = y - at.f + at.first @ fitted.theta
    if request.param == "frequency":
        repeats = weight.astype(int)
        expected = sm.OLS(z.repeat(repeats), at.first.repeat(repeats, axis=0)).fit()
    else:
        expected = sm.WLS(z, at.first, weights=1.0 if weight is None else weight).fit()
    return x, y, weight, fitted, expected


def test_errors_are_those_of_the_tangent_plane(case):
    fitted, expected = case[3:]
    # κ = 6 under squares and sums of 50 rows.
    np.testing.assert_allclose(fitted.theta, expected.params, rtol=1e3 * EPS)
    np.testing.assert_allclose(fitted.cov, expected.cov_params(), rtol=1e3 * EPS)
    np.testing.assert_allclose(fitted.conf_int(), expected.conf_int(), rtol=1e3 * EPS)
    np.testing.assert_allclose(fitted.pvalues, expected.pvalues, rtol=1e-10)
    assert fitted.loglik == pytest.approx(expected.llf, rel=1e-13)
    assert fitted.aic == pytest.approx(expected.aic, rel=1e-13)
    assert fitted.bic == pytest.approx(expected.bic, rel=1e-13)


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3"])
def test_robust_errors_are_those_of_the_tangent_plane(case, kind):
    fitted, expected = case[3:]
    np.testing.assert_allclose(fitted.robust(kind), getattr(expected, f"{kind}_se"), rtol=1e-12)


def test_predictions_and_intervals(case):
    fitted = case[3]
    new = np.linspace(0, 8, 5000)  # more than a block of rows
    at = NumpyModel(TEXT, NAMES, ("x",))(new[:, None], fitted.theta)
    np.testing.assert_array_equal(fitted.predict(new), at.f)
    variance = np.einsum("ij,jk,ik->i", at.first, fitted.cov, at.first)
    q = stats.t.ppf(0.95, fitted.df_resid)
    for interval, more in (("confidence", 0.0), ("prediction", fitted.s2)):
        f, lower, upper = fitted.predict(new, interval, level=0.9).T
        np.testing.assert_array_equal(f, at.f)
        half = q * np.sqrt(variance + more)
        np.testing.assert_allclose(lower, at.f - half, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(upper, at.f + half, rtol=1e-12, atol=1e-14)
    assert fitted.predict(np.empty((0, 1))).shape == (0,)


def test_r2_is_centred(case):
    _, y, weight, fitted, _ = case
    w = np.ones(len(y)) if weight is None else weight
    sst = w @ (y - np.average(y, weights=w)) ** 2
    assert fitted.r2 == pytest.approx(1 - fitted.sse / sst, rel=1e-14)
    adjusted = 1 - fitted.s2 / (sst / (fitted.count - 1))
    assert fitted.r2_adj == pytest.approx(adjusted, rel=1e-14)
    assert fitted.fvalue is fitted.f_pvalue is None


def test_what_is_shown(case):
    fitted = case[3]
    table = fitted.summary()
    assert f"lm, {fitted.passes} passes" in table
    assert "P>F" not in table
    assert "b1" in table
    values = json.loads(json.dumps(fitted.to_dict(), allow_nan=False))
    assert values["names"] == list(NAMES)
    assert values["theta"] == fitted.theta.tolist()
    assert values["method"] == "lm"
    assert values["converged"] is True
    assert values["n_iter"] == fitted.n_iter > 0
    assert values["fvalue"] is None
    assert "nan" not in repr(fitted)


def test_pickling(case):
    x, _, _, fitted, _ = case
    back = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(back.predict(x, "prediction"), fitted.predict(x, "prediction"))
    assert back.to_dict() == fitted.to_dict()
    with pytest.raises(ValueError, match="passes over the data again"):
        back.robust()
