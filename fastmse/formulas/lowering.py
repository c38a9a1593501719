"""From what is differentiated to what is computed: powers by products, helpers by functions.

A program may use + - * /, negation, comparisons and the functions of `functions.PROGRAM`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from itertools import combinations
from typing import Any

from fastmse.formulas.terms import Pool, Term

LARGEST_POWER = 16  # as products: at most 15 roundings of eps / 2; beyond, power() has one
SEARCHED = 10  # factors of a product among which known products are looked for: 45 pairs
EXPM1_IS_MINUS_1 = -40.0  # exp(-40) < eps / 50


class Lowering:
    """Terms of a program, in the pool where equal ones are one."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.one = pool.number(1)

    def __call__(self, op: str, *args: Any) -> Term:
        """An operation of the formula in operations of the program."""
        rule = RULES.get(op)
        return rule(self, *args) if rule else self.pool(op, *args)

    def power(self, u: Term, y: Term) -> Term:
        """u**y; by products, sqrt and a division where y is such a constant."""
        n = y.value
        if n is None or abs(n) > LARGEST_POWER or 2 * n != int(2 * n):
            return self.pool("power", u, y)
        power = self.repeated(u, int(abs(n)))
        if n % 1:
            power = self.times(power, self.pool("sqrt", u))
        return self.pool("over", self.one, power) if n < 0 else power

    def repeated(self, u: Term, n: int) -> Term:
        """u**n, by squares: u**6 and u**3 share u**3."""
        if n < 2:
            return u if n else self.one
        if n % 2:
            return self.times(self.repeated(u, n - 1), u)
        half = self.repeated(u, n // 2)
        return self.times(half, half)

    def raised(self, u: Term, y: Term, m: Term, k: Term) -> Term:
        """u**(y - m) log(u)**k from u**y, by its limit where that is no number."""
        p, zero, logs = self.power(u, y), self.pool.number(0), int(k.args[0])
        factors = [p, self.repeated(self.pool("log", u), logs)] if logs else [p]
        if m is zero:
            return self.pool("where", self.pool("==", p, zero), zero, self.product(factors))
        inverse = self.repeated(self.pool("over", self.one, u), int(m.args[0]))
        at_zero = self.at_zero(y, m, logs)
        return self.pool(
            "where", self.pool("==", u, zero), at_zero, self.product([*factors, inverse])
        )

    def at_zero(self, y: Term, m: Term, logs: int) -> Term:
        """u**(y - m) log(u)**logs at u = 0: 0 for y > m, and else infinite, or 1 without logs."""
        pool = self.pool
        infinite = pool.number(-math.inf if logs % 2 else math.inf)
        below = pool("where", pool("==", y, m), infinite if logs else self.one, infinite)
        return pool("where", pool(">", y, m), pool.number(0), below)

    def times(self, a: Term, b: Term) -> Term:
        """a b, of two terms."""
        return b if a is self.one else a if b is self.one else self.pool("times", a, b)

    def plus(self, a: Term, b: Term) -> Term:
        """a + b; a - c where b is -c, and the other way round."""
        for first, second in ((a, b), (b, a)):
            if second.op == "negative":
                return self.pool("minus", first, *second.args)
            if (second.value or 0) < 0:
                return self.pool("minus", first, self.pool.number(-second.args[0]))
        return self.pool("plus", a, b)

    def product(self, factors: list[Term]) -> Term:
        """The product of factors, from products that are known where there are some."""
        left = [f for f in factors if f is not self.one]
        while 2 < len(left) <= SEARCHED and (pair := self._known(left)):
            a, b = pair
            left.remove(a)
            left.remove(b)
            left.insert(0, self.pool("times", a, b))
        return reduce(self.times, left, self.one)

    def _known(self, factors: list[Term]) -> tuple[Term, Term] | None:
        """Two factors whose product is known."""
        pairs = combinations(factors, 2)
        return next((pair for pair in pairs if self.pool.find("times", *pair)), None)

    def sech2(self, u: Term) -> Term:
        """1 / cosh(u)**2 = 4 q / (1 + q)**2, q = exp(-2 |u|): 1 - tanh(u)**2 cancels."""
        pool = self.pool
        minus_2 = pool("times", pool.number(-2), pool("absolute", u))
        q = pool("exp", minus_2)
        return pool(
            "over", pool("times", pool.number(4), q), self.repeated(pool("plus", self.one, q), 2)
        )

    def sign(self, u: Term) -> Term:
        """1, -1, or u itself where it is 0 or NaN."""
        pool = self.pool
        zero = pool.number(0)
        negative = pool("where", pool("<", u, zero), pool.number(-1), u)
        return pool("where", pool(">", u, zero), self.one, negative)

    def log1p(self, u: Term) -> Term:
        """log(w) u / (w - 1), w = fl(1 + u), whose roundings cancel (Kahan); u where w is 1."""
        pool = self.pool
        w = pool("plus", self.one, u)
        rest = pool("minus", w, self.one)
        log = pool("log", w)
        corrected = pool("times", log, pool("over", u, rest))
        exact = pool("where", pool("==", rest, u), log, corrected)
        return pool("where", pool("==", w, self.one), u, exact)

    def expm1(self, u: Term) -> Term:
        """2 sinh(u/2) exp(u/2); -1 far below, where the two are infinite and 0."""
        pool = self.pool
        half = pool("times", pool.number(0.5), u)
        sinh = pool("times", pool.number(2), pool("sinh", half))
        product = pool("times", sinh, pool("exp", half))
        far = pool("<", u, pool.number(EXPM1_IS_MINUS_1))
        return pool("where", far, pool.number(-1), product)

    def log2(self, u: Term) -> Term:
        """log(u) / log(2)."""
        return self.pool("over", self.pool("log", u), self.pool.number(math.log(2)))

    def log10(self, u: Term) -> Term:
        """log(u) / log(10)."""
        return self.pool("over", self.pool("log", u), self.pool.number(math.log(10)))


RULES: dict[str, Callable[..., Term]] = {
    name: getattr(Lowering, name)
    for name in ("power", "raised", "sech2", "sign", "log1p", "expm1", "log2", "log10")
}
