"""Numba kernels: the loops of the Cython ones, compiled when first called.

Each function has one signature, for aligned float64; other storage is decoded, a cache-sized
stretch of rows at a time, so that a new dtype compiles nothing. Kernels take addresses, whose
arrays the functions here keep alive. Importing this package imports Numba. Nothing is cached on
disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numba
import numpy as np

from fastmse.kernels.jit.layers import threading_layer
from fastmse.kernels.jit.linear import LinearJob
from fastmse.kernels.jit.linear_columns import COLUMNS_SCRATCH, TINY, count_columns
from fastmse.kernels.jit.linear_rows import count_rows, tile_rows
from fastmse.kernels.jit.predictions import PredictionsJob, count_predictions
from fastmse.kernels.jit.weights import WeightsJob, count_weights
from fastmse.statistics import BlockCounter

Array = Any

DECODED_DOUBLES = 2**17
"""Rows are decoded 1 MB at a time, which L2 or L3 holds until the kernel reads it."""

DOUBLE = 8


def describe() -> dict[str, Any]:
    """What ``fastmse info`` shows of this backend."""
    layer = threading_layer() or "none that is safe (serial kernels)"
    return {"version": numba.__version__, "threading_layer": layer}


def weights(counter: BlockCounter, block: int, sample_weight: Array, n_threads: int) -> None:
    for start, stop in _stretches(len(sample_weight), block, 1, _is_plain(sample_weight)):
        w = _plain(sample_weight[start:stop])
        count_weights(counter, WeightsJob(_address(w)), block, stop - start, 0, n_threads)


def predictions(
    counter: BlockCounter,
    block: int,
    y_true: Array,
    y_pred: Array,
    sample_weight: Array | None,
    out: Array | None,
    scale: float,
    n_threads: int,
) -> None:
    plain = all(_is_plain(a) for a in (y_true, y_pred, sample_weight, out) if a is not None)
    for start, stop in _stretches(len(y_true), block, 3, plain):
        y, f = _plain(y_true[start:stop]), _plain(y_pred[start:stop])
        w = None if sample_weight is None else _plain(sample_weight[start:stop])
        target = None if out is None else out[start:stop]
        gradient = target
        if target is not None and not _is_plain(target):
            gradient = np.empty(stop - start)
        job = PredictionsJob(_address(y), _address(f), _address(w), _address(gradient), scale)
        count_predictions(counter, job, block, stop - start, 0, n_threads)
        if target is not None and gradient is not target:
            with np.errstate(over="ignore"):
                target[...] = gradient


def linear(
    counter: BlockCounter,
    block: int,
    X: Array,
    y: Array,
    sample_weight: Array | None,
    theta: Array,
    intercept: bool,
    grad: bool,
    columns: bool,
    n_threads: int,
) -> None:
    d, K, room = X.shape[1], len(theta), min(block, len(y))
    slopes, offsets = _slopes(theta, intercept)
    count, free = count_rows, slopes.size + d * tile_rows(d)
    if columns:
        count, free = count_columns, COLUMNS_SCRATCH
    in_place = _is_readable(X, columns)
    plain = in_place and all(_is_plain(a) for a in (y, sample_weight) if a is not None)
    for start, stop in _stretches(len(y), block, 2 if in_place else d + 1, plain):
        x = X[start:stop] if in_place else _decoded(X[start:stop], columns)
        right = _plain(y[start:stop])
        w = None if sample_weight is None else _plain(sample_weight[start:stop])
        job = LinearJob(
            x=_address(x),
            row=x.strides[0] // DOUBLE,
            column=x.strides[1] // DOUBLE,
            y=_address(right),
            w=_address(w),
            slopes=_address(slopes),
            offsets=_address(offsets),
            pitch=slopes.shape[1],
            n_thetas=K,
            n_features=d,
            intercept=int(intercept),
            graded=bool(grad),
            room=room,
        )
        count(counter, job, block, stop - start, 2 * K * room + free, n_threads)


def _slopes(theta: Array, intercept: bool) -> tuple[Array, Array]:
    """Each theta but its intercept, then zeros that fill vectors up; the intercepts."""
    K, d = len(theta), theta.shape[1] - intercept
    slopes = np.zeros((K, (d + 3) // 4 * 4 + 8))
    slopes[:, :d] = theta[:, intercept:]
    return slopes, theta[:, 0].copy() if intercept else np.zeros(K)


def _address(array: Array | None) -> int:
    return 0 if array is None else int(array.__array_interface__["data"][0])


def _is_double(array: Array) -> bool:
    return bool(array.dtype == np.float64 and array.dtype.isnative and array.flags.aligned)


def _is_plain(array: Array) -> bool:
    return bool(_is_double(array) and array.flags.c_contiguous)


def _is_readable(X: Array, columns: bool) -> bool:
    """Whether the kernels read X where it lies: rows, or columns, each in one piece.

    At most three columns may have any strides: they are packed.
    """
    if not isinstance(X, np.ndarray) or not _is_double(X):
        return False
    return bool(X.shape[1] <= TINY or X.strides[0 if columns else 1] == DOUBLE)


def _plain(array: Array) -> Array:
    """The array as contiguous float64: itself, or decoded."""
    return np.ascontiguousarray(array, dtype=np.float64)


def _decoded(X: Array, columns: bool) -> Array:
    """Rows of a matrix or a table as float64, in the order that they are read in."""
    return np.asarray(X, dtype=np.float64, order="F" if columns else "C")


def _stretches(n: int, block: int, width: int, plain: bool) -> Iterator[tuple[int, int]]:
    """All rows at once if they need no decoding, else stretches of whole blocks."""
    step = n if plain else max(DECODED_DOUBLES // (width * block), 1) * block
    for start in range(0, n, step):
        yield start, min(start + step, n)
