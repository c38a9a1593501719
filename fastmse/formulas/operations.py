"""The operations of a formula as SymPy expressions that know their derivatives.

SymPy rearranges what is made of its own sums and products: 0.3*(t - t0) becomes 0.3*t - 0.3*t0, and
exp(a)*exp(b) becomes exp(a + b). To it an `Operation` is opaque, so that a value is computed as it
is written; only what the chain rule adds is SymPy's to simplify.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from sympy import Add, Expr, Integer, Rational

from fastmse.formulas.terms import CONDITIONS

ZERO, ONE = Integer(0), Integer(1)


class Operation(Expr):  # type: ignore[misc]
    """An operation on its `args`."""

    partials: tuple[Callable[..., Any], ...] = ()  # ∂f/∂aᵢ, of f and its arguments

    def slope(self, *slopes: Any) -> Any:
        """∂f/∂s = Σᵢ ∂f/∂aᵢ ∂aᵢ/∂s, of the arguments' slopes."""
        terms = zip(self.partials, slopes, strict=True)
        return Add(*(partial(self, *self.args) * slope for partial, slope in terms if slope))


class Where(Operation):
    """A branch and its slope go together: what is not taken never counts, not even as NaN."""

    def slope(self, *slopes: Any) -> Any:
        """The taken branch's."""
        _, a, b = slopes
        return a if a == b else Where(self.args[0], a, b)


class Condition(Operation):
    """A step is flat wherever it has a derivative."""

    def slope(self, *slopes: Any) -> Any:
        """Zero."""
        return ZERO


def raised(u: Any, y: Any, m: int = 0, k: int = 0) -> Any:
    """u**(y - m) log(u)**k, the derivatives of u**y; constants are worked out."""
    if y.is_Rational and k == 0:
        y, m = y - m, 0
        if y == 0 or y == 1:
            return u if y else ONE
    if u.is_Rational and u > 0:
        return make("power", u, y) * number(math.log(u)) ** k * u**-m
    return make("raised", u, y, Integer(m), Integer(k)) if m or k else make("power", u, y)


def by_base(u: Any, y: Any, m: int = 0, k: int = 0) -> Any:
    """∂/∂u u**(y - m) log(u)**k = (y - m) u**(y-m-1) log(u)**k + k u**(y-m-1) log(u)**(k-1)."""
    slope = (y - m) * raised(u, y, m + 1, k)
    return slope + k * raised(u, y, m + 1, k - 1) if k else slope


def number(value: float) -> Any:
    """A constant, exactly: what SymPy does with it is rounded once, when it is written."""
    return Rational(*value.as_integer_ratio())


PARTIALS: dict[str, tuple[Callable[..., Any], ...]] = {
    "plus": (lambda f, a, b: ONE, lambda f, a, b: ONE),
    "minus": (lambda f, a, b: ONE, lambda f, a, b: -ONE),
    "times": (lambda f, a, b: b, lambda f, a, b: a),
    "over": (lambda f, a, b: 1 / b, lambda f, a, b: -f / b),
    "negative": (lambda f, a: -ONE,),
    "power": (lambda f, u, y: by_base(u, y), lambda f, u, y: raised(u, y, k=1)),
    "raised": (
        lambda f, u, y, m, k: by_base(u, y, int(m), int(k)),
        lambda f, u, y, m, k: raised(u, y, int(m), int(k) + 1),
        *(lambda f, u, y, m, k: ZERO,) * 2,
    ),
    "exp": (lambda f, u: f,),
    "expm1": (lambda f, u: make("exp", u),),
    "log": (lambda f, u: 1 / u,),
    "log1p": (lambda f, u: 1 / make("plus", ONE, u),),
    "log2": (lambda f, u: number(1 / math.log(2)) / u,),
    "log10": (lambda f, u: number(1 / math.log(10)) / u,),
    "sqrt": (lambda f, u: 1 / (2 * f),),
    "sin": (lambda f, u: make("cos", u),),
    "cos": (lambda f, u: -make("sin", u),),
    "tan": (lambda f, u: 1 + f**2,),
    "atan": (lambda f, u: 1 / (1 + u**2),),
    "sinh": (lambda f, u: make("cosh", u),),
    "cosh": (lambda f, u: make("sinh", u),),
    "tanh": (lambda f, u: make("sech2", u),),
    "sech2": (lambda f, u: -2 * make("tanh", u) * f,),  # 1 / cosh(u)**2
    "erf": (lambda f, u: number(2 / math.sqrt(math.pi)) * make("exp", -(u**2)),),
    "absolute": (lambda f, u: make("sign", u),),
    "sign": (lambda f, u: ZERO,),
}

KINDS: dict[str, type[Operation]] = {
    **{op: type(op, (Operation,), {"partials": rules}) for op, rules in PARTIALS.items()},
    "where": Where,
    **{op: type(op, (Condition,), {}) for op in CONDITIONS},
}


def make(op: str, *args: Any) -> Any:
    """The operation as an expression."""
    return KINDS[op](*args)
