"""The user's own functions as a model."""

from __future__ import annotations

import math
import pickle

import numba
import numpy as np
import pytest

import fastmse as fm

THETA = np.array([2.0, 0.3, 0.8])
BACKENDS = ["numpy", "cython", "numba"]


def peak(x, theta):
    z = (x - theta[1]) / theta[2]
    return theta[0] / (1 + z * z)


def peak_grad(x, theta, out):
    z = (x - theta[1]) / theta[2]
    d = 1 / (1 + z * z)
    out[0] = d
    out[1] = 2 * theta[0] * d * d * z / theta[2]
    out[2] = out[1] * z


@numba.njit
def helper(x, b):
    return math.exp(-b * x)


@numba.njit("float64(float64[::1], float64[::1])")
def surface(x, theta):
    return theta[0] * helper(x[0], theta[1]) + x[1]


@numba.njit
def surface_grad(x, theta, out):
    e = helper(x[0], theta[1])
    out[0] = e
    out[1] = -x[0] * theta[0] * e


PEAK = fm.Function(peak, peak_grad, parameters=["a", "b", "c"])
SURFACE = fm.Function(surface, surface_grad, parameters=["a", "b"])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_function_is_the_expression_it_computes(backend):
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=300), rng.normal(size=300), rng.random(300)
    same = fm.Expression("a/(1 + ((x - b)/c)**2)", ["a", "b", "c"])
    expected = same.normal(x, y, THETA, sample_weight=w, backend="numpy")
    found = PEAK.normal(x, y, THETA, sample_weight=w, backend=backend)
    assert found.sse == pytest.approx(expected.sse, rel=1e-14)
    assert found.grad == pytest.approx(expected.grad, abs=1e-14)
    assert found.normal == pytest.approx(expected.normal, rel=1e-13, abs=1e-12)
    assert PEAK.predict(x, THETA) == pytest.approx(same.predict(x, THETA), rel=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_rows_of_several_variables_are_arrays(backend):
    X = np.random.default_rng(1).random((300, 2))
    y = X[:, 0]
    found = SURFACE.evaluate(X, y, [2.0, 0.5], backend=backend)
    r = 2 * np.exp(-0.5 * X[:, 0]) + X[:, 1] - y
    assert found.mse == pytest.approx(np.mean(r * r), rel=1e-13)
    assert found.grad[0] == pytest.approx(np.mean(2 * r * np.exp(-0.5 * X[:, 0])), rel=1e-13)


def test_a_column_of_one_variable_is_an_array_too():
    def line(x, theta):
        return theta[0] * x[0]

    def slope(x, theta, out):
        out[0] = x[0]

    model = fm.Function(line, slope, parameters=["a"])
    assert model.evaluate(np.ones((5, 1)), np.zeros(5), [3.0]).mse == 9


def test_division_by_zero_is_infinite_and_nothing_raises():
    e = fm.Function(lambda x, t: t[0] / x, lambda x, t, out: None, parameters=["a"])
    assert e.evaluate([0.0, 1.0], [0.0, 1.0], [1.0], grad=False).sse == np.inf


def test_what_they_raise_is_told():
    def refuses(x, theta, out):
        if x > 2:
            raise ValueError("too far")
        out[:] = 0

    model = fm.Function(peak, refuses, parameters=["a", "b", "c"])
    assert model.evaluate([1.0, 2.0], [1.0, 2.0], THETA).n == 2
    with pytest.raises(RuntimeError, match="f or grad raised an exception"):
        model.evaluate([1.0, 3.0], [1.0, 2.0], THETA)
    assert model.evaluate([1.0, 3.0], [1.0, 2.0], THETA, grad=False).n == 2
    with pytest.raises(ValueError, match="too far"):
        model.evaluate([1.0, 3.0], [1.0, 2.0], THETA, backend="numpy")


def test_what_numba_cannot_compile_is_told():
    def unknown(x, theta):
        return nowhere(x)  # noqa: F821

    def text(x, theta, out):
        out[0] = "text"

    with pytest.raises(TypeError, match=r"f: Numba cannot compile it:(.|\n)*nowhere"):
        fm.Function(unknown, peak_grad, parameters=["a", "b", "c"]).evaluate([1.0], [1.0], THETA)
    with pytest.raises(TypeError, match="grad: Numba cannot compile it"):
        fm.Function(peak, text, parameters=["a", "b", "c"]).evaluate([1.0], [1.0], THETA)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, peak_grad, ["a"]), "f: got 1; want a function"),
        ((peak, None, ["a"]), "grad: got None; want a function"),
        ((peak_grad, peak_grad, ["a"]), "f: got a function of other arguments"),
        ((peak, peak, ["a"]), r"grad: got a function of other arguments; want grad\(x, theta, out"),
        ((peak, peak_grad, "abc"), "parameters: got 'abc'; want a sequence"),
        ((peak, peak_grad, [1]), "parameters: got 1; want names"),
    ],
)
def test_other_arguments_are_refused(arguments, message):
    f, grad, parameters = arguments
    with pytest.raises(TypeError, match=message):
        fm.Function(f, grad, parameters=parameters)


def test_names_are_distinct_and_some():
    for names in ([], ["a", "a"]):
        with pytest.raises(ValueError, match="parameters: got"):
            fm.Function(peak, peak_grad, parameters=names)


def test_it_has_no_second_derivatives_and_pickles():
    assert PEAK.objective([1.0], [1.0]).hessian is None
    again = pickle.loads(pickle.dumps(PEAK))
    assert again.parameters == ("a", "b", "c")
    assert again.predict([0.3], THETA)[0] == 2
    assert repr(PEAK) == "Function(peak, peak_grad, parameters=('a', 'b', 'c'))"
    with pytest.raises(TypeError, match="X: got a dict, but the variables have no names"):
        PEAK.predict({"x": [1.0]}, THETA)
