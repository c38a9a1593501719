"""From what is differentiated to what is computed: powers by products, helpers by functions.

A program may use + - * /, negation, comparisons and the functions of `functions.PROGRAM`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import reduce
from itertools import combinations
from typing import Any

from fastmse.formulas.terms import Pool, Term

LARGEST_POWER = 16  # as products: at most 15 roundings of eps / 2; beyond, power() has one
SEARCHED = 10  # factors of a product among which known products are looked for: 45 pairs
LARGEST = sys.float_info.max
HUGE = 1e100  # whose cube is finite
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
        """∂ᵐ/∂uᵐ ∂ᵏ/∂yᵏ u**y from u**y; at u = 0 by its limit, for 0/0 and 0*log(0) are none."""
        p, zero = self.power(u, y), self.pool.number(0)
        if m is zero:  # u**y log(u)**k
            logs = self.repeated(self.pool("log", u), int(k.args[0]))
            return self.where("==", p, zero, zero, self.times(p, logs))
        lower = self.product([p, self.repeated(self.reciprocal(u), int(m.args[0]))])
        if k is zero:  # y u**(y-1), y (y-1) u**(y-2)
            factor = y if m is self.one else self.times(y, self.pool("minus", y, self.one))
            infinite = self.times(factor, self.pool.number(math.inf))
            limit = self.where("==", y, m, factor, infinite)
            limit = self.where("==", factor, zero, zero, limit)
        else:  # u**(y-1) (1 + y log(u))
            factor = self.pool("plus", self.one, self.times(y, self.pool("log", u)))
            infinity = self.pool.number(math.inf), self.pool.number(-math.inf)
            limit = self.where(">", y, zero, *infinity[::-1])
        limit = self.where(">", y, m, zero, limit)
        return self.where("==", u, zero, limit, self.times(factor, lower))

    def where(self, comparison: str, a: Term, b: Term, *branches: Term) -> Term:
        """One of two branches, by a comparison."""
        return self.pool("where", self.pool(comparison, a, b), *branches)

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

    def reciprocal(self, u: Term) -> Term:
        """1 / u as a factor: the text's own, or one that is written as a division if used once."""
        return self.pool.find("over", self.one, u) or self.pool("reciprocal", u)

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

    def finite(self, u: Term) -> Term:
        """u, or 1e100 with its sign where it is infinite: that the next 0 makes 0."""
        above = self.where(">", u, self.pool.number(LARGEST), self.pool.number(HUGE), u)
        if u.op in ("exp", "cosh"):  # positive
            return above
        below = self.pool.number(-LARGEST)
        return self.where("<", u, below, self.pool.number(-HUGE), above)

    def sign(self, u: Term) -> Term:
        """1, -1, or u itself where it is 0 or NaN."""
        zero = self.pool.number(0)
        return self.where(">", u, zero, self.one, self.where("<", u, zero, self.pool.number(-1), u))

    def log1p(self, u: Term) -> Term:
        """log(w) u / (w - 1), w = fl(1 + u), whose roundings cancel (Kahan); u where w is 1."""
        w = self.pool("plus", self.one, u)
        rest = self.pool("minus", w, self.one)
        log = self.pool("log", w)
        corrected = self.pool("times", log, self.pool("over", u, rest))
        exact = self.where("==", rest, u, log, corrected)  # at infinity too
        return self.where("==", w, self.one, u, exact)

    def expm1(self, u: Term) -> Term:
        """2 sinh(u/2) exp(u/2); -1 far below, where the two are infinite and 0."""
        half = self.pool("times", self.pool.number(0.5), u)
        sinh = self.pool("times", self.pool.number(2), self.pool("sinh", half))
        product = self.pool("times", sinh, self.pool("exp", half))
        below = self.pool.number(EXPM1_IS_MINUS_1)
        return self.where("<", u, below, self.pool.number(-1), product)

    def log2(self, u: Term) -> Term:
        """log(u) / log(2)."""
        return self.pool("over", self.pool("log", u), self.pool.number(math.log(2)))

    def log10(self, u: Term) -> Term:
        """log(u) / log(10)."""
        return self.pool("over", self.pool("log", u), self.pool.number(math.log(10)))


RULES: dict[str, Callable[..., Term]] = {
    name: getattr(Lowering, name)
    for name in ("power", "raised", "finite", "sech2", "sign", "log1p", "expm1", "log2", "log10")
}
