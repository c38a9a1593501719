"""The definition of every kernel, in NumPy, as one reads it on paper.

    r_i = f_i - y_i        SSE = sum_i w_i r_i^2        dMSE/df_i = 2 / W  w_i r_i
    f_i = theta_0 + sum_j theta_j x_ij                  G_j = sum_i w_i r_i x_ij
    f_i = f(x_i; theta), g_ij = df_i/dtheta_j           G_j = sum_i w_i r_i g_ij
    N_jk = sum_i w_i g_ij g_ik  (+ sum_i w_i r_i d2f_i/dtheta_j dtheta_k)

Rows of zero weight are left out, whatever they hold. Sums are NumPy's own, in float64:
the compiled kernels are compared with these to a few eps, and with exact arithmetic.
Whole-array expressions: one temporary of the piece's size for each operation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmse.kernels.scalars import ModelScalar, Sums
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
    x, y, w, weighing = _rows(X, y, sample_weight)
    if intercept:
        x = np.column_stack([np.ones(len(y)), x])
    r = theta @ x.T - y
    gradient = (w * r) @ x if grad else np.empty(0)
    counter.add(_node((w * r * r).sum(axis=1), weighing, gradient.ravel()))


@np.errstate(all="ignore")
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
    x, y, w, weighing = _rows(X, y, sample_weight)
    sse: list[float] = []
    plain: list[float] = []
    p = theta.shape[1]
    for t in theta:
        f, *derivatives = scalar.values(sums.order, x, t)
        r, g, h = f - y, np.array(derivatives[:p]), derivatives[p:]
        sse.append(np.sum(w * r * r))
        if sums >= Sums.GRADIENT:
            plain += [np.sum(w * r * g_j) for g_j in g]
        if sums >= Sums.NORMAL:
            N = np.array([np.sum(w * g[j] * g[k]) for j in range(p) for k in range(j + 1)])
            plain += list(N + [np.sum(w * r * h_jk) for h_jk in h] if h else N)
    counter.add(_node(sse, weighing, plain))


def _rows(X: Array, y: Array, sample_weight: Array | None) -> tuple[Array, Array, Array, Array]:
    """X, y and the weights as float64 without the rows of zero weight; `_weighing`, or nothing."""
    x, y = np.array(X, dtype=np.float64), np.array(y, dtype=np.float64)
    if sample_weight is None:
        return x, y, np.ones(len(y)), []
    w = np.array(sample_weight, dtype=np.float64)
    return x[w != 0], y[w != 0], w[w != 0], _weighing(w)


def _node(sse: Array, weighing: Array, plain: Array) -> Array:
    double = [*sse, *weighing[:1]]
    return np.array([*double, *np.zeros(len(double)), *weighing[1:], *plain], dtype=np.float64)


def _weighing(w: Array) -> list[float]:
    """W, and the numbers of zero and of invalid weights."""
    invalid = ~(np.isfinite(w) & (w >= 0))
    return [w.sum(), np.count_nonzero(w == 0), np.count_nonzero(invalid)]
