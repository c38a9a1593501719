"""Eight blocks of rows to a block of threads: from the sums of their runs to one node.

A node is a double-double sum, high then low, then plain sums; the first is added run by run in
double-double, as ``compiled/lanes.h`` does. The last span of an array may hold fewer blocks, the
last of them in part: they go where the counter holds nodes of level 0, 1 and 2, and the partial
block where it holds rows outside the grid.
"""

from __future__ import annotations

from typing import Any

from numba import cuda

from fastmse.kernels.cuda.flags import device_function
from fastmse.kernels.cuda.lanes import RUN, add_run, finite_low, merge_pairs

LOG_SPAN = 3
SPAN = 1 << LOG_SPAN


@device_function
def whole_groups(rows: int, groups: int) -> int:
    """The runs of so many rows, and as many more as keep all groups of threads together."""
    runs = (rows + RUN - 1) // RUN
    return (runs + groups - 1) // groups * groups


@device_function
def node_of_runs(runs: Any, first: int, n: int, parts: Any, at: int) -> None:
    """runs (1 + plain sums, runs of the span) to one row of parts."""
    high, low = 0.0, 0.0
    for run in range(first, first + n):
        high, low = add_run(high, low, runs[0, run])
    parts[at, 0] = high
    parts[at, 1] = finite_low(high, low)
    for j in range(1, runs.shape[0]):
        total = 0.0
        for run in range(first, first + n):
            total += runs[j, run]
        parts[at, j + 1] = total


@device_function
def merge_parts(parts: Any, into: int, other: int) -> None:
    parts[into, 0], parts[into, 1] = merge_pairs(
        parts[into, 0], parts[into, 1], parts[other, 0], parts[other, 1]
    )
    for j in range(2, parts.shape[1]):
        parts[into, j] += parts[other, j]


@device_function
def copy_part(parts: Any, at: int, nodes: Any, node: int) -> None:
    for j in range(parts.shape[1]):
        nodes[node, j] = parts[at, j]


@device_function
def end_span(
    runs: Any, parts: Any, rows: int, block: int, nodes: Any, node: int, levels: Any
) -> None:
    """All threads come here, after the runs of these rows were written and a barrier."""
    thread = cuda.threadIdx.x
    if thread < SPAN:
        left = min(max(rows - thread * block, 0), block)
        node_of_runs(runs, thread * (block // RUN), (left + RUN - 1) // RUN, parts, thread)
    cuda.syncthreads()
    if thread > 0:
        return
    whole = rows // block
    for level in range(LOG_SPAN):
        step = 1 << level
        for at in range(0, (whole >> (level + 1)) << (level + 1), 2 * step):
            merge_parts(parts, at, at + step)
    if whole == SPAN:
        copy_part(parts, 0, nodes, node)
        return
    for level in range(LOG_SPAN):
        if (whole >> level) & 1 == 1:
            copy_part(parts, (whole >> (level + 1)) << (level + 1), levels, level)
    if rows > whole * block:
        copy_part(parts, whole, levels, levels.shape[0] - 1)
