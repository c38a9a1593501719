"""The linear model on row-major data: tiles of rows that fit in L1, as ``linear_rows.pxi``."""

from __future__ import annotations

from fastmse.kernels.jit.decoding import decode
from fastmse.kernels.jit.flags import inlined_kernel, inner_kernel, serial_kernel
from fastmse.kernels.jit.grid import Driver
from fastmse.kernels.jit.lanes import fill
from fastmse.kernels.jit.linear import LinearJob, begin_block, end_block, rows_of, theta_of
from fastmse.kernels.jit.memory import LINE, Pointer, pointer, shift
from fastmse.kernels.jit.rows import LONG_ROW, Tile, evaluate_rows
from fastmse.kernels.jit.weights import any_zero
from fastmse.statistics.counter import Node

TILE_ROWS = 64
TILE_DOUBLES = 2048
AHEAD = 24 * LINE


@serial_kernel
def tile_rows(d: int) -> int:
    """Rows that fit in half of L1: a power of two in [4, 64]."""
    rows = TILE_ROWS
    while rows > 4 and rows * d > TILE_DOUBLES:
        rows //= 2
    return rows


@inner_kernel
def copy_tile(x: Pointer, pitch: int, w: Pointer, rows: int, d: int, tile: Pointer) -> None:
    """Rows of zero weight, whatever they hold, as zeros."""
    for i in range(rows):
        kept = w[i] != 0.0
        for j in range(d):
            tile[i * d + j] = x[i * pitch + j] if kept else 0.0


@inner_kernel
def decode_tile(job: LinearJob, row: int, w: Pointer, rows: int, some: bool, tile: Pointer) -> None:
    """Rows from `row` on as float64; if only `some` of them count, the others as zeros."""
    d, x = job.n_features, job.x + row * job.row
    if job.row == d * job.column:
        decode(job.decoder, x, job.column, rows * d, tile)
    else:
        for i in range(rows):
            decode(job.decoder, x + i * job.row, job.column, d, shift(tile, i * d))
    if some:
        for i in range(rows):
            if w[i] == 0.0:
                fill(shift(tile, i * d), d, 0.0)


@inlined_kernel
def ahead_of(job: LinearJob, rows: int, in_place: bool, k: int) -> int:
    """How many doubles ahead memory is asked for while theta k is evaluated on a tile, or 0.

    Alone in place: a little ahead. Else the next tile, by the first theta.
    """
    d = job.n_features
    if k > 0 or job.decoder != 0 or job.row != d or (job.n_thetas == 1 and d >= LONG_ROW):
        return 0
    return min(AHEAD, rows * d) if in_place and job.n_thetas == 1 else rows * d


@inner_kernel
def rows_block(job: LinearJob, first: int, rows: int, node: Node, scratch: Node) -> None:
    K, d, width = job.n_thetas, job.n_features, job.pitch
    p = d + job.intercept
    at = begin_block(job, first, rows, node, scratch)
    X = pointer(job.x)
    runs, tile = at.free, shift(at.free, K * width)
    fill(runs, K * width, 0.0)
    start = 0
    while start < rows:
        n = min(TILE_ROWS - start % TILE_ROWS, rows - start)
        n = n if K == 1 else min(n, tile_rows(d))
        w = shift(at.rows.w, start)
        x, pitch, in_place = shift(X, (first + start) * job.row), job.row, True
        some = at.rows.weighted and any_zero(w, n)
        if some or job.decoder != 0:
            n = min(n, tile_rows(d))
            if job.decoder != 0:
                decode_tile(job, first + start, w, n, some, tile)
            else:
                copy_tile(x, job.row, w, n, d, tile)
            x, pitch, in_place = tile, d, False
        for k in range(K):
            theta, here = theta_of(job, k), rows_of(job, at, k, start)
            g, ahead = shift(runs, k * width), ahead_of(job, n, in_place, k)
            evaluate_rows(Tile(x, pitch, n, theta, here, g, job.graded, ahead), d)
        start += n
        if job.graded and (start % TILE_ROWS == 0 or start == rows):
            for k in range(K):
                for j in range(d):
                    at.G[k * p + j] += runs[k * width + j]
            fill(runs, K * width, 0.0)
    end_block(job, rows, at, node)


count_rows = Driver(rows_block)
