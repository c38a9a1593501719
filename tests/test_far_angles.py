"""Models with sin, cos and tan of angles beyond 2^22, where the vectors' reduction ends."""

import math

import numpy as np
import pytest
from function_values import computed
from mpmath import mp

import fastmse as fm
from fastmse import formulas
from fastmse.kernels.jit import functions


def exact_sse(f, x):
    with mp.workprec(1300):
        return float(sum(f(mp.mpf(v)) ** 2 for v in x.tolist()))


@pytest.fixture(scope="module")
def angles():
    """Two far ones, in one run of 128."""
    x = np.random.default_rng(0).uniform(-10, 10, 400)
    x[[150, 200]] = 1e22, -(2.0**1000)
    return x


def sse(text, x):
    model = fm.Expression(text, ["a"])
    return model.evaluate(x, np.zeros_like(x), [1.0], grad=False).sse


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_far_angles_are_right(name, angles):
    expected = exact_sse(getattr(mp, name), angles)
    assert sse(f"a*{name}(x)", angles) == pytest.approx(expected, rel=4e-15)


def test_a_condition_on_a_far_angle_is_right(angles):
    expected = exact_sse(lambda v: 1 if mp.sin(v) > 0 else 2, angles)
    assert sse("where(sin(x) > 0, a, 2)", angles) == expected


def test_near_angles_have_the_same_bits_everywhere(angles):
    near = angles[np.abs(angles) < 2.0**22]
    for name in ("sin", "cos", "tan"):
        assert np.array_equal(computed(name, near), computed(name, near, everywhere=True))


def test_infinite_angles_are_nan(angles):
    assert math.isnan(sse("a*sin(x)", np.array([1.0, math.inf])))


def test_only_formulas_with_angles_have_a_second_scalar():
    def made(text):
        formula = formulas.parse(text, ["a"])
        return functions.scalars(lambda names: formula.scalar(1, names))

    assert made("a*exp(x)")[1] is None
    assert made("a*sin(x)")[1] is not None
    assert made("where(sin(x) > 0, a, 2)")[1] is None
