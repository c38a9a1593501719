"""The linear model on columns: column-major matrices, the columns of a table, and rows of one to
three features, which are too short for a vector. As ``linear_columns.pxi``.
"""

from __future__ import annotations

from fastmse.kernels.jit.columns import (
    PAIR,
    TOGETHER,
    Slab,
    add_columns,
    columns_from,
    dot_columns,
    residuals,
    residuals_of_columns,
    sum_columns,
)
from fastmse.kernels.jit.decoding import decode
from fastmse.kernels.jit.flags import inlined_kernel, inner_kernel
from fastmse.kernels.jit.grid import Driver
from fastmse.kernels.jit.lanes import fill, store_pair
from fastmse.kernels.jit.linear import (
    Block,
    LinearJob,
    begin_block,
    end_block,
    n_double_of,
    rows_of,
    theta_of,
)
from fastmse.kernels.jit.memory import LINE, Pointer, begin, pointer, prefetch, shift
from fastmse.kernels.jit.vectors import load4, split, store
from fastmse.kernels.jit.weights import any_zero
from fastmse.statistics.counter import Node

TINY = 3
SLAB = 256
TINY_SLAB = 512
ASKED_FEATURES = 256
COLUMNS_SCRATCH = TOGETHER * SLAB + TINY + 1
"""Doubles for a slab, and then for the sums of a few columns and their intercept."""


@inner_kernel
def copy_slab(
    x: Pointer, row: int, column: int, w: Pointer, n: int, count: int, target: Pointer, pitch: int
) -> None:
    """Columns side by side; rows of zero weight, whatever they hold, as zeros."""
    for j in range(count):
        for i in range(n):
            target[j * pitch + i] = 0.0 if w[i] == 0.0 else x[i * row + j * column]


@inner_kernel
def pack(
    x: Pointer, row: int, column: int, n: int, count: int, target: Pointer, pitch: int
) -> None:
    """Rows of one to three features to columns; the lines ahead are asked for."""
    whole = 0
    if column == 1 and row == count and 1 < count <= TINY:
        whole = n // 4 * 4
        for i in range(0, whole, 4):
            prefetch(x, (i + 64) * row)
            prefetch(x, (i + 64) * row + LINE)
            if count == 2:
                x0, x1 = split((load4(x, 2 * i), load4(x, 2 * i + 4)))
            else:
                x0, x1, x2 = split((load4(x, 3 * i), load4(x, 3 * i + 4), load4(x, 3 * i + 8)))
                store(target, 2 * pitch + i, x2)
            store(target, i, x0)
            store(target, pitch + i, x1)
    for j in range(count):
        for i in range(whole, n):
            target[j * pitch + i] = x[i * row + j * column]


@inner_kernel
def decode_slab(job: LinearJob, row: int, j: int, w: Pointer, some: bool, target: Slab) -> None:
    """Columns from j on as float64; if only `some` rows count, the others as zeros."""
    for k in range(target.width):
        x = job.x + row * job.row + (j + k) * job.column
        decode(job.decoder, x, job.row, target.n, shift(target.x, k * target.pitch))
    if some:
        for k in range(target.width):
            for i in range(target.n):
                if w[i] == 0.0:
                    target.x[k * target.pitch + i] = 0.0


@inlined_kernel
def slab_of(
    job: LinearJob, at: Block, first: int, rows: int, start: int, j: int, count: int, longest: int
) -> Slab:
    """At most so many rows; in place where that is possible, else in scratch."""
    n, count = min(longest, rows - start), min(count, job.n_features - j)
    x = shift(pointer(job.x), (first + start) * job.row + j * job.column)
    w = shift(at.rows.w, start)
    some = at.rows.weighted and any_zero(w, n)
    if job.decoder != 0:
        decode_slab(job, first + start, j, w, some, Slab(at.free, longest, start, n, count))
    elif some:
        copy_slab(x, job.row, job.column, w, n, count, at.free, longest)
    elif job.row != 1:
        pack(x, job.row, job.column, n, count, at.free, longest)
    else:
        return Slab(x, job.column, start, n, count)
    return Slab(at.free, longest, start, n, count)


@inlined_kernel
def asks(job: LinearJob, j: int, count: int) -> bool:
    """Whether the columns after [j, j + count), as many of them, are asked for meanwhile."""
    return job.decoder == 0 and job.n_features > ASKED_FEATURES and j + 2 * count <= job.n_features


