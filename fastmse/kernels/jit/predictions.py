"""SSE and the gradient of predictions, as ``compiled/predictions.pxi``: the same bits."""

from __future__ import annotations

import numpy as np
from numba import njit

from fastmse.kernels.jit.grid import Driver
from fastmse.kernels.jit.lanes import RUN, residuals, run_dot, run_sum


@njit(nogil=True)
def weights_block(job, first, rows, node, scratch):
    (w,) = job
    w = w[first : first + rows]
    total, zeros, invalid = 0.0, 0.0, 0.0
    for start in range(0, rows, RUN):
        total += run_sum(w[start : start + RUN])
    for i in range(rows):
        zeros += w[i] == 0.0
        invalid += not (w[i] >= 0.0 and np.isfinite(w[i]))
    node[0], node[1], node[2], node[3] = total, 0.0, zeros, invalid


@njit(nogil=True)
def predictions_block(job, first, rows, node, scratch):
    y, f, w, out, scale = job
    r = scratch[:RUN]
    c = scratch[RUN:] if w.size else r
    sse = 0.0
    for start in range(first, first + rows, RUN):
        stop = min(start + RUN, first + rows)
        n = stop - start
        residuals(f[start:stop], y[start:stop], w[start:stop], r[:n], c[:n])
        sse += run_dot(c[:n], r[:n])
        if out.size:
            target = out[start:stop]
            for i in range(n):
                target[i] = scale * c[i]
    node[0], node[1] = sse, 0.0


count_weights = Driver(weights_block)
count_predictions = Driver(predictions_block)
