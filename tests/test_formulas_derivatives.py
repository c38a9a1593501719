"""Values and derivatives of formulas against mpmath, which takes differences in 80 digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mpf
from rounding import EXACT, FUNCTIONS, Rounded, rounded

from fastmse import formulas

NAMES = ("a", "b", "c", "x", "z")
LEAVES = st.sampled_from([*NAMES, "0.5*b", "2 - x", "c/3.25", "z + 1e-3", "pi*a", "3*b"])
UNARY = [
    "-({})",
    "({})**2",
    "({})**3",
    "exp(sin({}))",
    "log(2.5 + cos({}))",
    "log2(2.5 + sin({}))",
    "log10(2.5 + sin({}))",
    "log1p(0.5*sin({}))",
    "expm1(sin({}))",
    "sqrt(1 + ({})**2)",
    "sin({})",
    "cos({})",
    "tan(sin({}))",
    "atan({})",
    "sinh(sin({}))",
    "cosh(sin({}))",
    "tanh({})",
    "erf({})",
    "abs({})",
    "1/(1.5 + sin({}))",
    "(2 + sin({}))**-2.5",
    "(2 + sin({}))**1.3",
    "2**sin({})",
]
BINARY = [
    "({} + {})",
    "({} - {})",
    "({})*({})",
    "({})/(2 + cos({}))",
    "(1.5 + sin({}))**({})",
    "where(x < 1, {}, {})",
    "where(a < x or z < b < c, {}, {})",
]


def grown(trees):
    unary = st.builds(str.format, st.sampled_from(UNARY), trees)
    binary = st.builds(str.format, st.sampled_from(BINARY), trees, trees)
    return unary | binary


TEXTS = st.recursive(LEAVES, grown, max_leaves=6).map(lambda tree: f"a*({tree}) + x*z")
POINT = st.lists(st.integers(200, 3000), min_size=5, max_size=5, unique=True)


def exactly(text, order, parameters, values):
    """The value and the derivatives in the order of a program, by differences."""

    def f(*theta):
        return eval(text, {**EXACT, **values, **dict(zip(parameters, theta, strict=True))})

    theta = [values[name] for name in parameters]
    p = len(theta)
    orders = [tuple(int(i == j) for i in range(p)) for j in range(p)]
    pairs = [(j, k) for j in range(p) for k in range(j + 1)] if order == 2 else []
    second = [tuple((i == j) + (i == k) for i in range(p)) for j, k in pairs]
    return [f(*theta), *(mpmath.diff(f, theta, n) for n in orders + second)]


@given(TEXTS, POINT, st.sampled_from([1, 2]))
@settings(max_examples=100)
def test_random_formulas(text, point, order):
    """Within the bound of the program's own roundings, which `Rounded` adds up as it runs."""
    values = dict(zip(NAMES, (mpf(k) / 1024 for k in point), strict=True))  # exact in float64
    used = formulas.parse(text, ["x"]).variables
    parameters = [name for name in "abc" if name in used]
    formula = formulas.parse(text, parameters, [n for n in NAMES if n not in parameters])
    arguments = [[values[n] for n in names] for names in (formula.variables, parameters)]
    with mpmath.workdps(80):
        tracked = formula.scalar(order, FUNCTIONS)(*([Rounded(v) for v in vs] for vs in arguments))
        assume(max(abs(t.value) for t in map(rounded, tracked)) < 1e100)
        exact = exactly(text, order, parameters, values)
    with np.errstate(all="ignore"):  # of branches that are not taken
        computed = formula.scalar(order, formulas.numpy_functions())(*map(np.float64, arguments))
    for t, got, want in zip(map(rounded, tracked), computed, exact, strict=True):
        assert abs(t.value - want) <= t.error + 1e-30, (text, formula.source(order))
        assert abs(got - want) <= t.error + 1e-30, (text, formula.source(order))


def at(text, x, theta, order=1):
    """The program's outputs at one point, as floats."""
    formula = formulas.parse(text, tuple("abc"[: len(theta)]))
    with np.errstate(all="ignore"):
        outputs = formula.scalar(order, formulas.numpy_functions())(
            (np.float64(x),), tuple(map(np.float64, theta))
        )
    return [float(output) for output in outputs]


def test_power_of_zero():
    """d/db a x**b = a x**b log(x) and its derivative are 0 at x = 0 for b > 0, as in the limit."""
    f, da, db, daa, dba, dbb = at("a*x**b", 0.0, (3.0, 2.5), 2)
    assert (f, da, db, daa, dba, dbb) == (0, 0, 0, 0, 0, 0)
    assert at("a*x**b", 0.0, (3.0, 0.0)) == [3, 1, -np.inf]
    assert at("a*x**b", 0.0, (3.0, -1.0)) == [np.inf, np.inf, -np.inf]
    assert at("a*x**b", np.inf, (3.0, -1.0)) == [0, 0, 0]


