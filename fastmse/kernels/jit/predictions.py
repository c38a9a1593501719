"""SSE and the gradient of predictions, as ``compiled/predictions.pxi``: the same bits."""

from __future__ import annotations

from typing import NamedTuple

from fastmse.kernels.jit.flags import inner_kernel
from fastmse.kernels.jit.grid import Driver
from fastmse.kernels.jit.lanes import LANES, RUN, add_run, store_pair, whole_lanes
from fastmse.kernels.jit.memory import Pointer, begin, pointer, shift
from fastmse.kernels.jit.residuals import weigh_residual
from fastmse.kernels.jit.vectors import fold, load16, part16, spread16, store
from fastmse.statistics.counter import Node


class PredictionsJob(NamedTuple):
    """Addresses; 0 stands for weights or a gradient that are not there."""

    y: int
    f: int
    w: int
    out: int
    scale: float


@inner_kernel
def run_loss(
    f: Pointer,
    y: Pointer,
    w: Pointer,
    weighted: bool,
    scale: float,
    out: Pointer,
    graded: bool,
    n: int,
) -> float:
    """sum_i c_i r_i over a run, and out_i = scale c_i, where `out` may be f or y itself."""
    lanes, whole = spread16(0.0), whole_lanes(n)
    for i in range(0, whole, LANES):
        r, c = weigh_residual(load16(f, i) - load16(y, i), load16(w, i), weighted)
        lanes += c * r
        if graded:
            store(out, i, scale * c)
    if whole < n:
        rest = n - whole
        difference = part16(f, whole, rest) - part16(y, whole, rest)
        r, c = weigh_residual(difference, part16(w, whole, rest), weighted)
        lanes += c * r
    if graded:
        for i in range(whole, n):
            out[i] = scale * weigh_residual(f[i] - y[i], w[i], weighted)[1]
    return float(fold(lanes))


@inner_kernel
def predictions_block(
    job: PredictionsJob, first: int, rows: int, node: Node, scratch: Node
) -> None:
    weighted, graded = job.w != 0, job.out != 0
    y, f = shift(pointer(job.y), first), shift(pointer(job.f), first)
    w = shift(pointer(job.w), first) if weighted else y
    out = shift(pointer(job.out), first)
    high, low = 0.0, 0.0
    for i in range(0, rows, RUN):
        n = min(RUN, rows - i)
        run = run_loss(
            shift(f, i), shift(y, i), shift(w, i), weighted, job.scale, shift(out, i), graded, n
        )
        high, low = add_run(high, low, run)
    store_pair(high, low, begin(node), 1)


count_predictions = Driver(predictions_block)
