"""Hostile formulas are refused within a second, and heavy ones are differentiated in time."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from fastmse import formulas
from fastmse.formulas import FormulaError
from fastmse.formulas.grammar import MAX_TERMS
from fastmse.formulas.syntax import MAX_DEPTH, MAX_LENGTH

SECOND = 1.0

HOSTILE = {
    "characters": "x+" * 50_000 + "a",
    "digits": "a*x + " + "9" * 3_900,
    "exponent digits": "a*x + 1e" + "9" * 3_900,
    "small exponent digits": "a*x + 1/1e-" + "9" * 3_900,
    "power tower": "a*x + 9**9**9**9**9",
    "power tower in a name's exponent": "a*x**(9**9**9**9**9)",
    "factorial-like": "a*x + " + "**".join(["99"] * 300),
    "parentheses": "(" * 1_900 + "a*x" + ")" * 1_900,
    "open parentheses": "(" * 3_999,
    "brackets": "[" * 3_999,
    "signs": "a*x" + "-" * 3_900 + "x",
    "nots": "where(" + "not " * 900 + "x < a, a, x)",
    "calls": "exp(" * 900 + "a*x" + ")" * 900,
    "powers": "a" + "**x" * 1_000,
    "summands": "a" + "+x" * 1_900,
    "comparisons": "where(x" + "<x" * 1_900 + ", a, x)",
    "conditions": "where(" + " and ".join(["x<a"] * 400) + ", a, x)",
    "ternaries": "a if x else " * 300 + "b",
    "lambdas": "lambda:" * 500 + "a*x",
    "attributes": "a*x" + ".a" * 1_900,
    "subclasses": "a*().__class__.__bases__[0].__subclasses__()",
    "import": "__import__('os').system('true')*a*x",
    "null": "a*x\0",
    "right to left": "a*x\u202e+b",
    "surrogate": "a*x\ud800",
    "form feed": "a*x\f+b",
    "string of quotes": "'" * 3_999,
    "backslashes": "a*x\\\n" * 500,
    "commas": "a*x" + "," * 3_000,
    "keyword arguments": "exp(" + ",".join(f"x{k}=a" for k in range(500)) + ")",
    "long name": "a*" + "x" * 3_900 + "(a)",
    "numbers that are no text": "1" + "_1" * 1_900 + "j*a*x",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_refused_within_a_second(kind):
    start = time.process_time()
    with pytest.raises(FormulaError) as caught:
        formulas.parse(HOSTILE[kind], ("a",))
    message = str(caught.value)
    assert time.process_time() - start < SECOND
    reason, line, caret = message.splitlines()
    assert len(reason) < 300
    assert len(line) < 100
    assert caret.strip() == "^"
    assert caret.index("^") <= len(line)


def nested(form, depth, start="x"):
    text = start
    for k in range(depth):
        text = form.format(text, a="abc"[k % 3], b="abc"[k % 2])
    return text


HEAVY = {
    "exp in exp": nested("exp({}*{a})", 25),
    "exp, 50 deep": nested("exp({})", 50, "x*a"),
    "powers of powers": nested("({a} + {})**({b}*x)", 18),
    "continued fraction": nested("{a}/(1 + {})", 25),
    "product of 40 factors": "*".join(f"(x + b{k % 20})" for k in range(40)),
    "product of 40 exps": "*".join(f"exp(b{k % 20}*x)" for k in range(40)),
    "25 peaks": "+".join(f"a{k}*exp(-((x-b{k})/c{k})**2)" for k in range(25)),
    "120 summands": "+".join(["a*x"] * 120),
    "100 parameters": "x+" + "+".join(f"p{k}" for k in range(100)),
    "root of a long sum": "sqrt(" + "+".join(f"exp(b{k % 9}*x)" for k in range(70)) + ")",
    "quotients": "a" + "/(x + b)" * 40,
    "cases": "where(x < a," * 25 + "b" + ", x*a)" * 25,
}


@pytest.mark.parametrize("kind", HEAVY)
def test_differentiated_within_a_second(kind):
    text = HEAVY[kind]
    formulas.parse("a*x", ("a",)).source(2)  # imports SymPy
    parameters = [name for name in formulas.parse(text + "*zz*x", ["zz"]).variables if name != "x"]
    start = time.process_time()
    formula = formulas.parse(text, parameters)
    formula.scalar(1, formulas.numpy_functions())
    assert time.process_time() - start < SECOND
    formula.scalar(2, formulas.numpy_functions())
    assert time.process_time() - start < 3 * SECOND


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("a*x" + " " * (MAX_LENGTH - 3), True),
        ("a*x" + " " * (MAX_LENGTH - 2), False),
        ("a" + "+x" * ((MAX_TERMS - 1) // 2 - 1), True),
        ("a" + "+x" * (MAX_TERMS // 2), False),
        ("(" * MAX_DEPTH + "a*x" + ")" * MAX_DEPTH, True),
        ("(" * (MAX_DEPTH + 1) + "a*x" + ")" * (MAX_DEPTH + 1), False),
        ("a*x*" + "-" * (MAX_DEPTH - 2) + "x", True),
        ("a*x*" + "-" * (MAX_DEPTH + 1) + "x", False),
    ],
)
def test_limits(text, accepted):
    try:
        formulas.parse(text, ("a",)).source(2)
    except FormulaError:
        assert not accepted
    else:
        assert accepted


def test_in_threads():
    text = "a*exp(-b*x) + where(x < c, a, b)*x**c"
    expected = formulas.parse(text, ("a", "b", "c")).source(2)
    sources = []

    def differentiate(k):
        formula = formulas.parse(text + " " * k, ("a", "b", "c"))  # none finds another's
        sources.append(formula.source(2))

    threads = [threading.Thread(target=differentiate, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sources == [expected] * 8


PROBE = """
import sys
from fastmse import formulas
formula = formulas.parse("a*exp(-b*x)", ("a", "b"))
assert formula.scalar(0, formulas.numpy_functions())((2.0,), (1.0, 1.0))[0] > 0
assert "sympy" not in sys.modules
formula.source(1)
assert "sympy" in sys.modules
assert "scipy" not in sys.modules
"""


def test_sympy_is_imported_for_a_derivative_only():
    subprocess.run([sys.executable, "-c", PROBE], check=True, timeout=60)
