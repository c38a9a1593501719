"""The sufficient statistic of a linear fit: the Gram matrix G = Σ wᵢ zᵢ zᵢᵀ of z = (1, x, y).

`push` rows, take the `total`. State: O(p²), and one incomplete block of rows.

precision         a block                                error of Gⱼₖ, relative to √(Gⱼⱼ Gₖₖ)
"double"          float64, by BLAS                       below 5 · 2⁻⁵³
"double-double"   106 bits, of z without a rounding      below 2⁻¹⁰¹

Blocks are added in double-double either way, so the number of rows is no matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fastmse import threads
from fastmse.fitting.double_double import DoubleDouble
from fastmse.fitting.frame import Frame
from fastmse.fitting.rows import RowBuffer
from fastmse.gaussian import FloatArray

UNIT = {"double": 2.0**-51, "double-double": 2.0**-101}
"""Error of Gⱼₖ over one block, relative to √(Gⱼⱼ Gₖₖ): measured below 5 · 2⁻⁵³."""

WEIGHT_TYPES = ("frequency", "precision")

CALL_PRODUCTS = 2**26
"""Products in one call of the double-double kernel, 50 ms: then signals are served."""


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

    def push(self, X: Any, y: Any, sample_weight: Any = None) -> None:
        """Take rows in: X (rows, n_features), y and sample_weight (rows,), any real dtype.

        Raises ValueError for NaN or infinity in a row of weight > 0.
        """
        for block in self._rows.push(X, y, sample_weight):
            self._take(block)

    def total(self) -> Total:
        """G of all rows so far, in its frame. Raises ValueError if there are none."""
        pending = self._rows.pending
        if not self._rows.filled:
            if self._frame is None:
                raise ValueError("X: got no row of weight > 0; want at least one")
            return Total(self._frame, self._gram)
        frame = self._frame or Frame.of(pending[:-1], shift=self.intercept)
        return Total(frame, self._plus(frame, pending))

    def _take(self, block: FloatArray) -> None:
        if self._frame is None:
            self._frame = Frame.of(block[:-1], shift=self.intercept)
        self._gram = self._plus(self._frame, block)
        self._counted = self._counted + _count(block)

    def _plus(self, frame: Frame, block: FloatArray) -> DoubleDouble:
        """G with a block more; `fit` tells which column if squares overflow."""
        values, weight = block[:-1], block[-1]
        with np.errstate(over="ignore", invalid="ignore"):
            if self.precision == "double":
                return self._gram + gram_double(frame, values, weight)
            n_threads = threads.resolve(self.n_threads)
            return self._gram + gram_double_double(frame, values, weight, n_threads)

    def _counts(self) -> FloatArray:
        """n, Σ wᵢ and Σ log wᵢ; n is exact up to 2⁵³."""
        return self._counted + _count(self._rows.pending)


def _count(block: FloatArray) -> FloatArray:
    weight = block[-1]
    return np.array([len(weight), weight.sum(), np.log(weight).sum()])


def gram_double(frame: Frame, values: FloatArray, weight: FloatArray) -> DoubleDouble:
    """G of a block in float64, symmetric."""
    z = frame.rounded(values)
    if (weight == 1.0).all():
        return DoubleDouble.of(z @ z.T)  # one BLAS syrk
    gram = (z * weight) @ z.T
    return DoubleDouble.of((gram + gram.T) / 2)


def gram_double_double(
    frame: Frame, values: FloatArray, weight: FloatArray, n_threads: int
) -> DoubleDouble:
    """G of a block in double-double, a bounded number of rows at a time."""
    m = len(frame.origin)
    gram = DoubleDouble.zeros(m, m)
    step = max(16, CALL_PRODUCTS // m**2)
    for start in range(0, len(weight), step):
        w = weight[start : start + step]
        z = frame.exact(values[:, start : start + step])
        u = z if (w == 1.0).all() else z * DoubleDouble.of(w)
        gram.add_gram(u, z, n_threads)
    return gram


def default_names(n_features: int) -> tuple[str, ...]:
    """x0, x1, ..."""
    return tuple(f"x{j}" for j in range(n_features))


def one_of(argument: str, value: str, choices: Sequence[str]) -> None:
    """Raise ValueError for any other value."""
    if value not in choices:
        raise ValueError(f"{argument}: got {value!r}; want one of {', '.join(choices)}")
