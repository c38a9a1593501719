"""The sufficient statistic of a linear fit: the Gram matrix G = Σ wᵢ zᵢ zᵢᵀ of z = (1, x, y).

`push` rows, take the `total`. State: O(p²), and one incomplete block of rows.

precision         a block                                error of Gⱼₖ, relative to √(Gⱼⱼ Gₖₖ)
"double"          float64                                below 2⁻⁵³, of equal terms 9 · 2⁻⁵³
"double-double"   106 bits, of z without a rounding      below 2⁻¹⁰¹

Blocks are added in double-double either way, so the number of rows is no matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from fastmse.fitting.accumulate import add_gram
from fastmse.fitting.double_double import DoubleDouble
from fastmse.fitting.frame import Frame
from fastmse.fitting.rows import Part, RowBuffer
from fastmse.gaussian import FloatArray

UNIT = {"double": 2.0**-51, "double-double": 2.0**-101}
"""Error of Gⱼₖ over one block, relative to √(Gⱼⱼ Gₖₖ): of equal terms up to twice that."""

WEIGHT_TYPES = ("frequency", "precision")


class Total(NamedTuple):
    """G in a frame, and the coefficients, (m,), of the provisional fit it was summed about."""

    frame: Frame
    gram: DoubleDouble
    about: FloatArray | None = None


class NormalStatistic:
    """All that a linear fit needs to know of its rows, which it trusts.

    Parameters
    ----------
    n_features : int
    intercept : bool
        Whether the model has one; columns are shifted by the first row if it has.
    weight_type : {"frequency", "precision"}
    precision : {"double", "double-double"}
    names : sequence of str, optional
        Names of the features; x0, x1, ... without.
    target : str
        Name of y.
    n_threads : int, optional
    """

    def __init__(
        self,
        n_features: int,
        *,
        intercept: bool = False,
        weight_type: str = "frequency",
        precision: str = "double",
        names: Sequence[str] | None = None,
        target: str = "y",
        n_threads: int | None = None,
    ) -> None:
        one_of("weight_type", weight_type, WEIGHT_TYPES)
        one_of("precision", precision, tuple(UNIT))
        self.names = tuple(names) if names is not None else default_names(n_features)
        if len(self.names) != n_features:
            raise ValueError(f"names: got {len(self.names)}; want one for each of {n_features}")
        self.intercept = intercept
        self.weight_type = weight_type
        self.precision = precision
        self.target = target
        self.n_threads = n_threads
        self._rows = RowBuffer(self.names, target)
        self._frame: Frame | None = None
        self._gram = DoubleDouble.zeros(n_features + 2, n_features + 2)
        self._counted = np.zeros(2)  # n and Σ log wᵢ of whole blocks

    @property
    def n(self) -> int:
        """Rows of weight > 0; exact up to 2⁵³."""
        return int(self._counted[0]) + self._rows.filled

    @property
    def weight_sum(self) -> float:
        """Σ wᵢ."""
        whole = self._gram.hi[0, 0] + self._gram.lo[0, 0]
        return float(whole + self._rows.pending[-1].sum())

    @property
    def log_weight_sum(self) -> float:
        """Σ log wᵢ of precision weights, else 0."""
        if self.weight_type != "precision":
            return 0.0
        return float(self._counted[1]) + _log_sum(self._rows.pending[-1])

    @property
    def unit(self) -> float:
        """Error of Gⱼₖ, relative to √(Gⱼⱼ Gₖₖ): blocks round independently of each other."""
        return UNIT[self.precision] / math.sqrt(max(1.0, self.n / self._rows.block))

    def push(self, X: Any, y: Any, sample_weight: Any = None) -> None:
        """Take rows in: X (rows, n_features), y and sample_weight (rows,), any real dtype.

        Raises ValueError for NaN or infinity in a row of weight > 0.
        """
        for rows in self._rows.push(X, y, sample_weight):
            self._take(rows)

    def total(self) -> Total:
        """G of all rows so far, in its frame. Raises ValueError if there are none."""
        whole = self
        if self._rows.filled:
            whole = self._copy()
            whole._take(self._rows.pending_part())
        if whole._frame is None:
            raise ValueError("X: got no row of weight > 0; want at least one")
        return whole._whole_blocks(whole._frame)

    def _whole_blocks(self, frame: Frame) -> Total:
        """G without the rows of the incomplete block."""
        return Total(frame, self._gram)

    def _copy(self) -> Self:
        """A statistic of the same rows whose sums are its own."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._gram, other._counted = self._gram.copy(), self._counted.copy()
        return other

    def _take(self, rows: Part) -> None:
        """Rows that the buffer passes on; the first of all are in its memory."""
        if self._frame is None:
            self._frame = Frame.of(self._rows.pending[:-1], shift=self.intercept)
        self._add(self._frame, rows)
        self._counted[0] += len(rows)
        if rows.weight is not None and self.weight_type == "precision":
            for start in range(0, len(rows), self._rows.block):
                self._counted[1] += _log_sum(rows.weight[start : start + self._rows.block])

    def _add(self, frame: Frame, rows: Part) -> None:
        """G with rows more, in place; `fit` tells which column if squares overflow."""
        add_gram(
            self._gram, frame, rows, self._rows, precision=self.precision, n_threads=self.n_threads
        )


def _log_sum(weight: Any) -> float:
    return float(np.log(np.ascontiguousarray(weight, dtype=np.float64)).sum())


def default_names(n_features: int) -> tuple[str, ...]:
    """x0, x1, ..."""
    return tuple(f"x{j}" for j in range(n_features))


def one_of(argument: str, value: str, choices: Sequence[str]) -> None:
    """Raise ValueError for any other value."""
    if value not in choices:
        raise ValueError(f"{argument}: got {value!r}; want one of {', '.join(choices)}")
