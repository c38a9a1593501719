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
        """u**y; by products, a division or sqrt where y is such a constant."""
        n = y.value
        if n is None or not (abs(n) == 0.5 or (n == int(n) and abs(n) <= LARGEST_POWER)):
            return self.pool("power", u, y)
        if n < 0:
            return self.pool("over", self.one, self.power(u, self.pool.number(-n)))
        return self.pool("sqrt", u) if n == 0.5 else self.repeated(u, int(n))

    def repeated(self, u: Term, n: int) -> Term:
        """u**n, by squares: u**6 and u**3 share u**3."""
        if n < 2:
            return u if n else self.one
        if n % 2:
            return self.times(self.repeated(u, n - 1), u)
        half = self.repeated(u, n // 2)
        return self.times(half, half)

    def power_log(self, u: Term, y: Term, k: Term) -> Term:
        """u**y log(u)**k; 0 where u**y is: at u = 0 for y > 0."""
        zero, p = self.pool.number(0), self.power(u, y)
        logs = self.repeated(self.pool("log", u), int(k.args[0]))
        return self.pool("where", self.pool("==", p, zero), zero, self.times(p, logs))

    def times(self, a: Term, b: Term) -> Term:
        """a b, of two terms."""
        return b if a is self.one else a if b is self.one else self.pool("times", a, b)

    def plus(self, a: Term, b: Term) -> Term:
        """a + b; a - c where b is -c."""
        if b.op == "negative":
            return self.pool("minus", a, *b.args)
        if a.op == "negative":
            return self.pool("minus", b, *a.args)
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
    for name in ("power", "power_log", "sech2", "sign", "log1p", "expm1", "log2", "log10")
}
