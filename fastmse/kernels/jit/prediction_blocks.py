"""SSE and the gradient of predictions, as ``compiled/predictions.pxi``: the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmse.kernels.jit.flags import serial_kernel
from fastmse.kernels.jit.grid import Driver
from fastmse.kernels.jit.lanes import RUN, Array, add_run, residuals, run_dot, run_sum, store_pair


@serial_kernel
def weights_block(job: tuple[Any, ...], first: int, rows: int, node: Array, scratch: Array) -> None:
    (w,) = job
    w = w[first : first + rows]
    high, low, zeros, invalid = 0.0, 0.0, 0.0, 0.0
    for start in range(0, rows, RUN):
        high, low = add_run(high, low, run_sum(w[start : start + RUN]))
    for i in range(rows):
        zeros += w[i] == 0.0
        invalid += not (w[i] >= 0.0 and np.isfinite(w[i]))
    store_pair(high, low, node, 0, 1)
    node[2], node[3] = zeros, invalid


@serial_kernel
def predictions_block(
    job: tuple[Any, ...], first: int, rows: int, node: Array, scratch: Array
) -> None:
    y, f, w, out, scale = job
    r = scratch[:RUN]
    c = scratch[RUN:] if w.size else r
    high, low = 0.0, 0.0
    for start in range(first, first + rows, RUN):
        stop = min(start + RUN, first + rows)
        n = stop - start
        residuals(f[start:stop], y[start:stop], w[start:stop], r[:n], c[:n])
        high, low = add_run(high, low, run_dot(c[:n], r[:n]))
        if out.size:
            target = out[start:stop]
            for i in range(n):
                target[i] = scale * c[i]
    store_pair(high, low, node, 0, 1)


count_weights = Driver(weights_block)
count_predictions = Driver(predictions_block)
