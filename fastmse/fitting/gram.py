"""The sufficient statistic of a linear fit: the Gram matrix G = Σ wᵢ zᵢ zᵢᵀ of z = (1, x, y).

`update` rows, `merge` statistics, `fit`. State: O(p²), and one incomplete block of rows.

precision         a block                                error of Gⱼₖ, relative to √(Gⱼⱼ Gₖₖ)
"double"          float64                                2⁻⁵³, of equal terms below 2⁻⁵⁰
"double-double"   106 bits, of z without a rounding      below 2⁻¹⁰¹

Blocks are added in double-double either way, so the number of rows is no matter.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastmse.fitting.accumulate import add_gram
from fastmse.fitting.double_double import DoubleDouble
from fastmse.fitting.frame import Frame
from fastmse.fitting.rows import Part, RowBuffer
from fastmse.gaussian import FloatArray

if TYPE_CHECKING:
    from fastmse.results import Fit

UNIT = {"double": 2.0**-52, "double-double": 2.0**-101}
"""Error of Gⱼₖ over one block, relative to √(Gⱼⱼ Gₖₖ): of random columns measured below 2⁻⁵³."""

WEIGHT_TYPES = ("frequency", "precision")


class SufficientStatistics:
    """All that a linear fit needs to know of its rows.

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
        _one_of("weight_type", weight_type, WEIGHT_TYPES)
        _one_of("precision", precision, tuple(UNIT))
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
        self._counted = np.zeros(3)

    @property
    def n(self) -> int:
        """Rows of weight > 0."""
        return int(self._counts()[0])

    @property
    def weight_sum(self) -> float:
        """Σ wᵢ."""
        return float(self._counts()[1])

    @property
    def log_weight_sum(self) -> float:
        """Σ log wᵢ of precision weights, else 0."""
        return float(self._counts()[2]) if self.weight_type == "precision" else 0.0

    @property
    def unit(self) -> float:
        """Error of Gⱼₖ, relative to √(Gⱼⱼ Gₖₖ): blocks round independently of each other."""
        return UNIT[self.precision] / math.sqrt(max(1.0, self.n / self._rows.block))

    def update(self, X: Any, y: Any, sample_weight: Any = None) -> None:
        """Take rows in: X (rows, n_features), y and sample_weight (rows,), any real dtype.

        Raises ValueError for NaN or infinity in a row of weight > 0.
        """
        for rows in self._rows.push(X, y, sample_weight):
            self._take(rows)

    def merge(self, other: SufficientStatistics) -> None:
        """Take the rows of another statistic in; `other` stays as it is.

        Another order of merging gives another rounding, within the table above.
        """
        mine, theirs = self._kind(), other._kind()
        if mine != theirs:
            raise ValueError(f"merge: got a statistic of {theirs}; want one of {mine}")
        if other._frame is not None:
            self._frame = self._frame or other._frame
            self._gram += other._frame.move(other._gram, self._frame)
            self._counted += other._counted
        pending = other._rows.pending.copy()
        self.update(pending[:-2].T, pending[-2], pending[-1])

    def __add__(self, other: SufficientStatistics) -> SufficientStatistics:
        both = copy.deepcopy(self)
        both.merge(other)
        return both

    def fit(self, l2: float = 0.0) -> Fit:
        """Fit what was taken in so far; SSE is the Schur complement of y in G."""
        from fastmse.fitting.linear import fit_statistics

        return fit_statistics(self, l2)

    def total(self) -> tuple[Frame, DoubleDouble]:
        """G of all rows so far, in its frame. Raises ValueError if there are none."""
        if self._rows.filled:
            return self._plus_pending()
        if self._frame is None:
            raise ValueError("X: got no row of weight > 0; want at least one")
        return self._frame, self._gram.copy()

    def _plus_pending(self) -> tuple[Frame, DoubleDouble]:
        """G with the rows of the incomplete block."""
        pending = self._rows.pending
        frame = self._frame or Frame.of(pending[:-1], shift=self.intercept)
        gram = self._gram.copy()
        self._add(gram, frame, self._rows.pending_part())
        return frame, gram

    def _take(self, rows: Part) -> None:
        """Rows that the buffer passes on; the first of all are in its memory."""
        if self._frame is None:
            self._frame = Frame.of(self._rows.pending[:-1], shift=self.intercept)
        self._add(self._gram, self._frame, rows)
        log_weights = self._log_weights(rows)
        self._counted += [len(rows), 0.0, log_weights]
        self._counted[1] = self._gram.hi[0, 0] + self._gram.lo[0, 0]

    def _add(self, gram: DoubleDouble, frame: Frame, rows: Part) -> None:
        add_gram(gram, frame, rows, self._rows, precision=self.precision, n_threads=self.n_threads)

    def _log_weights(self, rows: Part) -> float:
        """Σ log wᵢ, a block at a time."""
        if rows.weight is None or self.weight_type != "precision":
            return 0.0
        total = 0.0
        for start in range(0, len(rows), self._rows.block):
            weight = np.asarray(rows.weight[start : start + self._rows.block], dtype=np.float64)
            total += float(np.log(weight).sum())
        return total

    def _counts(self) -> FloatArray:
        """n, Σ wᵢ and Σ log wᵢ; n is exact up to 2⁵³."""
        return self._counted + _count(self._rows.pending)

    def _kind(self) -> tuple[object, ...]:
        return self.names, self.intercept, self.weight_type, self.precision


def _count(block: FloatArray) -> FloatArray:
    weight = block[-1]
    return np.array([len(weight), weight.sum(), np.log(weight).sum()])


def default_names(n_features: int) -> tuple[str, ...]:
    """x0, x1, ..."""
    return tuple(f"x{j}" for j in range(n_features))


def _one_of(argument: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{argument}: got {value!r}; want one of {', '.join(choices)}")
