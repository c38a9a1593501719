"""Columns that must be decoded, a few at a time: a whole block takes 34 MB at d = 16384.

One thread: most of the time goes into NumPy's decoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fastmse.columns import Columns
from fastmse.kernels.jit.arrays import DECODED_DOUBLES, DOUBLE, address, plain
from fastmse.kernels.jit.columns import TOGETHER
from fastmse.kernels.jit.flags import serial_kernel
from fastmse.kernels.jit.grid import push
from fastmse.kernels.jit.linear import LinearJob, begin_block, block_at, end_block
from fastmse.kernels.jit.linear_columns import add_between, dot_between
from fastmse.statistics import BlockCounter
from fastmse.statistics.counter import LEVELS, Node

Array = Any

WIDE_DOUBLES = 2**19
"""Blocks of X that would take more than 4 MB as float64 are read this way, 1 MB at a time."""


@serial_kernel
def begin_wide(job: LinearJob, rows: int, node: Node, scratch: Node) -> None:
    begin_block(job, 0, rows, node, scratch)


@serial_kernel
def add_wide(job: LinearJob, rows: int, node: Node, scratch: Node, j: int, end: int) -> None:
    add_between(job, block_at(job, 0, node, scratch), 0, rows, j, end)


@serial_kernel
def dot_wide(job: LinearJob, rows: int, node: Node, scratch: Node, j: int, end: int) -> None:
    dot_between(job, block_at(job, 0, node, scratch), 0, rows, j, end)


@serial_kernel
def end_wide(job: LinearJob, rows: int, node: Node, scratch: Node) -> None:
    end_block(job, rows, block_at(job, 0, node, scratch), node)


def count_wide(
    counter: BlockCounter,
    job: LinearJob,
    block: int,
    X: Array,
    y: Array,
    sample_weight: Array | None,
    scratch: int,
) -> None:
    memory = np.empty(scratch)
    for start in range(0, len(y), block):
        rows = slice(start, start + block)
        right = plain(y[rows])
        w = None if sample_weight is None else plain(sample_weight[rows])
        n, whole = len(right), len(right) == block
        node = np.empty(counter.nodes.shape[1]) if whole else counter.nodes[LEVELS]
        here = job._replace(y=address(right), w=address(w))
        begin_wide(here, n, node, memory)
        for j, end, part in _decoded(X, rows):
            add_wide(_of_part(here, part, j), n, node, memory, j, end)
        if job.graded:
            for j, end, part in _decoded(X, rows):
                dot_wide(_of_part(here, part, j), n, node, memory, j, end)
        end_wide(here, n, node, memory)
        if whole:
            counter.blocks = push(counter.nodes, counter.blocks, node, 0, counter.n_double)


def _decoded(X: Array, rows: slice) -> Iterator[tuple[int, int, Array]]:
    """Of these rows, the columns [j, end) as float64 in columns."""
    d = X.shape[1]
    step = max(DECODED_DOUBLES // (rows.stop - rows.start) // TOGETHER, 1) * TOGETHER
    for j in range(0, d, step):
        end = min(j + step, d)
        if isinstance(X, Columns):
            part = Columns(X.arrays[j:end], X.names[j:end], len(X))[rows]
        else:
            part = X[rows, j:end]
        yield j, end, plain(part, "F")


def _of_part(job: LinearJob, part: Array, j: int) -> LinearJob:
    """`job` on columns from j on: x is where column 0 would be."""
    column = part.strides[1] // DOUBLE
    return job._replace(x=address(part) - j * column * DOUBLE, row=1, column=column)