@inner_kernel
def add_slab(job: LinearJob, at: Block, slab: Slab, j: int) -> None:
    """f += theta x for every theta; the intercepts first."""
    for k in range(job.n_thetas):
        theta, f = theta_of(job, k), shift(at.rows.r, k * job.room + slab.start)
        if j == 0:
            fill(f, slab.n, theta.offset)
        add_columns(shift(theta.slopes, j), slab, f, k == 0 and asks(job, j, TOGETHER))


@inner_kernel
def dot_slab(job: LinearJob, at: Block, slab: Slab, j: int) -> None:
    """G += sum_i c_i x_i for every theta."""
    p = job.n_features + job.intercept
    for k in range(job.n_thetas):
        c, G = shift(at.rows.c, k * job.room + slab.start), shift(at.G, k * p + j)
        ask = k == 0 and asks(job, j, PAIR)
        for q in range(0, slab.width, PAIR):
            dot_columns(c, columns_from(slab, q, PAIR), shift(G, q), ask)


@inner_kernel
def tiny_block(job: LinearJob, first: int, rows: int, node: Node, at: Block) -> None:
    """At most three columns: every element is touched once."""
    p = job.n_features + job.intercept
    G = shift(at.free, TOGETHER * SLAB)
    for k in range(job.n_thetas):
        high, low = 0.0, 0.0
        fill(G, TINY + 1, 0.0)
        for start in range(0, rows, TINY_SLAB):
            slab = slab_of(job, at, first, rows, start, 0, TINY, TINY_SLAB)
            here = rows_of(job, at, k, start)
            high, low = sum_columns(theta_of(job, k), slab, here, job.intercept > 0, high, low, G)
        store_pair(high, low, shift(begin(node), k), n_double_of(job))
        if job.graded:
            for j in range(-job.intercept, job.n_features):
                at.G[k * p + j] = G[1 + j]


@inner_kernel
def few_columns_block(job: LinearJob, first: int, rows: int, node: Node, at: Block) -> None:
    """At most eight columns: a slab of them all is touched twice in L1."""
    for start in range(0, rows, SLAB):
        slab = slab_of(job, at, first, rows, start, 0, TOGETHER, SLAB)
        for k in range(job.n_thetas):
            residuals_of_columns(theta_of(job, k), slab, rows_of(job, at, k, start))
        if job.graded:
            dot_slab(job, at, slab, 0)
    end_block(job, rows, at, node)


@inner_kernel
def longest_slab(job: LinearJob, at: Block, rows: int) -> int:
    """All rows at once where one theta reads them in place, else what L1 holds."""
    copied = job.decoder != 0 or job.row != 1 or (at.rows.weighted and any_zero(at.rows.w, rows))
    return SLAB if copied or job.n_thetas > 1 else rows


@inner_kernel
def add_between(job: LinearJob, at: Block, first: int, rows: int, j: int, end: int) -> None:
    """f += theta x over the columns [j, end), j a multiple of 8; r = f - y and c = w r at last."""
    longest = longest_slab(job, at, rows)
    for q in range(j, end, TOGETHER):
        for start in range(0, rows, longest):
            add_slab(job, at, slab_of(job, at, first, rows, start, q, TOGETHER, longest), q)
    if end == job.n_features:
        for k in range(job.n_thetas):
            here = rows_of(job, at, k, 0)
            residuals(here.r, here, rows)


@inner_kernel
def dot_between(job: LinearJob, at: Block, first: int, rows: int, j: int, end: int) -> None:
    """G += sum_i c_i x_i over the columns [j, end), j a multiple of 2."""
    longest = longest_slab(job, at, rows)
    for q in range(j, end, PAIR):
        for start in range(0, rows, longest):
            dot_slab(job, at, slab_of(job, at, first, rows, start, q, PAIR, longest), q)


@inner_kernel
def many_columns_block(job: LinearJob, first: int, rows: int, node: Node, at: Block) -> None:
    add_between(job, at, first, rows, 0, job.n_features)
    if job.graded:
        dot_between(job, at, first, rows, 0, job.n_features)
    end_block(job, rows, at, node)


@inner_kernel
def columns_block(job: LinearJob, first: int, rows: int, node: Node, scratch: Node) -> None:
    at = begin_block(job, first, rows, node, scratch)
    if 1 <= job.n_features <= TINY:
        tiny_block(job, first, rows, node, at)
    elif job.n_features <= TOGETHER:
        few_columns_block(job, first, rows, node, at)
    else:
        many_columns_block(job, first, rows, node, at)


count_columns = Driver(columns_block)