@pytest.mark.parametrize(
    ("b", "slope", "bend"),
    [(0.0, 0, 0), (0.5, np.inf, -np.inf), (1.0, 1, 0), (1.5, 0, np.inf), (2.0, 0, 2), (2.5, 0, 0)],
)
def test_base_of_power_at_zero(b, slope, bend):
    """d/da (a x)**b = b x (a x)**(b-1) at a = 0: from u**b / u, by the limit where that is 0/0."""
    f, da, db, daa, _, dbb = at("(a*x)**b", 1.0, (0.0, b), 2)
    assert (f, da) == (b == 0, slope)
    assert b == 0 or (db, dbb) == (0, 0)
    assert daa == pytest.approx(bend)


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("where(x > 0, a*log(x), b)", -1.0, [2, 0, 1]),
        ("where(x > 0, b, a/x)", 0.0, [np.inf, np.inf, 0]),
        ("where(x <= 0, b, a/x)", 0.0, [2, 0, 1]),
        ("where(x < b, a*x, a*sqrt(x - b))", 1.0, [1.5, 1, 0]),
        ("where(0 < x < 1 and not x == 0.5, a*sqrt(x), b)", -1.0, [2, 0, 1]),
        ("a*where(x > 0, exp(b*x), 1)", -1e300, [1.5, 1, 0]),
    ],
)
def test_nothing_leaks_from_the_branch_that_is_not_taken(text, x, expected):
    assert at(text, x, (1.5, 2.0)) == expected


def test_abs_has_slope_0_at_0():
    assert at("b*abs(x - a)", 1.0, (1.0, 2.0), 2) == [0, 0, 0, 0, 0, 0]
    assert at("b*abs(x - a)", 2.0, (1.0, 2.0), 2) == [2, -2, 1, 0, -1, 0]
    assert at("b*abs(x - a)", 0.0, (1.0, 2.0), 2) == [2, 2, 1, 0, 1, 0]


CANCELLING = [  # what a rearrangement would round away
    ("0.3*(x - a)", 1.7e9 + 0.125, (1.7e9,), 2),
    ("(x - a) + 1e-3*b", 1.7e9 + 0.125, (1.7e9, 0.5), 2),
    ("b*exp(-0.7*(x - a)/c)", 1.7e9 + 0.125, (1.7e9, 2.0, 3.0), 8),
    ("b*exp(a)*exp(x)", -700.0, (650.0, 2.0), 8),
    ("b*tanh(a*x)", 40.0, (0.4, 2.0), 16),
    ("b*tanh(a*x)", -40.0, (0.4, 2.0), 16),
    ("b*log1p(a*x)", 1e-9, (0.4, 2.0), 8),
    ("b*log1p(a*x)", 1e9, (0.4, 2.0), 8),
    ("b*log1p(a*x)", -0.9, (0.4, 2.0), 8),
    ("b*expm1(a*x)", 1e-9, (0.4, 2.0), 8),
    ("b*expm1(a*x)", -1e3, (0.4, 2.0), 8),
    ("b*expm1(a*x)", 1e3, (0.5, 2.0), 8),
]


@pytest.mark.parametrize(("text", "x", "theta", "ulps"), CANCELLING)
def test_digits_are_kept(text, x, theta, ulps):
    parameters = "abc"[: len(theta)]
    values = dict(zip(("x", *parameters), map(mpf, (x, *theta)), strict=True))
    with mpmath.workdps(80):
        exact = exactly(text, 1, parameters, values)
        for got, want in zip(at(text, x, theta), exact, strict=True):
            if abs(want) > np.finfo(float).tiny:  # whose ulp is larger
                assert abs(got - want) <= ulps * 2.0**-52 * abs(want), (got, want)


@pytest.mark.parametrize(
    ("text", "value", "slope"),
    [
        ("log1p(a*x)", np.inf, 0),
        ("expm1(a*x)", np.inf, np.inf),
        ("expm1(-a*x)", -1, 0),
        ("tanh(a*x)", 1, 0),
        ("atan(a*x)", np.pi / 2, 0),
        ("erf(-a*x)", -1, 0),
    ],
)
def test_far_out(text, value, slope):
    f, da = at(text, 1e300, (1e300,))
    assert f == value
    assert da == slope or np.isnan(da)


OVERFLOWING = [  # finite values, of an infinity in the text
    "b/(1 + exp(a*x))",
    "b/(1 + exp(a*x))**2",
    "b/(1 + a*exp(a*x))",
    "b/(1 + b*x*exp(a*x)/a)",
    "b*exp(-b*exp(a*x))",
    "b*exp(-exp(a*x))",
    "b*exp(-exp(a*x) - a)",
    "b*atan(exp(a*x))",
    "b*tanh(a + exp(a*x))",
    "b*erf(exp(a*x))",
    "b/cosh(a*x)",
    "b*a/(2 + sinh(a*x))",
    "b/((a*x)**a + 1)",
    "b/(a + (a*x)**a)",
    "1 - b/(1 + expm1(a*x))",
    "where(x < 1, b*x, b/(1 + exp(a*x)))",
    "b*exp(-a*x)/(1 + exp(a*x))",
]


@pytest.mark.parametrize("text", OVERFLOWING)
def test_overflow_that_the_value_hides_has_slope_0(text):
    outputs = at(text, 5.0, (150.0, 2.0))
    with mpmath.workdps(40):
        exact = exactly(text, 1, "ab", {"x": mpf(5), "a": mpf(150), "b": mpf(2)})
    np.testing.assert_allclose(outputs, [float(e) for e in exact], rtol=1e-12, atol=1e-100)


def test_bends_at_an_overflow():
    for text in ("b/(1 + exp(a*x))", "b*exp(-exp(a*x))", "b/(1 + exp(a*x))**2"):
        assert at(text, 5.0, (150.0, 2.0), 2) == [0] * 6


def test_overflow_that_the_value_shows_is_infinite():
    assert at("b*exp(a*x)", 1e3, (2.0, 3.0)) == [np.inf, np.inf, np.inf]
