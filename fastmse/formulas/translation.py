"""SymPy's expressions as terms of a program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastmse.formulas.lowering import Lowering
from fastmse.formulas.operations import KINDS
from fastmse.formulas.terms import Pool, Term

OPS = {kind: op for op, kind in KINDS.items()}


class Translation:
    """Expressions as terms of a pool, each expression once."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.lower = Lowering(pool)
        self._made: dict[Any, Term] = {}

    def __call__(self, e: Any) -> Term:
        """The term of an expression."""
        if e not in self._made:
            self._made[e] = self._term(e)
        return self._made[e]

    def _term(self, e: Any) -> Term:
        if e.is_Symbol:
            return self.pool("name", e.name)
        if e.is_Rational:
            return self._number(e)
        if e.is_Add:
            return self._sum(e.args)
        if e.is_Mul or e.is_Pow:
            return self._product(e)
        return self.lower(OPS[type(e)], *(self(a) for a in e.args))

    def _number(self, e: Any) -> Term:
        try:
            return self.pool.number(e.p / e.q)
        except OverflowError:
            return self.pool.number(math.copysign(math.inf, e.p))

    def _sum(self, args: Sequence[Any]) -> Term:
        total, *rest = (self(a) for a in args)
        for term in rest:
            total = self.lower.plus(total, term)
        return total

    def _product(self, e: Any) -> Term:
        """± numerator / denominator, with one division."""
        coefficient, rest = e.as_coeff_Mul()
        over, under = [self._number(abs(coefficient))], list[Term]()
        for factor in rest.args if rest.is_Mul else [rest]:
            base, exponent = factor.as_base_exp()
            power = self.lower.repeated(self(base), abs(int(exponent)))
            (over if exponent > 0 else under).append(power)
        product = self.lower.product(over)
        if under:
            product = self.pool("over", product, self.lower.product(under))
        return self.pool("negative", product) if coefficient < 0 else product
