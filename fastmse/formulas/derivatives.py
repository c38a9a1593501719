"""A term's first and second derivatives, by SymPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Symbol

from fastmse.formulas.operations import make, number
from fastmse.formulas.terms import Term, ordered


def derivatives(term: Term, parameters: Sequence[str], order: int) -> list[Any]:
    """∂f/∂θⱼ, and for order 2 also ∂²f/∂θⱼ∂θₖ, k <= j: the lower triangle by rows."""
    symbols = [Symbol(name) for name in parameters]
    operations = expressions(term)
    first = [_slope(operations, s) for s in symbols]
    if order < 2:
        return first
    return first + [first[k].diff(symbols[j]) for j in range(len(first)) for k in range(j + 1)]


def expressions(term: Term) -> list[Any]:
    """The term's operations as SymPy expressions, built node by node; the last is the whole."""
    made: dict[Term, Any] = {}
    for t in ordered(term):
        if t.op == "name":
            made[t] = Symbol(t.args[0])
        elif t.op == "number":
            made[t] = number(t.args[0])
        else:
            made[t] = make(t.op, *(made[a] for a in t.args))
    return list(made.values())


def _slope(operations: Sequence[Any], s: Any) -> Any:
    """∂f/∂s; from the leaves up, or a long sum would reach Python's recursion limit."""
    slope = None
    for operation in operations:
        slope = operation._eval_derivative(s)
    return slope
