"""Nonlinear fits that cannot end well: refused, or told; never a wrong answer as converged."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from numpy_objective import NumpyModel, NumpyObjective, fit

from fastmse.fitting import ConvergenceWarning, RankWarning

DECAY = "b1*exp(-b2*x)"
NAMES = ("b1", "b2")


def decay(seed=0, noise=0.01, n=20):
    x = np.linspace(0, 3, n)
    return x, 2 * np.exp(-x) + noise * np.random.default_rng(seed).normal(size=n)


@pytest.mark.parametrize(
    ("text", "start", "message"),
    [
        ("b1*log(b2 - x)", [1, 1], "start: SSE is nan at b1=1, b2=1; want a start where the model"),
        ("b1*exp(b2*x)", [1, 500], "start: SSE is inf at b1=1, b2=500"),
        ("b1 + sqrt(x)*sqrt(b2)", [1, 0], "start: the derivative by 'b2' is NaN, infinite or"),
        ("b1 + sin(b2*1e160*x)", [1, 1], "start: the derivative by 'b2' is NaN, infinite or"),
    ],
)
def test_a_start_that_is_not_finite(text, start, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        fit(text, NAMES, *decay(), start)


@pytest.mark.parametrize(
    ("of_x", "of_y", "message"),
    [
        (np.nan, 1.0, "X: column 'x' holds NaN in row 3"),
        (np.inf, 1.0, "X: column 'x' holds infinity in row 3"),
        (1.0, np.nan, "y: column 'y' holds NaN in row 3"),
        (1.0, -np.inf, "y: column 'y' holds infinity in row 3"),
    ],
)
def test_data_that_are_not_finite(of_x, of_y, message):
    x, y = decay()
    x[3], y[3] = of_x, of_y
    with pytest.raises(ValueError, match=message):
        fit(DECAY, NAMES, x, y, [1, 1])
    weight = np.ones(len(x))
    weight[3] = 0.0
    assert fit(DECAY, NAMES, x, y, [1, 1], weight=weight).n == len(x) - 1


def test_fewer_rows_than_parameters():
    x, y = decay(n=3)
    message = "X: got 1 rows of positive weight; want at least 2, one for each parameter"
    with pytest.raises(ValueError, match=message):
        fit(DECAY, NAMES, x, y, [1, 1], weight=[0, 1, 0])
    fixed = fit(DECAY, NAMES, x, y, [1, 1], weight=[0, 1, 0], bounds={"b2": (1, 1)})
    assert fixed.converged
    assert fixed.theta[0] == pytest.approx(y[1] * math.exp(x[1]), rel=1e-14)
    exact = fit(DECAY, NAMES, x, y, [1, 1], weight=[1, 1, 0])
    assert exact.converged
    assert exact.sse < 1e-28
    assert np.isnan(exact.stderr).all()


@pytest.mark.parametrize(
    ("text", "start", "named"),
    [
        ("b1*exp(-b2*x) + 0*b3", [1, 1, 1], ["b3"]),
        ("b1*exp(-b2*x) + b3*exp(-1000*(x + 1))", [1, 1, 1], ["b3"]),
        ("b1*b3*exp(-b2*x)", [1, 1, 1], ["b1", "b3"]),
        ("b1*exp(-b2*x + b3)", [1, 1, 0], ["b1", "b3"]),
        ("b1*exp(-(b2 + b3)*x)", [1, 1, 0.5], ["b2", "b3"]),
        ("b1*exp(-b2*x**2*1e5) + 0*b3", [1, 1e5, 1], ["b2", "b3"]),
    ],
)
@pytest.mark.parametrize("hessian", [True, False])
def test_parameters_that_the_data_do_not_determine(text, start, named, hessian):
    with pytest.warns(RankWarning, match="SSE does not depend on") as caught:
        fitted = fit(text, ("b1", "b2", "b3"), *decay(), start, hessian=hessian)
    assert not fitted.converged
    assert fitted.rank == 3 - len(named) + (len(named) > 1 and "1e5" not in text)
    assert f"does not depend on {', '.join(map(repr, named))}, alone" in fitted.message
    assert str(caught[0].message) in fitted.message
    assert fitted.stderr is fitted.cov is fitted.robust() is None
    assert fitted.condition == math.inf
    fitted.summary()
    fitted.to_dict()


def test_a_saddle_point_is_no_minimum():
    """SSE of f = b1² x at b1 = 0 has no slope, nor has f; with b2 it falls both ways."""
    x, y = decay()
    with pytest.warns(RankWarning):
        assert not fit("b1**2*x + b2", NAMES, x, y - 5, [0, 1]).converged
    # |θ| = 1 on a circle: its far side is a maximum of SSE, of full rank and with no gradient.
    z = np.repeat([1.0, 0.0], 10)
    text = "z*cos(b1) + (1 - z)*sin(b1)"
    with pytest.warns(ConvergenceWarning, match="a plateau, a saddle point, or a function"):
        far = fit(text, ("b1",), z, 2 * z, [math.pi], variables=("z",))
    assert not far.converged
    near = fit(text, ("b1",), z, 2 * z, [1.0], variables=("z",))
    assert near.converged
    assert near.theta[0] == pytest.approx(0.0, abs=1e-12)


def test_a_kink_is_told():
    """f = b1 + |b2| |x|: beyond 0, where SSE would go on falling, f goes up again."""
    x, y = decay()
    with pytest.warns(ConvergenceWarning, match="none lowers SSE"):
        fitted = fit("b1 + sqrt(b2**2)*x", NAMES, x, y, [1, 1])
    assert not fitted.converged
    assert abs(fitted.theta[1]) < 1e-3


def test_overflow_on_the_way_is_stepped_back_from():
    x, y = decay()
    fitted = fit("b1*exp(b2*x)", NAMES, 100 * x, y, [1, 0.1])
    assert fitted.converged, fitted.message
    np.testing.assert_allclose(fitted.theta[1], -0.01, rtol=0.05)


def test_a_plateau_is_not_an_answer():
    x, y = decay()
    with pytest.warns(RankWarning, match="does not depend on 'b2'"):
        assert not fit(DECAY, NAMES, x, y, [1, 1e5]).converged


def test_an_end_by_max_iter_is_told():
    x, y = decay()
    with pytest.warns(ConvergenceWarning, match=r"not converged after 2 steps, .* raise max_iter"):
        fitted = fit(DECAY, NAMES, x, y, [10, 5], max_iter=2)
    assert not fitted.converged
    assert fitted.n_iter == 2
    assert "not converged" in fitted.summary()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tol": -1}, ValueError, "tol: got -1; want a number in [0, 1)"),
        ({"tol": "1"}, TypeError, "tol: got '1' of type str; want a number >= 0"),
        ({"max_iter": 0}, ValueError, "max_iter: got 0; want an integer >= 1"),
        ({"max_iter": 1.5}, TypeError, "max_iter: got 1.5; want an integer >= 1"),
        ({"callback": 1}, TypeError, "callback: got 1; want callable(iteration, theta, sse)"),
        (
            {"weight_type": "x"},
            ValueError,
            "weight_type: got 'x'; want one of frequency, precision",
        ),
    ],
)
def test_refused_options(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        fit(DECAY, NAMES, *decay(), [1, 1], **options)


def test_the_callback_sees_every_step():
    x, y = decay()
    seen = []

    def callback(iteration, theta, sse):
        seen.append((iteration, theta.copy(), sse))
        theta[:] = np.nan  # its own copy

    fitted = fit(DECAY, NAMES, x, y, [10, 5], callback=callback)
    assert fitted.converged
    assert [iteration for iteration, _, _ in seen] == list(range(1, fitted.n_iter + 1))
    sums = NumpyObjective(NumpyModel(DECAY, NAMES, ("x",)), x, y)
    assert all(sse == sums.normal(theta).sse for _, theta, sse in seen)
    sse = np.array([sse for _, _, sse in seen])
    assert (sse[1:] <= sse[:-1] * (1 + 1e-8)).all()
    assert (seen[-1][1] == fitted.theta).all()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, MemoryError])
def test_what_the_callback_raises_propagates(error):
    x, y = decay()

    def callback(iteration, theta, sse):
        if iteration == 3:
            raise error("here")

    with pytest.raises(error, match="here"):
        fit(DECAY, NAMES, x, y, [10, 5], callback=callback)
    assert fit(DECAY, NAMES, x, y, [10, 5]).converged


def test_stop_iteration_ends_the_fit():
    x, y = decay()

    def callback(iteration, theta, sse):
        if iteration == 3:
            raise StopIteration

    with pytest.warns(ConvergenceWarning, match="stopped by the callback after 3 steps"):
        fitted = fit(DECAY, NAMES, x, y, [10, 5], callback=callback)
    assert not fitted.converged
    assert fitted.n_iter == 3
    assert np.isfinite(fitted.theta).all()


def test_perfect_fits_converge():
    x, _ = decay()
    for y in (2 * np.exp(-x), np.full(len(x), 3.0)):
        fitted = fit(DECAY, NAMES, x, y, [1, 0.5])
        assert fitted.converged, fitted.message
        assert fitted.sse < 1e-28
    # Rounding of an argument of 3000 is 3000 times that of 1.
    wave = fit("b1*sin(b2*x)", NAMES, x, 2 * np.sin(1000 * x), [1.5, 1000.2])
    assert wave.converged, wave.message
    np.testing.assert_allclose(wave.theta, [2, 1000], rtol=1e-12)
    # At the start already.
    assert fit(DECAY, NAMES, x, 2 * np.exp(-x), [2, 1]).converged
