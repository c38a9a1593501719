"""The binary counter's tree over nodes in device memory, as ``statistics/merge.h``: the same bits.

A node is a double-double sum, high then low, then plain sums; its *units* are the pair and each
plain sum. Nodes that fill no aligned span go to `levels`, a row for each level and a last one for
the rows outside the grid, as the counter holds them.
"""

from __future__ import annotations

from typing import Any

from numba import cuda, types

from fastmse.kernels.cuda.flags import device_function
from fastmse.kernels.cuda.lanes import merge_pairs
from fastmse.kernels.cuda.launching import kernel


@device_function
def put_unit(nodes: Any, at: int, unit: int, value: float, low: float) -> None:
    if unit == 0:
        nodes[at, 0] = value
        nodes[at, 1] = low
    else:
        nodes[at, unit + 1] = value


@device_function
def fold_levels(levels: Any, blocks: int, rest: int, total: Any, unit: int) -> None:
    """The rows outside the grid, if any, then the levels; `total` is the host's, written once."""
    last = levels.shape[0] - 1
    if unit == 0:
        high, low = 0.0, 0.0
        if rest > 0:
            high, low = levels[last, 0], levels[last, 1]
        for level in range(last):
            if (blocks >> level) & 1 == 1:
                high, low = merge_pairs(high, low, levels[level, 0], levels[level, 1])
        total[0, 0] = high
        total[0, 1] = low
    else:
        plain = 0.0
        if rest > 0:
            plain = levels[last, unit + 1]
        for level in range(last):
            if (blocks >> level) & 1 == 1:
                plain += levels[level, unit + 1]
        total[0, unit + 1] = plain


LOG_TILE = 11
TILE = 1 << LOG_TILE
"""Units of nodes that a block of threads merges, 32 KB of shared memory with the low parts."""


@device_function
def merge_span(
    nodes: Any,
    stride: int,
    count: int,
    level: int,
    levels: Any,
    log_units: int,
    first_unit: int,
    units: int,
) -> None:
    """Of these units, by a block of threads: a span ends in its first node, or in `levels`."""
    tile = cuda.shared.array(TILE, types.float64)
    lows = cuda.shared.array(TILE, types.float64)
    threads, log_fan = cuda.blockDim.x, LOG_TILE - log_units
    begin = cuda.blockIdx.x << log_fan
    here = min(1 << log_fan, count - begin)
    for at in range(cuda.threadIdx.x, here << log_units, threads):
        unit = first_unit + min(at & ((1 << log_units) - 1), units - 1)
        tile[at] = nodes[(begin + (at >> log_units)) * stride, unit + min(unit, 1)]
    if first_unit == 0:
        for node in range(cuda.threadIdx.x, here, threads):
            lows[node] = nodes[(begin + node) * stride, 1]
    cuda.syncthreads()
    for k in range(log_fan):
        for at in range(cuda.threadIdx.x, (here >> (k + 1)) << log_units, threads):
            node, unit = (at >> log_units) << (k + 1), at & ((1 << log_units) - 1)
            into, other = (node << log_units) + unit, ((node + (1 << k)) << log_units) + unit
            if first_unit + unit == 0:
                tile[into], lows[node] = merge_pairs(
                    tile[into], lows[node], tile[other], lows[node + (1 << k)]
                )
            elif unit < units:
                tile[into] += tile[other]
        cuda.syncthreads()
    for unit in range(cuda.threadIdx.x, units, threads):
        if here >> log_fan == 1:
            put_unit(nodes, begin * stride, first_unit + unit, tile[unit], lows[0])
        else:
            for k in range(log_fan):
                if (here >> k) & 1 == 1:
                    node = (here >> (k + 1)) << (k + 1)
                    high = tile[(node << log_units) + unit]
                    put_unit(levels, level + k, first_unit + unit, high, lows[node])


@kernel
def merge_nodes(
    nodes: Any, stride: int, count: int, level: int, levels: Any, log_units: int
) -> None:
    """Nodes 0, stride, 2 stride, ..., `count` of them, each of 2^level blocks.

    In spans of 2^(LOG_TILE - log_units) nodes; grid (spans, groups of 2^log_units units).
    """
    first_unit = cuda.blockIdx.y << log_units
    units = min(1 << log_units, nodes.shape[1] - 1 - first_unit)
    merge_span(nodes, stride, count, level, levels, log_units, first_unit, units)


@kernel
def merge_to_total(
    nodes: Any,
    stride: int,
    count: int,
    level: int,
    levels: Any,
    log_units: int,
    blocks: int,
    rest: int,
    total: Any,
) -> None:
    """The same where there is one span that is not full, then the node of all rows to total[0]."""
    first_unit = cuda.blockIdx.y << log_units
    units = min(1 << log_units, nodes.shape[1] - 1 - first_unit)
    merge_span(nodes, stride, count, level, levels, log_units, first_unit, units)
    cuda.syncthreads()
    for unit in range(cuda.threadIdx.x, units, cuda.blockDim.x):
        fold_levels(levels, blocks, rest, total, first_unit + unit)
