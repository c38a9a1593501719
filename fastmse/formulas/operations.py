"""The operations of a formula as SymPy expressions that know their derivatives.

SymPy rearranges what is made of its own sums and products: 0.3*(t - t0) becomes 0.3*t - 0.3*t0, and
exp(a)*exp(b) becomes exp(a + b). To it an `Operation` is opaque, so that a value is computed as it
is written; only what the chain rule adds is SymPy's to simplify.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from sympy import Add, Expr, Integer, Rational, ff, preorder_traversal

from fastmse.formulas.saturation import STEEP
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


def raised(u: Any, y: Any, m: int, k: int) -> Any:
    """∂ᵐ/∂uᵐ ∂ᵏ/∂yᵏ u**y; an ordinary power of an ordinary number where y or u is constant."""
    if y.is_Rational:
        return ff(y, m) * _power(u, y - m)
    if u.is_Rational and u > 0:
        return number(math.log(u)) ** k * _power(u, y)
    return make("raised", u, y, Integer(m), Integer(k))


def _power(u: Any, y: Any) -> Any:
    return ONE if y == 0 else u if y == 1 else make("power", u, y)


def number(value: float) -> Any:
    """A constant, exactly: what SymPy does with it is rounded once, when it is written."""
    return Rational(*value.as_integer_ratio())


PARTIALS: dict[str, tuple[Callable[..., Any], ...]] = {
    "plus": (lambda f, a, b: ONE, lambda f, a, b: ONE),
    "minus": (lambda f, a, b: ONE, lambda f, a, b: -ONE),
    "times": (lambda f, a, b: b, lambda f, a, b: a),
    "over": (lambda f, a, b: 1 / b, lambda f, a, b: -f / b),
    "negative": (lambda f, a: -ONE,),
    "power": (lambda f, u, y: raised(u, y, 1, 0), lambda f, u, y: raised(u, y, 0, 1)),
    "raised": (
        lambda f, u, y, m, k: raised(u, y, int(m) + 1, int(k)),
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
    "finite": (lambda f, u: ONE,),  # u, or 1e100 where that is infinite
}

KINDS: dict[str, type[Operation]] = {
    **{op: type(op, (Operation,), {"partials": rules}) for op, rules in PARTIALS.items()},
    "where": Where,
    **{op: type(op, (Condition,), {}) for op in CONDITIONS},
}


def _finite(partial: Callable[..., Any]) -> Callable[..., Any]:
    def finite(*args: Any) -> Any:
        slope = partial(*args)
        return make("finite", slope) if any(map(_grows, preorder_traversal(slope))) else slope

    return finite


def _grows(e: Any) -> bool:
    """Whether it overflows for ordinary arguments; a constant power needs an x beyond 1e154."""
    steep = tuple(KINDS[op] for op in ("exp", "expm1", "sinh", "cosh", "raised"))
    return isinstance(e, steep) or (isinstance(e, KINDS["power"]) and not e.args[1].is_Rational)


SATURATED: dict[str, type[Operation]] = {
    op: type(op, (KINDS[op],), {"partials": tuple(map(_finite, PARTIALS[op]))}) for op in STEEP
}
"""The operations whose infinity does not reach the value, so must not reach its slopes."""

OPS = {kind: op for kinds in (KINDS, SATURATED) for op, kind in kinds.items()}


def make(op: str, *args: Any) -> Any:
    """The operation as an expression."""
    return KINDS[op](*args)
