"""A term's first and second derivatives, as SymPy expressions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Add, Mul, Symbol

from fastmse.formulas.operations import KINDS, ONE, SATURATED, ZERO, Operation, number
from fastmse.formulas.saturation import saturated
from fastmse.formulas.terms import Term, ordered


def derivatives(term: Term, parameters: Sequence[str], order: int) -> list[Any]:
    """∂f/∂θⱼ, and for order 2 also ∂²f/∂θⱼ∂θₖ, k <= j: the lower triangle by rows."""
    symbols = [Symbol(name) for name in parameters]
    f = expression(term)
    first = [slope for s in symbols for slope in slopes([f], s)]
    if order < 2:
        return first
    return first + [h for j, s in enumerate(symbols) for h in slopes(first[: j + 1], s)]


def expression(term: Term) -> Any:
    """The term as a SymPy expression, built node by node."""
    made: dict[Term, Any] = {}
    inside = saturated(term)
    for t in ordered([term], Term.operands):
        if t.op == "name":
            made[t] = Symbol(t.args[0])
        elif t.op == "number":
            made[t] = number(t.args[0])
        else:
            kinds = SATURATED if t in inside else KINDS
            made[t] = kinds[t.op](*(made[a] for a in t.args))
    return made[term]


def slopes(expressions: Sequence[Any], s: Any) -> list[Any]:
    """∂e/∂s of each; from the leaves up, what they share once.

    SymPy's own `diff` walks down, and again into what is shared: 1.7 s for the second derivatives
    of 20 powers inside each other, which take 0.1 s so.
    """
    known: dict[Any, Any] = {}
    for e in ordered(expressions, lambda e: e.args):
        known[e] = _slope(e, s, [known[a] for a in e.args])
    return [known[e] for e in expressions]


def _slope(e: Any, s: Any, slopes: Sequence[Any]) -> Any:
    if e == s:
        return ONE
    if not any(slopes):
        return ZERO
    if isinstance(e, Operation):
        return e.slope(*slopes)
    if e.is_Add:
        return Add(*slopes)
    if e.is_Mul:
        products = ((*e.args[:i], d, *e.args[i + 1 :]) for i, d in enumerate(slopes) if d)
        return Add(*(Mul(*factors) for factors in products))
    base, n = e.args  # a power by a whole number: all others are operations
    return n * base ** (n - 1) * slopes[0]
