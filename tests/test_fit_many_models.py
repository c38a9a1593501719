"""`fit_many` of formulas and of the user's own functions."""

from __future__ import annotations

import numpy as np
from curves import PEAK, peaks

import fastmse as fm
from fastmse.results.fit_many import CONVERGED, NOT_FINITE


def f(x, theta):
    if theta[0] < -100:
        raise ValueError("too low")
    z = (x - theta[1]) / theta[2]
    return theta[0] / (1 + z * z) + theta[3]


def grad(x, theta, out):
    z = (x - theta[1]) / theta[2]
    out[0] = 1 / (1 + z * z)
    out[1] = 2 * theta[0] * z * out[0] ** 2 / theta[2]
    out[2] = out[1] * z
    out[3] = 1.0


def test_an_expression_a_function_and_their_scalar_agree():
    x, Y, start, _ = peaks(40)
    expression = fm.Expression("a/(1 + ((x - c)/w)**2) + b", ["a", "c", "w", "b"])
    function = fm.Function(f, grad, parameters=["a", "c", "w", "b"])
    expected = PEAK.fit_many(x, Y, start)
    for model in (expression, function):
        many = model.fit_many(x, Y, start)
        assert many.names == ("a", "c", "w", "b")
        assert many.converged.all()
        assert np.abs((many.theta - expected.theta) / expected.stderr).max() < 1e-7
        np.testing.assert_allclose(many.stderr, expected.stderr, rtol=1e-6)
    again = expression.fit_many({"x": x}, Y, start)
    assert np.array_equal(again.theta, expression.fit_many(x[:, None], Y, start).theta)


def test_what_a_function_raises_is_the_status_of_its_curve():
    x, Y, start, _ = peaks(40)
    function = fm.Function(f, grad, parameters=["a", "c", "w", "b"])
    expected = function.fit_many(x, Y, start)
    start[7, 0] = -101.0
    many = function.fit_many(x, Y, start)
    assert many.status.tolist() == [NOT_FINITE if i == 7 else CONVERGED for i in range(40)]
    others = np.arange(40) != 7
    assert np.array_equal(many.theta[others], expected.theta[others])


def test_one_fit_per_row():
    """`Expression.fit` ends at rounding, `fit_many` within 1e-8 standard errors or so."""
    x, Y, start, _ = peaks(20)
    model = fm.Expression("a/(1 + ((x - c)/w)**2) + b", ["a", "c", "w", "b"])
    many = model.fit_many(x, Y, start)
    fits = [model.fit(x, y, begin) for y, begin in zip(Y, start, strict=True)]
    theta, stderr = (np.array([getattr(fit, name) for fit in fits]) for name in ("theta", "stderr"))
    assert np.abs((many.theta - theta) / stderr).max() < 1e-7
    np.testing.assert_allclose(many.stderr, stderr, rtol=1e-6)
    np.testing.assert_allclose(many.sse, [fit.sse for fit in fits], rtol=1e-13)
    np.testing.assert_allclose(many.loglik, [fit.loglik for fit in fits], rtol=1e-13)
