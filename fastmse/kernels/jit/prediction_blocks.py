"""SSE and the gradient of predictions, as ``compiled/predictions.pxi``: the same bits."""

from __future__ import annotations

import numpy as np
from numba import njit

from fastmse.kernels.jit.grid import Driver
from fastmse.kernels.jit.lanes import RUN, add_run, residuals, run_dot, run_sum, store_pair


@njit(nogil=True)
def weights_block(job, first, rows, node, scratch):
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


@njit(nogil=True)
def predictions_block(job, first, rows, node, scratch):
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
