"""The binary counter's tree over nodes in device memory, as ``statistics/merge.h``: the same bits.

A node is a double-double sum, high then low, then plain sums; its *units* are the pair and each
plain sum. Nodes that fill no aligned span go to `levels`, a row for each level and a last one for
the rows outside the grid, as the counter holds them.
"""

from __future__ import annotations

from typing import Any

from numba import cuda

from fastmse.kernels.cuda.flags import device_function, kernel
from fastmse.kernels.cuda.lanes import merge_pairs


@device_function
def merge_unit(into: Any, at: int, other: Any, there: int, unit: int) -> None:
    """into[at] += other[there]."""
    if unit == 0:
        high, low = merge_pairs(into[at, 0], into[at, 1], other[there, 0], other[there, 1])
        into[at, 0] = high
        into[at, 1] = low
    else:
        into[at, unit + 1] += other[there, unit + 1]


@device_function
def copy_unit(nodes: Any, at: int, levels: Any, level: int, unit: int) -> None:
    if unit == 0:
        levels[level, 0] = nodes[at, 0]
        levels[level, 1] = nodes[at, 1]
    else:
        levels[level, unit + 1] = nodes[at, unit + 1]


@kernel
def merge_nodes(
    nodes: Any, stride: int, count: int, level: int, levels: Any, log_fan: int, log_units: int
) -> None:
    """Nodes 0, stride, 2 stride, ..., `count` of them, each of 2^level blocks.

    Spans of 2^log_fan nodes end in the first of them; grid (spans, groups of 2^log_units units).
    """
    threads = cuda.blockDim.x
    first_unit = cuda.blockIdx.y << log_units
    units = min(1 << log_units, nodes.shape[1] - 1 - first_unit)
    begin = cuda.blockIdx.x << log_fan
    here = min(1 << log_fan, count - begin)
    for k in range(log_fan):
        for at in range(cuda.threadIdx.x, (here >> (k + 1)) << log_units, threads):
            unit = at & ((1 << log_units) - 1)
            if unit < units:
                into = (begin + ((at >> log_units) << (k + 1))) * stride
                merge_unit(nodes, into, nodes, into + (stride << k), first_unit + unit)
        cuda.syncthreads()
    if here >> log_fan == 0:
        for k in range(log_fan):
            if (here >> k) & 1 == 1:
                at = (begin + ((here >> (k + 1)) << (k + 1))) * stride
                for unit in range(cuda.threadIdx.x, units, threads):
                    copy_unit(nodes, at, levels, level + k, first_unit + unit)


@kernel
def fold_levels(levels: Any, blocks: int, rest: int, total: Any) -> None:
    """The node of all rows to total[0]: the rows outside the grid, if any, then the levels."""
    unit = cuda.grid(1)
    if unit >= levels.shape[1] - 1:
        return
    last = levels.shape[0] - 1
    if rest > 0:
        copy_unit(levels, last, total, 0, unit)
    elif unit == 0:
        total[0, 0] = 0.0
        total[0, 1] = 0.0
    else:
        total[0, unit + 1] = 0.0
    for level in range(last):
        if (blocks >> level) & 1 == 1:
            merge_unit(total, 0, levels, level, unit)
