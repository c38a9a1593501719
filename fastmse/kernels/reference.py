"""The definition of every kernel, in NumPy, as one reads it on paper.

    r_i = f_i - y_i        SSE = sum_i w_i r_i^2        dMSE/df_i = 2 / W  w_i r_i
    f_i = theta_0 + sum_j theta_j x_ij                  G_j = sum_i w_i r_i x_ij

Rows of zero weight are left out, whatever they hold. Sums are NumPy's own, in float64:
the compiled kernels are compared with these to a few eps, and with exact arithmetic.
Whole-array expressions: one temporary of the piece's size for each operation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmse.statistics import BlockCounter

Array = Any


@np.errstate(all="ignore")
def weights(counter: BlockCounter, block: int, sample_weight: Array, n_threads: int) -> None:
    W, zeros, invalid = _weighing(np.array(sample_weight, dtype=np.float64))
    counter.add(np.array([W, 0.0, zeros, invalid]))


@np.errstate(all="ignore")
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
    r = np.array(y_pred, dtype=np.float64) - np.array(y_true, dtype=np.float64)
    w = np.ones(1) if sample_weight is None else np.array(sample_weight, dtype=np.float64)
    r = np.where(w == 0, 0.0, r)
    counter.add(np.array([np.sum(w * r * r), 0.0]))
    if out is not None:
        out[...] = (scale * (w * r)).astype(out.dtype)


@np.errstate(all="ignore")
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
    x, y, w = np.array(X, dtype=np.float64), np.array(y, dtype=np.float64), np.ones(len(y))
    weighing = []
    if sample_weight is not None:
        w = np.array(sample_weight, dtype=np.float64)
        weighing = _weighing(w)
        x, y, w = x[w != 0], y[w != 0], w[w != 0]
    if intercept:
        x = np.column_stack([np.ones(len(y)), x])
    r = theta @ x.T - y
    double = [*(w * r * r).sum(axis=1), *weighing[:1]]
    gradient = (w * r) @ x if grad else np.empty(0)
    node = [*double, *np.zeros(len(double)), *weighing[1:], *gradient.ravel()]
    counter.add(np.array(node, dtype=np.float64))


def _weighing(w: Array) -> list[float]:
    """W, and the numbers of zero and of invalid weights."""
    invalid = ~(np.isfinite(w) & (w >= 0))
    return [w.sum(), np.count_nonzero(w == 0), np.count_nonzero(invalid)]
