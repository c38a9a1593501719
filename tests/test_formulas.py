"""Formulas as values, their names, and the programs made of them."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from nist_models import MODELS
from numba import njit

from fastmse import formulas
from fastmse.formulas import FormulaError
from fastmse.kernels.jit.functions import FUNCTIONS

MATH = {
    **{name: getattr(math, name) for name in formulas.PROGRAM if hasattr(math, name)},
    "absolute": abs,
    "power": math.pow,
    "where": lambda condition, a, b: a if condition else b,
}
JITTED = {
    **MATH,
    "absolute": njit(lambda a: abs(a)),
    "power": njit(lambda a, b: a**b),
    "where": njit(lambda condition, a, b: a if condition else b),
}
ALL = (
    "a*exp(-b*x) + log(x) + sqrt(x) + sin(x) + cos(x) + tan(x) + atan(x) + sinh(x) + cosh(x)"
    "+ tanh(a*x) + erf(b*x) + abs(x - a) + x**a + where(x < a or not a < b < 3, b, a)"
    "+ log1p(x) + expm1(b) + log2(a) + log10(b)"
)


@pytest.mark.parametrize(
    ("text", "parameters", "variables"),
    [
        ("b1*(1 - exp(-b2*x))", ("b1", "b2"), ("x",)),
        ("e + E*S - I/N*Q**O", ("E", "N"), ("e", "S", "I", "Q", "O")),
        ("beta*gamma*zeta + Symbol*Integer", ("beta", "zeta"), ("gamma", "Symbol", "Integer")),
        ("self*x + True_ + _1", ("self", "_1"), ("x", "True_")),
        ("t1*p_t1 + x_t1*theta", ("t1", "theta"), ("p_t1", "x_t1")),
        ("model*x + exp_", ("model", "x"), ("exp_",)),
    ],
)
def test_names(text, parameters, variables):
    """Any name is a parameter, or a variable in order of appearance."""
    formula = formulas.parse(text, parameters)
    assert (formula.parameters, formula.variables) == (parameters, variables)
    values = {name: 0.25 * k + 0.5 for k, name in enumerate((*parameters, *variables))}
    at = ([values[name] for name in names] for names in (variables, parameters))
    expected = eval(text, {"exp": math.exp}, values)
    assert formula.scalar(2, MATH)(*map(tuple, at))[0] == expected


def test_given_variables_may_be_unused():
    formula = formulas.parse("a*z", ["a"], ["x", "z", "w"])
    assert formula.variables == ("x", "z", "w")
    assert formula.scalar(1, MATH)((1.0, 2.0, 3.0), (5.0,)) == (10.0, 2.0)
    assert formulas.parse("a", ["a"], ["x"]).scalar(2, MATH)((1.0,), (5.0,)) == (5.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("parameters", "variables", "message"),
    [
        ((), None, "no parameters"),
        (("a", "b", "c"), None, "'c' is not used"),
        (("a", "a"), None, "'a' is given twice"),
        (("a", "b"), ("x", "x"), "'x' is given twice"),
        (("a", "b"), ("x", "b"), "'b' is a parameter and a variable"),
        (("a", "b"), ("z",), "'x' is no parameter and no variable; there are a, b, z"),
        (("a", "b", "x"), None, "no variable"),
        (("a", "b"), (), "no variables"),
        (("a", "lambda"), None, "'lambda' is a keyword"),
        (("a", "exp"), None, "'exp' has a meaning of its own"),
        (("a", "where"), None, "'where' has a meaning of its own"),
        (("a", "pi"), None, "'pi' has a meaning of its own"),
        (("a", "2b"), None, "'2b' is no name"),
        (("a", "b c"), None, "'b c' is no name"),
        (("a", ""), None, "'' is no name"),
        (("a", "β"), None, "'β' is no name"),
        (("a", "__b"), None, "'__b' is no name"),
        (("a", "b" * 101), None, "100 characters"),
        (("a", "b"), ("x", "exp"), "'exp' has a meaning of its own"),
        (("a", "b) = 1; (c"), None, "is no name"),
    ],
)
def test_wrong_names(parameters, variables, message):
    with pytest.raises(FormulaError) as caught:
        formulas.parse("a + b*x", parameters, variables)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((b"a*x", ("a",)), "formula: got bytes; want a str"),
        ((None, ("a",)), "formula: got NoneType"),
        (("a*x", "a"), "parameters: got 'a'; want a sequence of str"),
        (("a*x", None), "parameters: got None"),
        (("a*x", (1,)), "parameters: got (1,)"),
        (("a*x", ("a",), "x"), "variables: got 'x'"),
    ],
)
def test_wrong_types(arguments, message):
    with pytest.raises(TypeError) as caught:
        formulas.parse(*arguments)
    assert message in str(caught.value)


def test_error_shows_the_place_of_a_long_text():
    text = "a*x + " * 30 + "foo(x)" + " + a*x" * 30
    with pytest.raises(FormulaError) as caught:
        formulas.parse(text, ("a",))
    reason, line, caret = str(caught.value).splitlines()
    assert "no function foo" in reason
    assert line[caret.index("^") :].startswith("foo(x) + a*x")
    assert (len(line) < 90, line.count("...")) == (True, 2)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.column, copy.text) == (str(caught.value), 180, text)


def test_lines_of_a_text():
    with pytest.raises(FormulaError) as caught:
        formulas.parse("a*x\n + foo(x)\n", ("a",))
    assert str(caught.value).splitlines()[1:] == ["    a*x  + foo(x) ", "    " + " " * 7 + "^"]


def test_formula_is_its_text_and_names():
    formula = formulas.parse("a*x", ["a"])
    same, other = formulas.parse("a*x", ("a",)), formulas.parse("a*x", ("x",))
    assert (formula == same, hash(formula) == hash(same), formula == other) == (True, True, False)
    assert repr(formula) == "Formula(text='a*x', parameters=('a',), variables=('x',))"
    copy = pickle.loads(pickle.dumps(formula))
    assert copy == formula
    assert copy.scalar(1, MATH)((2.0,), (3.0,)) == (6.0, 2.0)
    with pytest.raises(AttributeError):
        formula.text = "a"


def test_programs_are_shared():
    """By equal formulas for equal functions, whatever mapping holds them."""
    formula, same = formulas.parse("a*exp(x)", ["a"]), formulas.parse("a*exp(x)", ["a"])
    assert formula.scalar(1, MATH) is same.scalar(1, dict(MATH))
    assert formula.scalar(1, MATH) is not formula.scalar(1, {"exp": np.exp})
    assert formula.scalar(1, MATH) is not formula.scalar(0, MATH)


def test_program_sees_its_functions_only():
    program = formulas.parse("a*exp(x)", ["a"]).scalar(1, MATH)
    assert set(program.__globals__) == {"__builtins__", "exp", "model"}
    assert not program.__globals__["__builtins__"]
    with pytest.raises(KeyError, match="functions: exp missing"):
        formulas.parse("a*exp(x)", ["a"]).scalar(1, {})


@pytest.mark.parametrize("order", [-1, 3, None])
def test_wrong_order(order):
    with pytest.raises(ValueError, match=r"order: got .*; want 0, 1 or 2"):
        formulas.parse("a*x", ["a"]).source(order)


def test_source_shares_what_is_common():
    source = formulas.parse("b1*exp(-b2*x) + b3*exp(-(x-b4)**2/b5**2)", MODELS["Kirby2"][1])
    assert source.source(1) == (
        "def model(x, theta):\n"
        "    (x_x,) = x\n"
        "    (p_b1, p_b2, p_b3, p_b4, p_b5) = theta\n"
        "    t1 = exp(-p_b2 * x_x)\n"
        "    t2 = p_b1 * t1\n"
        "    t3 = x_x - p_b4\n"
        "    t4 = p_b5 * p_b5\n"
        "    t5 = -(t3 * t3) / t4\n"
        "    t6 = exp(t5)\n"
        "    t7 = p_b3 * t6\n"
        "    t8 = t7 * 2.0\n"
        "    t9 = 1.0 / t4\n"
        "    return (t2 + t7, t1, -(t2 * x_x), t6, t8 * t3 * t9, -(t8 * p_b5 * t5 * t9))\n"
    )


def test_numbers_are_the_floats_of_their_text():
    for number in ("0.1", "1e-320", "123456789012345678", "2.2250738585072011e-308", "1e23"):
        formula = formulas.parse(f"a*x + {number}", ["a"])
        assert formula.scalar(1, MATH)((0.0,), (0.0,))[0] == float(number)
        assert repr(float(number)) in formula.source(1)


@pytest.mark.parametrize(
    "text", [ALL, "a*(1/x)*b", "a/x/b + x**3*(b - a*(0.1 + x - 1e3))", "b*a*x - a*x"]
)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_value_has_the_bits_of_its_text(order, text):
    """As NumPy computes the text, in every order, but for powers and the compositions."""
    x = np.random.default_rng(3).uniform(0.1, 3, 1000)
    formula = formulas.parse(text, ("a", "b"))
    value = formula.scalar(order, formulas.numpy_functions())((x,), (1.25, 2.5))[0]
    if text is ALL:
        expected = formula.scalar(0, formulas.numpy_functions())((x,), (1.25, 2.5))[0]
    else:
        expected = eval(text.replace("x**3", "(x*x*x)"), {"x": x, "a": 1.25, "b": 2.5})
    assert np.array_equal(value, expected)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_floats_arrays_and_numba_agree(order):
    """Within some ulp of the largest of the summands: each has its own exp, log, ..."""
    formula = formulas.parse(ALL, ("a", "b"))
    x = np.array([0.3, 0.9, 1.5, 2.7])
    theta = (1.25, 2.5)
    arrays = formula.scalar(order, formulas.numpy_functions())((x,), theta)
    jitted = njit(formula.scalar(order, JITTED), error_model="numpy")
    for k, value in enumerate(x):
        at = (float(value),)
        floats = formula.scalar(order, MATH)(at, theta)
        compiled = jitted(at, theta)
        assert all(type(output) is float for output in (*floats, *compiled))
        np.testing.assert_allclose(compiled, floats, rtol=1e-14, atol=1e-14)
        row = [np.broadcast_to(array, x.shape)[k] for array in arrays]
        np.testing.assert_allclose(row, floats, rtol=1e-14, atol=1e-14)


def test_the_compiled_functions_are_those_of_programs():
    assert set(FUNCTIONS) >= set(formulas.PROGRAM)
    assert set(formulas.numpy_functions()) == set(formulas.PROGRAM)
