"""Numba kernels: the loops of the Cython ones, compiled when first called.

Each function has one signature, for aligned float64. Other storage of X is decoded by the kernels,
through a decoder that a new dtype compiles in 0.2 s; of vectors, tables and swapped bytes by NumPy,
a cache-sized stretch of rows at a time. Kernels take addresses, whose
arrays the functions here keep alive. Importing this package imports Numba. Nothing is cached on
disk.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from fastmse.kernels.jit.arrays import (
    DOUBLE,
    address,
    encoded_address,
    is_double,
    is_plain,
    plain,
    stretches,
)
from fastmse.kernels.jit.decoding import decoder_of
from fastmse.kernels.jit.layers import threading_layer
from fastmse.kernels.jit.linear import LinearJob
from fastmse.kernels.jit.linear_columns import COLUMNS_SCRATCH, TINY, count_columns
from fastmse.kernels.jit.linear_rows import count_rows, tile_rows
from fastmse.kernels.jit.models import ModelsJob, count_models
from fastmse.kernels.jit.predictions import PredictionsJob, count_predictions
from fastmse.kernels.jit.scalars import PITCH
from fastmse.kernels.jit.weights import WeightsJob, count_weights
from fastmse.kernels.jit.wide import WIDE_DOUBLES, count_wide
from fastmse.kernels.scalars import ModelScalar, Sums, n_outputs
from fastmse.statistics import BlockCounter

Array = Any


def describe() -> dict[str, Any]:
    """What ``fastmse info`` shows of this backend."""
    layer = threading_layer() or "none that is safe (serial kernels)"
    return {"version": numba.__version__, "threading_layer": layer}


def weights(counter: BlockCounter, block: int, sample_weight: Array, n_threads: int) -> None:
    for start, stop in stretches(len(sample_weight), block, 1, is_plain(sample_weight)):
        w = plain(sample_weight[start:stop])
        count_weights(counter, WeightsJob(address(w)), block, stop - start, 0, n_threads)


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
    in_place = all(is_plain(a) for a in (y_true, y_pred, sample_weight, out) if a is not None)
    for start, stop in stretches(len(y_true), block, 3, in_place):
        y, f = plain(y_true[start:stop]), plain(y_pred[start:stop])
        w = None if sample_weight is None else plain(sample_weight[start:stop])
        target = None if out is None else out[start:stop]
        gradient = target
        if target is not None and not is_plain(target):
            gradient = np.empty(stop - start)
        job = PredictionsJob(address(y), address(f), address(w), address(gradient), scale)
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
    n, d = X.shape
    K, room = len(theta), min(block, n)
    thetas = _padded(theta, intercept)
    in_place = _is_readable(X, columns)
    decoder = 0 if in_place else decoder_of(X)
    is_read = in_place or decoder != 0
    job = LinearJob(
        decoder,
        *(0, 1, 0, 0, 0),  # X, y and the weights follow
        thetas=address(thetas),
        pitch=thetas.shape[1],
        n_thetas=K,
        n_features=d,
        intercept=int(intercept),
        graded=bool(grad),
        room=room,
    )
    scratch = 2 * K * room + (COLUMNS_SCRATCH if columns else thetas.size + d * tile_rows(d))
    count = count_columns if columns else count_rows
    if columns and not is_read and room * d > WIDE_DOUBLES:
        count_wide(counter, job, block, X, y, sample_weight, scratch)
        return
    all_plain = is_read and all(is_plain(a) for a in (y, sample_weight) if a is not None)
    for start, stop in stretches(n, block, 2 if is_read else d + 1, all_plain):
        x, right = X[start:stop], plain(y[start:stop])
        if not is_read:
            x = plain(x, "F" if columns else "C")
        w = None if sample_weight is None else plain(sample_weight[start:stop])
        place = encoded_address(x) if decoder else address(x)
        row, column = (stride if decoder else stride // DOUBLE for stride in x.strides)
        here = job._replace(x=place, row=row, column=column, y=address(right), w=address(w))
        count(counter, here, block, stop - start, scratch, n_threads)


def models(
    counter: BlockCounter,
    block: int,
    X: Array,
    y: Array,
    sample_weight: Array | None,
    theta: Array,
    scalar: ModelScalar,
    sums: Sums,
    n_threads: int,
) -> None:
    n, q = X.shape
    K, p = theta.shape
    decoder = decoder_of(X)
    outputs = n_outputs(sums.order, p)
    job = ModelsJob(
        decoder,
        *(0, 0, 0, 0, 0),  # X, y and the weights follow
        thetas=address(theta),
        K=K,
        q=q,
        p=p,
        n_outputs=outputs,
        sums=int(sums),
        callback=scalar.address(sums.order),
    )
    scratch = (q + outputs + 2) * PITCH + 2 * K
    in_place = decoder != 0 and all(is_plain(a) for a in (y, sample_weight) if a is not None)
    for start, stop in stretches(n, block, 2 if decoder else q + 1, in_place):
        x, right = X[start:stop], plain(y[start:stop])
        if not decoder:
            x = plain(x, "F")
        w = None if sample_weight is None else plain(sample_weight[start:stop])
        place = encoded_address(x) if decoder else address(x)
        row, column = (stride if decoder else stride // DOUBLE for stride in x.strides)
        here = job._replace(x=place, row=row, column=column, y=address(right), w=address(w))
        count_models(counter, here, block, stop - start, scratch, n_threads)


def _padded(theta: Array, intercept: bool) -> Array:
    """Each theta behind its intercept, or 0, and before zeros that fill vectors up."""
    K, d = len(theta), theta.shape[1] - intercept
    padded = np.zeros((K, (d + 11) // 4 * 4))
    padded[:, 1 - intercept : 1 + d] = theta
    return padded


def _is_readable(X: Array, columns: bool) -> bool:
    """Whether the kernels read X where it lies: rows, or columns, each in one piece.

    At most three columns may have any strides: they are packed.
    """
    if not isinstance(X, np.ndarray) or not is_double(X):
        return False
    return bool(X.shape[1] <= TINY or X.strides[0 if columns else 1] == DOUBLE)
