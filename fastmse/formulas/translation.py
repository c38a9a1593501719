"""SymPy's expressions as terms of a program."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

from fastmse.formulas.lowering import Lowering
from fastmse.formulas.operations import OPS
from fastmse.formulas.terms import Pool, Term, ordered


class Translation:
    """Expressions as terms of a pool, each expression once."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.lower = Lowering(pool)
        self._made: dict[Any, Term] = {}

    def __call__(self, e: Any) -> Term:
        """The term of an expression; from the leaves up, or a long sum would be too deep."""
        for part in ordered([e], lambda e: () if e in self._made else e.args):
            if part not in self._made:
                self._made[part] = self._term(part)
        return self._made[e]

    def _term(self, e: Any) -> Term:
        if e.is_Symbol:
            return self.pool("name", e.name)
        if e.is_Rational:
            return self._number(e)
        if e.is_Add:
            return reduce(self.lower.plus, (self._made[a] for a in e.args))
        if e.is_Mul or e.is_Pow:
            return self._product(e)
        return self.lower(OPS[type(e)], *(self._made[a] for a in e.args))

    def _number(self, e: Any) -> Term:
        try:
            return self.pool.number(e.p / e.q)
        except OverflowError:
            return self.pool.number(math.copysign(math.inf, e.p))

    def _product(self, e: Any) -> Term:
        """± the product of powers; a denominator's reciprocal is a factor that others can share."""
        coefficient, rest = e.as_coeff_Mul()
        factors, reciprocals = [self._number(abs(coefficient))], list[Term]()
        for factor in rest.args if rest.is_Mul else [rest]:
            base, exponent = factor.as_base_exp()
            term, power = self._made[base], int(exponent)
            if power < 0:
                term = self.lower.reciprocal(term)
            (factors if power > 0 else reciprocals).append(self.lower.repeated(term, abs(power)))
        product = self.lower.product([*factors, *reciprocals])
        return self.pool("negative", product) if coefficient < 0 else product
