"""The sum of the weights, and that every one of them is a weight."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from fastmse import backends
from fastmse.statistics import (
    PREDICTION_BLOCK,
    PREDICTION_PIECE,
    BlockCounter,
    Count,
    Rows,
    Stream,
    count_pieces,
)


class Weighting(NamedTuple):
    """W = Σ wᵢ over the n rows of positive weight; without weights W = n."""

    n: int
    weight_sum: float


def weigh(kernels: ModuleType, n: int, sample_weight: Any, n_threads: int) -> Weighting:
    """The weighting of n rows; None weighs each 1.

    Raises ValueError for a weight that is negative, infinite or NaN, and if all are zero.
    """
    if sample_weight is None:
        return Weighting(n, float(n))
    return require_rows(_sum(_counting(kernels, n_threads), sample_weight))


def check_weights(kernels: ModuleType, sample_weight: Any, n_threads: int) -> None:
    """Raise ValueError for a weight that is negative, infinite or NaN."""
    _sum(_counting(kernels, n_threads), sample_weight)


def require_rows(weighting: Weighting) -> Weighting:
    if weighting.n == 0:
        raise ValueError("sample_weight: got only zeros; want at least one row of positive weight")
    return weighting


class WeightStream:
    """W of a stream of weights."""

    def __init__(self, kernels: ModuleType, n_threads: int) -> None:
        count = _counting(kernels, n_threads)
        self._stream = Stream(BlockCounter(1, 2), count, PREDICTION_BLOCK, PREDICTION_PIECE)

    def update(self, sample_weight: np.ndarray) -> None:
        """Count weights in; refused ones leave no trace."""
        _sum(self._stream.count, sample_weight)
        self._stream.update([sample_weight])

    def merge(self, other: WeightStream) -> None:
        self._stream.merge(other._stream)

    def total(self) -> Weighting:
        high, low, zeros, _ = self._stream.total().tolist()
        return Weighting(self._stream.n - int(zeros), high + low)


def _counting(kernels: ModuleType, n_threads: int) -> Count:
    def count(counter: BlockCounter, rows: Rows) -> None:
        for (weights,) in backends.readable(kernels, rows, PREDICTION_BLOCK):
            kernels.weights(counter, PREDICTION_BLOCK, weights, n_threads)

    return count


def _sum(count: Count, sample_weight: Any) -> Weighting:
    counter = BlockCounter(1, 2)
    count_pieces(counter, count, [sample_weight], 0, len(sample_weight), PREDICTION_PIECE)
    high, low, *counts = counter.total().tolist()
    return checked(len(sample_weight), high + low, counts, sample_weight)


def checked(
    n_rows: int, weight_sum: float, counts: Iterable[float], sample_weight: Any
) -> Weighting:
    """The weighting of rows whose weights were summed, `counts` of them zero and invalid."""
    zeros, invalid = counts
    if invalid:
        _refuse(sample_weight)
    return Weighting(n_rows - int(zeros), weight_sum)


def _refuse(sample_weight: Any) -> None:
    for start in range(0, len(sample_weight), PREDICTION_PIECE):
        piece = np.asarray(sample_weight[start : start + PREDICTION_PIECE], dtype=np.float64)
        bad = np.flatnonzero(~(np.isfinite(piece) & (piece >= 0)))
        if bad.size:
            row, value = start + int(bad[0]), float(piece[bad[0]])
            raise ValueError(f"sample_weight: got {value} in row {row}; want finite weights >= 0")
