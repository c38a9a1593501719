"""Fits of many curves by one model: on through the kernels, a bounded while at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fastmse import backends
from fastmse.fitting.curve import fit_curve
from fastmse.fitting.curve_search import CurveSearch
from fastmse.gaussian import FloatArray
from fastmse.kernels import compiled
from fastmse.kernels.scalars import ModelScalar
from fastmse.results.fit_many import FitMany

TOL, MAX_ITER = 1e-8, 200

SWEEPS = 10
"""Of the points, which a fit takes, about."""

Progress = Callable[[int, int], object]


class CurveData(NamedTuple):
    """k curves at the same n points, past the gate."""

    x: FloatArray
    "(n, q), C order"
    Y: Any
    "(k, n) of any real dtype and layout"
    sample_weight: Any
    "(n,), (k, n) or None, likewise"
    start: FloatArray
    "(1, p) or (k, p), C order"
    bounds: FloatArray | None
    "(2, p), C order"


class Options(NamedTuple):
    """How the fits are done."""

    weight_type: str
    tol: float
    max_iter: int


class Outputs(NamedTuple):
    """What the fits give, a row for each; the kernels fill it."""

    theta: FloatArray
    stderr: FloatArray
    sse: FloatArray
    n_iter: np.ndarray
    status: np.ndarray

    @classmethod
    def empty(cls, k: int, p: int) -> Outputs:
        return cls(
            np.empty((k, p)),
            np.empty((k, p)),
            np.empty(k),
            np.empty(k, np.int64),
            np.empty(k, np.int8),
        )


def fit_curves(
    scalar: ModelScalar,
    data: CurveData,
    options: Options,
    *,
    backend: str,
    n_threads: int | None,
    callback: Progress | None,
) -> Outputs:
    """Fit every row of Y; ``callback(done, total)`` after each while."""
    k, n = data.Y.shape
    outputs = Outputs.empty(k, scalar.p)
    kernels = backends.select(backend)
    threads = backends.n_threads_for(k * n * (scalar.p + 1) * SWEEPS, n_threads)
    if backend == "numpy":
        advance = _one_by_one(scalar, data, options, outputs)
    elif kernels is compiled:
        frequency = options.weight_type == "frequency"
        limits = options.tol, options.max_iter
        fits = compiled.ManyFits(
            scalar.curves_address(), *data, frequency, *limits, outputs, threads
        )
        advance = fits.advance
    else:
        raise RuntimeError(
            f"backend: got {backend!r}, which has no kernels for fit_many; want 'auto', 'cython' "
            "or 'numpy'"
        )
    done = 0
    while done < k:
        done += advance()
        if callback is not None:
            callback(done, k)
    return outputs


def _one_by_one(
    scalar: ModelScalar, data: CurveData, options: Options, outputs: Outputs
) -> Callable[[], int]:
    curves = iter(range(len(data.Y)))

    def advance() -> int:
        i = next(curves)
        weight = data.sample_weight
        if weight is not None:
            weight = np.asarray(weight if weight.ndim == 1 else weight[i], np.float64)
        y = np.asarray(data.Y[i], np.float64)
        search = CurveSearch.of(scalar, data.x, y, weight, data.bounds)
        found = fit_curve(search, data.start[i % len(data.start)], *options)
        for column, value in zip(outputs, found, strict=True):
            column[i] = value
        return 1

    return advance


def fit_many(
    scalar: ModelScalar,
    data: CurveData,
    names: tuple[str, ...],
    options: Options,
    **how: Any,
) -> FitMany:
    """The fits of all curves, and what the weights make of their statistics."""
    outputs = fit_curves(scalar, data, options, **how)
    n, weight_sum, log_weight_sum = _weighing(data, options.weight_type)
    return FitMany(
        **outputs._asdict(),
        names=names,
        n=n,
        weight_sum=weight_sum,
        log_weight_sum=log_weight_sum,
        weight_type=options.weight_type,
    )


def _weighing(data: CurveData, weight_type: str) -> tuple[Any, Any, Any]:
    """n, Σ w and, of precision weights, Σ log w; of each curve where they have their own."""
    weight = data.sample_weight
    if weight is None:
        return data.Y.shape[1], float(data.Y.shape[1]), 0.0
    sums = [_sums(block) for block in blocks(np.atleast_2d(weight))]
    n, total, logs = (np.concatenate(parts) for parts in zip(*sums, strict=True))
    logs = logs if weight_type == "precision" else np.zeros(len(logs))
    if weight.ndim == 1:
        return int(n[0]), float(total[0]), float(logs[0])
    return n, total, logs


def _sums(weight: FloatArray) -> tuple[np.ndarray, FloatArray, FloatArray]:
    positive = weight > 0
    logs = np.log(np.where(positive, weight, 1.0)).sum(axis=1)
    return positive.sum(axis=1), weight.sum(axis=1), logs


BLOCK_DOUBLES = 2**16


def blocks(table: Any) -> Any:
    """The rows of a table as float64, 512 KB of them at a time, or one."""
    step = max(BLOCK_DOUBLES // max(table.shape[1], 1), 1)
    for start in range(0, max(len(table), 1), step):
        yield np.asarray(table[start : start + step], np.float64)
