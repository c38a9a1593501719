"""Arrays of double-doubles: each element the unevaluated sum hi + lo of two float64, 106 bits.

The exact difference and product of two float64 are Knuth's two-sum and Dekker's product. Relative
error of ``+ - *``: below 2⁻¹⁰²; of a sum that cancels, of its larger term. Nothing is divided here.
The O(n p²) and O(p³) work is done by compiled kernels of the same arithmetic: double_double.h.

Source: Joldes, Muller, Popescu, ACM TOMS 44 (2017), article 15.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmse.gaussian import FloatArray
from fastmse.kernels import compiled

SPLITTER = 2.0**27 + 1


def _split(a: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The upper 26 bits of a, and the rest."""
    c = SPLITTER * a
    high = c - (c - a)
    return high, a - high


@dataclass(frozen=True, slots=True, eq=False)
class DoubleDouble:
    """hi + lo, elementwise, with NumPy's broadcasting and indexing."""

    hi: FloatArray
    lo: FloatArray

    @classmethod
    def of(cls, a: Any) -> DoubleDouble:
        """The float64 array `a`, exactly."""
        hi = np.array(a, dtype=np.float64)
        return cls(hi, np.zeros_like(hi))

    @classmethod
    def zeros(cls, *shape: int) -> DoubleDouble:
        """Return an array of zeros."""
        return cls(np.zeros(shape), np.zeros(shape))

    @classmethod
    def sum_of(cls, a: FloatArray, b: FloatArray) -> DoubleDouble:
        """a + b of two float64 arrays, exactly."""
        s = a + b
        t = s - a
        return cls(s, (a - (s - t)) + (b - t))

    @classmethod
    def product_of(cls, a: FloatArray, b: FloatArray) -> DoubleDouble:
        """a b of two float64 arrays, exactly but for underflow."""
        p = a * b
        (ah, al), (bh, bl) = _split(a), _split(b)
        return cls(p, ((ah * bh - p) + ah * bl + al * bh) + al * bl)

    def __add__(self, other: DoubleDouble) -> DoubleDouble:
        s = self.sum_of(self.hi, other.hi)
        return self._renormalised(s.hi, s.lo + (self.lo + other.lo))

    def __neg__(self) -> DoubleDouble:
        return DoubleDouble(-self.hi, -self.lo)

    def __sub__(self, other: DoubleDouble) -> DoubleDouble:
        return self + (-other)

    def __mul__(self, other: DoubleDouble) -> DoubleDouble:
        p = self.product_of(self.hi, other.hi)
        return self._renormalised(p.hi, p.lo + (self.hi * other.lo + self.lo * other.hi))

    def __getitem__(self, index: Any) -> DoubleDouble:
        return DoubleDouble(np.asarray(self.hi[index]), np.asarray(self.lo[index]))

    def __setitem__(self, index: Any, value: DoubleDouble) -> None:
        self.hi[index] = value.hi
        self.lo[index] = value.lo

    def copy(self) -> DoubleDouble:
        """A copy in C order, which is what the kernels read."""
        return DoubleDouble(self.hi.copy(), self.lo.copy())

    def sum(self) -> DoubleDouble:
        """Sum over the last axis, pairwise."""
        total = self
        while (n := total.hi.shape[-1]) > 1:
            half = n // 2
            pairs = total[..., :half] + total[..., half : 2 * half]
            rest = total[..., 2 * half :]
            total = DoubleDouble(
                np.concatenate((pairs.hi, rest.hi), axis=-1),
                np.concatenate((pairs.lo, rest.lo), axis=-1),
            )
        return total[..., 0]

    def scaled(self, exponents: NDArray[np.int64]) -> DoubleDouble:
        """Self · 2^exponents, exactly."""
        return DoubleDouble(np.ldexp(self.hi, exponents), np.ldexp(self.lo, exponents))

    def add_outer(self, u: DoubleDouble, v: DoubleDouble) -> None:
        """Self += u vᵀ in place, (m, n) += (m,) (n,)."""
        compiled.module().update_double_double(self.hi, self.lo, u.hi, u.lo, v.hi, v.lo)

    @staticmethod
    def _renormalised(hi: FloatArray, lo: FloatArray) -> DoubleDouble:
        s = hi + lo
        return DoubleDouble(s, lo - (s - hi))
