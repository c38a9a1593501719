"""One pass over the columns: where they lie and how long they are, for conjugate gradients."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastmse.columns import Columns
from fastmse.fitting.rows import RowBuffer
from fastmse.gaussian import FloatArray
from fastmse.statistics import lies_in_columns

TILE = 2**17
"""Values decoded at a time, 1 MB of float64: whole rows, or of up to 32 columns."""


class Survey(NamedTuple):
    """Of the columns of X and y, (d + 1,): means Σ w x / W, and lengths √Σ w (x − mean)²; W."""

    mean: FloatArray
    length: FloatArray
    weight_sum: float


@np.errstate(over="ignore", invalid="ignore")
def survey(
    X: Any, y: Any, weight: Any, names: Sequence[str], target: str, *, centred: bool
) -> Survey:
    """Read every row of weight > 0 once; the means are 0 unless `centred`.

    Values are shifted by those of the first row before they are squared. Raises ValueError for NaN
    and infinity, naming column and row, and if squares overflow.
    """
    parts = [_moments(matrix, weight, centred) for matrix in (X, Columns([y], [target], len(y)))]
    mean, length, total = np.concatenate(parts, axis=1)
    found = Survey(mean, length, float(total[-1]))
    if not np.isfinite(found.length).all():
        check_finite(X, y, weight, names, target)
        name = (*names, target)[int(np.argmax(~np.isfinite(found.length)))]
        raise ValueError(f"column {name!r}: the sum of squares overflows; rescale it")
    return found


def check_finite(X: Any, y: Any, weight: Any, names: Sequence[str], target: str) -> None:
    """Raise ValueError for NaN or infinity in a row of weight > 0, naming column and row."""
    row = _first_bad_row(X, y, weight)
    if row is not None:
        rows = RowBuffer(names, target)
        rows.seen = row
        list(rows.push(X[row : row + 1], y[row : row + 1]))


def _moments(X: Any, weight: Any, centred: bool) -> FloatArray:
    """Means, lengths and sums of the weights, (3, d)."""
    d = X.shape[1]
    first = 0 if weight is None else int(np.argmax(np.asarray(weight) > 0))
    origin = np.asarray(X[first : first + 1], dtype=np.float64)[0] * centred
    sums, squares, total = np.zeros(d), np.zeros(d), np.zeros(d)
    for rows, columns in _tiles(X):
        w = _weights(weight, rows)
        z = (_decoded(X, rows, columns) - origin[columns])[w > 0]
        w = w[w > 0]
        total[columns] += w.sum()
        sums[columns] += w @ z
        squares[columns] += w @ np.square(z, out=z)
    shift = sums / total * centred
    return np.stack((origin + shift, np.sqrt(np.maximum(squares - shift * sums, 0.0)), total))


def _tiles(X: Any) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of stretches that lie close together in memory."""
    n, d = X.shape
    wide = min(32, d) if lies_in_columns(X) else d
    high = max(TILE // max(wide, 1), 1)
    for column in range(0, d, max(wide, 1)):
        for row in range(0, n, high):
            yield slice(row, min(row + high, n)), slice(column, min(column + wide, d))


def _decoded(X: Any, rows: slice, columns: slice) -> FloatArray:
    if isinstance(X, Columns):
        arrays = [array[rows] for array in X.arrays[columns]]
        return np.asarray(Columns(arrays, X.names[columns], rows.stop - rows.start))
    return np.asarray(X[rows, columns], dtype=np.float64)


def _weights(weight: Any, rows: slice) -> FloatArray:
    if weight is None:
        return np.ones(rows.stop - rows.start)
    return np.asarray(weight[rows], dtype=np.float64)


def log_weight_sum(weight: Any) -> float:
    """Σ log w of the weights > 0."""
    stretches = (slice(row, row + TILE) for row in range(0, len(weight), TILE))
    decoded = (np.asarray(weight[rows], dtype=np.float64) for rows in stretches)
    return math.fsum(np.log(w[w > 0]).sum() for w in decoded)


def _first_bad_row(X: Any, y: Any, weight: Any) -> int | None:
    """The first row of weight > 0 that holds NaN or infinity."""
    bad: list[int] = []
    for matrix in (X, Columns([y], ["y"], len(y))):
        for rows, columns in _tiles(matrix):
            values = _decoded(matrix, rows, columns)
            finite = np.asarray(np.isfinite(values).all(axis=1))
            hits = np.flatnonzero(~finite & (_weights(weight, rows) > 0))
            bad += [rows.start + int(hits[0])] if hits.size else []
    return min(bad, default=None)
