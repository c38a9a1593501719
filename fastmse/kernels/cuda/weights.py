"""W = Σ w_i, with the numbers of zero and of invalid weights, as ``compiled/weights.pxi``."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from numba import cuda, types

from fastmse.kernels.cuda.arithmetic import add, zeros
from fastmse.kernels.cuda.flags import device_function
from fastmse.kernels.cuda.lanes import LANES, RUN, folder, group_folder
from fastmse.kernels.cuda.launching import kernel
from fastmse.kernels.cuda.spans import SPAN, end_span, whole_groups
from fastmse.kernels.cuda.storage import ITEMSIZE, loader, part_loader

WIDTH = 4
"""Of a node: W.hi, W.lo, zeros, invalid."""

LARGEST = sys.float_info.max


@device_function
def weigh(w: float) -> tuple[float, float]:
    """1 for a zero, and 1 for what is no weight."""
    zero = 1.0 if w == 0.0 else 0.0
    invalid = 0.0 if 0.0 <= w <= LARGEST else 1.0
    return zero, invalid


@cache
def weights_kernel(w_type: str, count: int, block: int, threads: int) -> Any:
    load_w, part_w = loader(w_type, count), part_loader(w_type, count)
    size, dense = ITEMSIZE[w_type], count > 1
    fold, none = folder(count), zeros(count)
    a_run = LANES // count
    fold_count = group_folder(a_run)
    groups = threads // a_run
    span_runs = SPAN * block // RUN

    @kernel
    def weights(w: int, step: int, n: int, nodes: Any, first_node: int, levels: Any) -> None:
        runs = cuda.shared.array((3, span_runs), types.float64)
        parts = cuda.shared.array((SPAN, WIDTH), types.float64)
        if dense:
            step = size
        group, place = cuda.threadIdx.x // a_run, cuda.threadIdx.x % a_run
        first = cuda.blockIdx.x * (SPAN * block)
        rows = min(n - first, SPAN * block)
        for run in range(group, whole_groups(rows, groups), groups):
            start = first + run * RUN + place * count
            lanes = none()
            n_zeros, n_invalid = 0.0, 0.0
            for i in range(start, start + RUN, LANES):
                if i + count <= n:
                    ws = load_w(w + i * step, 0)
                else:
                    ws = part_w(w + i * step, step, n - i)
                lanes = add(lanes, ws)
                for k in range(count):
                    zero, invalid = weigh(ws[k])
                    if i + k < n:
                        n_zeros += zero
                        n_invalid += invalid
            total = fold(lanes)
            n_zeros, n_invalid = fold_count(n_zeros), fold_count(n_invalid)
            if place == 0 and run < span_runs:
                runs[0, run] = total
                runs[1, run] = n_zeros
                runs[2, run] = n_invalid
        cuda.syncthreads()
        end_span(runs, parts, rows, block, nodes, first_node + cuda.blockIdx.x, levels)

    return weights
