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
    """An operation on its `args`; ∂f/∂s = Σᵢ ∂f/∂aᵢ ∂aᵢ/∂s, worked out once."""

    partials: tuple[Callable[..., Any], ...] = ()  # ∂f/∂aᵢ, of f and its arguments
    names: set[Any]
    slopes: dict[Any, Any]

    def __new__(cls, *args: Any) -> Operation:
        made: Operation = super().__new__(cls, *args)
        made.slopes = {}
        made.names = set().union(*(a.free_symbols for a in args))
        return made

    @property
    def free_symbols(self) -> set[Any]:
        """SymPy's own walks down the whole tree, each time."""
        return self.names

    def _eval_derivative(self, s: Any) -> Any:
        if s not in self.slopes:
            self.slopes[s] = self.slope(s) if s in self.names else ZERO
        return self.slopes[s]

    def slope(self, s: Any) -> Any:
        """∂f/∂s by the chain rule."""
        slopes = [a._eval_derivative(s) for a in self.args]
        terms = zip(self.partials, slopes, strict=True)
        return Add(*(partial(self, *self.args) * slope for partial, slope in terms if slope))


class Where(Operation):
    """A branch and its derivative go together: what is not taken never counts, not even as NaN."""

    def slope(self, s: Any) -> Any:
        """The taken branch's."""
        condition, *branches = self.args
        a, b = (branch._eval_derivative(s) for branch in branches)
        return a if a == b else Where(condition, a, b)


class Condition(Operation):
    """A step is flat wherever it has a derivative."""

    def slope(self, s: Any) -> Any:
        """Zero."""
        return ZERO


def power(u: Any, y: Any) -> Any:
    """u**y; without a power where y is 0 or 1."""
    return ONE if y == 0 else u if y == 1 else make("power", u, y)


def power_log(u: Any, y: Any, k: int) -> Any:
    """u**y log(u)**k, the k-th derivative of u**y by y: 0 at u = 0 for y > 0."""
    if u.is_Rational and u > 0:
        return power(u, y) * number(math.log(u)) ** k
    return make("power_log", u, y, Integer(k)) if k else power(u, y)


def by_base(f: Any, u: Any, y: Any, k: Any = ZERO) -> Any:
    """d/du u**y log(u)**k = u**(y-1) (y log(u)**k + k log(u)**(k-1))."""
    lower = y - 1
    first = y * power_log(u, lower, int(k))
    return first + k * power_log(u, lower, int(k) - 1) if k else first


def number(value: float) -> Any:
    """A constant, exactly: what SymPy does with it is rounded once, when it is written."""
    return Rational(*value.as_integer_ratio())


PARTIALS: dict[str, tuple[Callable[..., Any], ...]] = {
    "plus": (lambda f, a, b: ONE, lambda f, a, b: ONE),
    "minus": (lambda f, a, b: ONE, lambda f, a, b: -ONE),
    "times": (lambda f, a, b: b, lambda f, a, b: a),
    "over": (lambda f, a, b: 1 / b, lambda f, a, b: -f / b),
    "negative": (lambda f, a: -ONE,),
    "power": (by_base, lambda f, u, y: power_log(u, y, 1)),
    "power_log": (
        by_base,
        lambda f, u, y, k: power_log(u, y, int(k) + 1),
        lambda f, u, y, k: ZERO,
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
