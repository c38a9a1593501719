"""Numba kernels: the loops of the Cython ones, compiled when first called.

Each function has one signature, for contiguous float64; other storage is decoded, a
cache-sized stretch of rows at a time, so that a new dtype compiles nothing. Importing this
package imports Numba. Nothing is cached on disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numba
import numpy as np

from fastmse.kernels.jit.lanes import DOT_LANES, RUN
from fastmse.kernels.jit.layers import threading_layer
from fastmse.kernels.jit.linear_blocks import count_columns, count_rows
from fastmse.kernels.jit.prediction_blocks import count_predictions, count_weights
from fastmse.statistics import BlockCounter

Array = Any

DECODED_DOUBLES = 2**17
"""Rows are decoded 1 MB at a time, which L2 or L3 holds until the kernel reads it."""

NONE = np.empty(0)


def describe() -> dict[str, Any]:
    """What ``fastmse info`` shows of this backend."""
    layer = threading_layer() or "none that is safe (serial kernels)"
    return {"version": numba.__version__, "threading_layer": layer}


def weights(counter: BlockCounter, block: int, sample_weight: Array, n_threads: int) -> None:
    for start, stop in _stretches(len(sample_weight), block, 1, _is_plain(sample_weight)):
        w = _plain(sample_weight[start:stop])
        count_weights(counter, (w,), block, stop - start, 1, n_threads)


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
        w = NONE if sample_weight is None else _plain(sample_weight[start:stop])
        target = NONE if out is None else out[start:stop]
        gradient = target if _is_plain(target) else np.empty(stop - start)
        job = (y, f, w, gradient, scale)
        count_predictions(counter, job, block, stop - start, 2 * RUN, n_threads)
        if gradient is not target:
            with np.errstate(over="ignore"):
                target[...] = gradient


def linear(
    counter: BlockCounter,
    block: int,
    X: Array,
    y: Array,
    sample_weight: Array | None,
    has_zero_weights: bool,
    theta: Array,
    intercept: bool,
    grad: bool,
    columns: bool,
    n_threads: int,
) -> None:
    d, K = X.shape[1], len(theta)
    drive = count_columns if columns else count_rows
    scratch = 2 * K * block + K * d + DOT_LANES
    plain = not has_zero_weights and not columns and _is_plain(X)
    for start, stop in _stretches(len(y), block, d + 1, plain):
        w = NONE if sample_weight is None else _plain(sample_weight[start:stop])
        x = X[start:stop].T if columns else X[start:stop]
        if has_zero_weights:
            x = _plain(x).copy()
            x[(slice(None), w == 0) if columns else (w == 0)] = 0.0
        job = (_plain(x), _plain(y[start:stop]), w, theta, int(intercept), grad)
        drive(counter, job, block, stop - start, scratch, n_threads)


def _is_plain(array: Array) -> bool:
    flags = array.flags
    return bool(
        array.dtype == np.float64 and array.dtype.isnative and flags.c_contiguous and flags.aligned
    )


def _plain(array: Array) -> Array:
    """The array as contiguous float64 that Numba sees as writeable: itself, or decoded."""
    if _is_plain(array) and array.flags.writeable:
        return array
    if _is_plain(array):
        return _writeable(array)
    return np.ascontiguousarray(array, dtype=np.float64)


def _writeable(array: Array) -> Array:
    """A view of a read-only array that has the type of a writeable one: one signature.

    The kernels do not write to it.
    """
    interface = dict(array.__array_interface__)
    interface["data"] = (interface["data"][0], False)
    holder = type("Holder", (), {"__array_interface__": interface, "base": array})()
    return np.asarray(holder)


def _stretches(n: int, block: int, width: int, plain: bool) -> Iterator[tuple[int, int]]:
    """All rows at once if they need no decoding, else stretches of whole blocks."""
    step = n if plain else max(DECODED_DOUBLES // (width * block), 1) * block
    for start in range(0, n, step):
        yield start, min(start + step, n)
