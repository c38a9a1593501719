"""SSE and gradient of the linear model, as ``compiled/linear.pxi``: the same bits."""

from __future__ import annotations

from typing import Any

from fastmse.kernels.jit.flags import serial_kernel
from fastmse.kernels.jit.grid import Driver
from fastmse.kernels.jit.lanes import (
    DOT_LANES,
    Array,
    add_columns,
    add_rows,
    block_dot,
    block_dot2,
    block_sum,
    fill,
    residuals,
    row_dot,
    store_pair,
)

TILE_ROWS = 64
TILE_DOUBLES = 2048


@serial_kernel
def tile_rows(d: int) -> int:
    """Rows that fit in half of L1: a power of two in [4, 64]."""
    rows = TILE_ROWS
    while rows > 4 and rows * d > TILE_DOUBLES:
        rows //= 2
    return rows


@serial_kernel
def finish_block(intercept: int, grad: bool, c: Array, r: Array, node: Array) -> None:
    """SSE and the intercept's gradient, from the residuals (K, rows) of the whole block."""
    K = len(r)
    p = (node.size - 2 * K) // K
    for k in range(K):
        high, low = block_dot2(c[k], r[k])
        store_pair(high, low, node, k, K)
        if grad and intercept:
            node[2 * K + k * p] = block_sum(c[k])


@serial_kernel
def rows_block(job: tuple[Any, ...], first: int, rows: int, node: Array, scratch: Array) -> None:
    X, y, w, theta, intercept, grad = job
    (K, p), d = theta.shape, X.shape[1]
    y, w, X = y[first : first + rows], w[first : first + rows], X[first : first + rows]
    r = scratch[: K * rows].reshape(K, rows)
    c = scratch[K * rows : 2 * K * rows].reshape(K, rows) if w.size else r
    runs = scratch[2 * K * rows : 2 * K * rows + K * d]
    g_run = runs.reshape(K, d)
    lane = scratch[2 * K * rows + K * d : 2 * K * rows + K * d + DOT_LANES]
    tile = tile_rows(d)
    fill(node, 0.0)
    fill(runs, 0.0)
    for start in range(0, rows, tile):
        stop = min(start + tile, rows)
        x = X[start:stop]
        for k in range(K):
            offset = theta[k, 0] if intercept else 0.0
            slopes = theta[k, intercept:]
            f = r[k, start:stop]
            for i in range(stop - start):
                f[i] = offset + row_dot(slopes, x[i], lane)
            residuals(f, y[start:stop], w[start:stop], f, c[k, start:stop])
            if grad:
                add_rows(c[k, start:stop], x, g_run[k])
        if grad and (stop % TILE_ROWS == 0 or stop == rows):
            for k in range(K):
                G = node[2 * K + k * p + intercept : 2 * K + (k + 1) * p]
                for j in range(d):
                    G[j] += g_run[k, j]
            fill(runs, 0.0)
    finish_block(intercept, grad, c, r, node)


@serial_kernel
def columns_block(job: tuple[Any, ...], first: int, rows: int, node: Array, scratch: Array) -> None:
    XT, y, w, theta, intercept, grad = job
    (K, p), d = theta.shape, XT.shape[0]
    y, w = y[first : first + rows], w[first : first + rows]
    r = scratch[: K * rows].reshape(K, rows)
    c = scratch[K * rows : 2 * K * rows].reshape(K, rows) if w.size else r
    fill(node, 0.0)
    x = XT[:, first : first + rows]
    for k in range(K):
        f = r[k]
        fill(f, theta[k, 0] if intercept else 0.0)
        add_columns(theta[k, intercept:], x, f)
        residuals(f, y, w, f, c[k])
        if grad:
            G = node[2 * K + k * p + intercept : 2 * K + (k + 1) * p]
            for j in range(d):
                G[j] = block_dot(c[k], x[j])
    finish_block(intercept, grad, c, r, node)


count_rows = Driver(rows_block)
count_columns = Driver(columns_block)
