"""What a formula may say, and what it may not, with the place where it says it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastmse import formulas
from fastmse.formulas import FormulaError

X, A, B = 0.75, 1.25, 2.5

ACCEPTED = {
    "a*x + b": A * X + B,
    "a - b - x": A - B - X,
    "a - (b - x)": A - (B - X),
    "a/b/x": A / B / X,
    "a/(b/x)": A / (B / X),
    "-a**2*b*x": -(A**2) * B * X,
    "a**-b*x": A**-B * X,
    "a**b**x": A**B**X,
    "+a - -b*x": A + B * X,
    "a*x**2 + b*x**3": A * X**2 + B * X**3,
    "x**0 + a*b": 1 + A * B,
    "a*x**-1 + b*x**-2": A / X + B / X**2,
    "a*x**0.5 + b*x**-.5": A * math.sqrt(X) + B / math.sqrt(X),
    "a*x**20*b": A * X**20 * B,
    "2*pi*x*a*b": 2 * math.pi * X * A * B,
    "1e-3*a + 1_000*b*x": 1e-3 * A + 1000 * B * X,
    "1.*a + .5*b*x + 1.5E+1": A + 0.5 * B * X + 15,
    "a*exp(-b*x)": A * math.exp(-B * X),
    "expm1(a*x) + b": math.expm1(A * X) + B,
    "log(a*x) + b": math.log(A * X) + B,
    "log1p(a*x) + b": math.log1p(A * X) + B,
    "log2(a*x) + b": math.log2(A * X) + B,
    "log10(a*x) + b": math.log10(A * X) + B,
    "sqrt(a*x) + b": math.sqrt(A * X) + B,
    "sin(a*x) + cos(b*x) + tan(x)": math.sin(A * X) + math.cos(B * X) + math.tan(X),
    "atan(a*x) + arctan(b*x)": math.atan(A * X) + math.atan(B * X),
    "sinh(a*x) + cosh(b*x) + tanh(x)": math.sinh(A * X) + math.cosh(B * X) + math.tanh(X),
    "erf(a*x) + b": math.erf(A * X) + B,
    "abs(a - b) + x": abs(A - B) + X,
    "where(x < a, b, x)": B,
    "where(x > a, a, b)": B,
    "where(0 < x <= a, a, b)": A,
    "where(x < a and x > b, a, b)": B,
    "where(x < a or x > b, a, b)": A,
    "where((x < a) & (x > b), a, b)": B,
    "where((x < a) | (x > b), a, b)": A,
    "where(not x < a, a, b)": B,
    "where(~(x < a), a, b)": B,
    "where(x == 0.75, a, b)": A,
    "where(x != 0.75, a, b)": B,
    "where(x >= a, a, where(x < 0, 0, b))": B,
    "  a*x\n  + b ": A * X + B,
    "(a*x\t+ b)": A * X + B,
}


@pytest.mark.parametrize("text", ACCEPTED)
def test_accepted(text):
    formula = formulas.parse(text, ("a", "b"))
    assert formula.variables == ("x",)
    for order in (0, 1, 2):
        f, *derivatives = formula.scalar(order, formulas.numpy_functions())((X,), (A, B))
        assert f == pytest.approx(ACCEPTED[text], rel=8 * np.finfo(float).eps)
        assert len(derivatives) == (0, 2, 5)[order]


REFUSED = {  # the text, and where the caret stands
    "": 0,
    "   ": 0,
    "a*x, b": 0,
    "a*x^2": 3,
    "a*x // b": 4,
    "(a*x) % b": 6,
    "a @ x": 2,
    "a*foo(x)": 2,
    "a*exq(x)": 2,
    "a(x)": 0,
    "2(x + a)": 0,
    "np.exp(a*x)": 0,
    "a.real*x": 0,
    "a*x.__class__": 2,
    "a*__import__(x)": 2,
    "__x*a": 0,
    "exp(a, x)": 0,
    "exp()*a*x": 0,
    "exp(x=a)": 0,
    "exp(*x)*a": 0,
    "a*exp": 2,
    "where(x < a, x)": 0,
    "where(x, a, x)": 6,
    "where(x > 0 & a < x, a, x)": 10,
    "a + (x < 1)": 5,
    "a*(x and b)": 3,
    "x < a": 0,
    "not x*a": 4,
    "where(x is a, a, x)": 8,
    "where(x in a, a, x)": 8,
    "a if x else b": 2,
    "a*x[0]": 2,
    "lambda x: a*x": 0,
    "[a*x]": 0,
    "[a for x in b]": 3,
    "{a: x}": 0,
    "(a := x)": 1,
    "a*x*1j": 4,
    "a*x*True": 4,
    "a*x*None": 4,
    "a*x*...": 4,
    "a*x + 'b'": 6,
    'a*x*f"{b}"': 5,
    "a*x # note": 4,
    "a;x": 1,
    "y = a*x": 2,
    " \n a*foo(x)": 5,
    "a*0x10": 2,
    "a*2x": 2,
    "2x*a": 0,
    "a*x + 1.5b": 6,
    "a*.5x": 2,
    "where(x<1and x>0, a, x)": 8,
    "a*x*1e": 4,
    "a x": 2,
    "a*x +": 5,
    "exp(a*x": 3,
    "a*x + 1/0": 8,
    "a*x/0": 4,
    "a*x + 0**-1": 9,
    "a*x + sqrt(-1)": 6,
    "a*x + log(-1)": 6,
    "a*x + log(0)": 6,
    "a*x + (-8)**(1/3)": 13,
    "a*x + 9**9**9**9": 12,
    "a*x + 1e999": 6,
    "a*x + 1e308*10": 12,
    "a*x + exp(1000)": 6,
    "a*x\0": 3,
    "a*é": 2,
    "ａ*x": 0,
    "a*х": 2,
    "a*x\u2212b": 3,
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused_with_the_place(text):
    with pytest.raises(FormulaError) as caught:
        formulas.parse(text, ("a",))
    error = caught.value
    line, caret = str(error).splitlines()[1:]
    assert (error.column, caret) == (REFUSED[text], " " * (4 + error.column) + "^"), error
    assert len(line) == 4 + len(text)


TOKENS = [
    *("a", "x", "b_1", "2", ".5", "1e3", "0", "pi", "exp", "abs", "where", "lambda ", "é"),
    *("+", "-", "*", "/", "**", "^", "%", "(", ")", "(", ")", ",", " ", "\n", "[", ".", ":", "="),
    *("<", ">=", "==", "!=", " and ", " not ", "&", "|", "~"),
    *("exp(", "sqrt(", "log(a*", "where(x<a,", "a*x+", "+b_1)", "/x)"),
]


@given(st.lists(st.sampled_from(TOKENS), max_size=25).map("".join) | st.text(max_size=12))
@settings(max_examples=300)
def test_any_text_is_a_formula_or_a_formula_error(text):
    try:
        formula = formulas.parse(text, ["a"], ["x", "b_1"])
    except FormulaError as error:
        place = error.column if str(error) else None
        assert place in range(len(text) + 1)
    else:
        assert formula.scalar(2, formulas.numpy_functions())
