"""The coordinates that a Gram matrix is accumulated in.

Columns v = (1, x₁ … x_d, y) become

    z₀ = 1,    zⱼ = 2^−eⱼ (vⱼ − oⱼ)

with o the first row (0 without an intercept, where a shift would change the model) and 2^eⱼ the
size of the column in the first block. A shift within the data takes out a large common offset
before anything is squared; powers of two change no digit and keep squares from over- or underflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastmse.fitting.double_double import DoubleDouble
from fastmse.gaussian import FloatArray

LARGEST = 1022
"""Both 2^e and 2^−e are normal numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Origins and exponents, (m,) each, of the m = d + 2 columns 1, x, y."""

    origin: FloatArray
    exponents: NDArray[np.int64]

    @classmethod
    def of(cls, block: FloatArray, *, shift: bool) -> Frame:
        """The frame that the first block defines; `block` holds x and y, (d + 1, rows)."""
        first = block[:, 0] if shift else np.zeros(len(block))
        largest = np.maximum(block.max(axis=1, initial=0.0), -block.min(axis=1, initial=0.0))
        exponents = np.frexp(largest)[1]
        exponents = np.clip(np.concatenate(([0], exponents)), -LARGEST, LARGEST)
        return cls(np.concatenate(([0.0], first)), exponents.astype(np.int64))

    def of_columns(self, columns: Sequence[int]) -> Frame:
        """The frame of some of the columns."""
        chosen = list(columns)
        return Frame(self.origin[chosen], self.exponents[chosen])

    def offset(self) -> FloatArray:
        """2^−eⱼ oⱼ, (m,)."""
        return np.ldexp(self.origin, -self.exponents)

    def squares(self, gram: FloatArray) -> FloatArray:
        """Σ w (2^−eⱼ vⱼ)² of the columns as they are, not shifted: (m,)."""
        offset = self.offset()
        return np.asarray(np.diag(gram) + offset * (2 * gram[0] + offset * gram[0, 0]))

    def origin_in(self, other: Frame) -> DoubleDouble:
        """The origin of this frame in coordinates of the other, exactly: (m,)."""
        return DoubleDouble.sum_of(self.origin, -other.origin).scaled(-other.exponents)

    def move(self, gram: DoubleDouble, to: Frame) -> DoubleDouble:
        """A Gram matrix (m, m) of this frame in coordinates of another.

        z' = 2^Δe z + δ z₀, so G' = T G Tᵀ with T = diag(2^Δe) + δ e₀ᵀ.
        """
        rescale = self.exponents - to.exponents
        moved = gram.scaled(rescale[:, None] + rescale)
        delta = self.origin_in(to)
        moved.add_outer(delta, moved[0].copy())
        moved.add_outer(moved[:, 0].copy(), delta)
        return moved
