"""SSE and the gradient of predictions, as ``compiled/predictions.pxi``: the same bits.

r_i = f_i - y_i, and 0 where the weight is 0; c_i = w_i r_i; SSE = Σ c_i r_i; out_i = scale c_i.

Of a run each thread holds `count` lanes: where rows lie side by side, as many as elements of the
widest array fill 16 bytes. It loads up to 16 elements of each array before it uses the first, 256
bytes in float64, so that enough of memory is on its way. 16 bytes read a row in float64, 8 written
with a gradient.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from numba import cuda, types

from fastmse.kernels.cuda.arithmetic import add, add_steps, each_times, keep, minus, scaled, zeros
from fastmse.kernels.cuda.flags import device_function
from fastmse.kernels.cuda.lanes import LANES, RUN, folder
from fastmse.kernels.cuda.launching import kernel
from fastmse.kernels.cuda.spans import SPAN, end_span, whole_groups
from fastmse.kernels.cuda.storage import ITEMSIZE, loader, part_loader, part_storer, storer

WIDTH = 2
"""Of a node: SSE.hi, SSE.lo."""

ELEMENTS = 16
"""Of each array, that a thread loads at once."""

ABSENT = "float64"
"""The storage type of an array that is not there, and never read."""


def term_of(weighted: bool) -> Any:
    """(y, f, w): r and c."""

    @device_function
    def term(y: Any, f: Any, w: Any) -> Any:
        r = minus(f, y)
        if weighted:
            r = keep(r, w)
            return r, each_times(w, r)
        return r, r

    return term


@cache
def predictions_kernel(
    y_type: str, f_type: str, w_type: str, out_type: str, count: int, block: int, threads: int
) -> Any:
    """The kernel of these storage types; "" stands for no weights, or no gradient.

    count > 1: the elements of every array lie side by side, aligned to as many.
    """
    weighted, graded, dense = w_type != "", out_type != "", count > 1
    w_type, out_type = w_type or ABSENT, out_type or ABSENT
    y_size, f_size, w_size, out_size = (ITEMSIZE[t] for t in (y_type, f_type, w_type, out_type))
    steps = min(ELEMENTS // count, RUN // LANES)
    load_y, load_f, load_w = (loader(t, count, steps) for t in (y_type, f_type, w_type))
    part_y, part_f, part_w = (part_loader(t, count) for t in (y_type, f_type, w_type))
    store_out, part_out = storer(out_type, count, steps), part_storer(out_type, count)
    term, fold, none = term_of(weighted), folder(count), zeros(count)
    a_run = LANES // count
    groups = threads // a_run
    span_runs = SPAN * block // RUN

    @kernel
    def predictions(
        y: int,
        y_step: int,
        f: int,
        f_step: int,
        w: int,
        w_step: int,
        out: int,
        out_step: int,
        scale: float,
        n: int,
        nodes: Any,
        first_node: int,
        levels: Any,
    ) -> None:
        """Addresses, and bytes from an element to the next."""
        runs = cuda.shared.array((1, span_runs), types.float64)
        parts = cuda.shared.array((SPAN, WIDTH), types.float64)
        if dense:
            y_step, f_step, w_step, out_step = y_size, f_size, w_size, out_size
        group, place = cuda.threadIdx.x // a_run, cuda.threadIdx.x % a_run
        first = cuda.blockIdx.x * (SPAN * block)
        rows = min(n - first, SPAN * block)
        for run in range(group, whole_groups(rows, groups), groups):
            start = first + run * RUN + place * count
            lanes = none()
            if first + run * RUN + RUN <= n:
                for i in range(start, start + RUN, steps * LANES):
                    fs = load_f(f + i * f_step, LANES * f_step)
                    ys = load_y(y + i * y_step, LANES * y_step)
                    ws = ys
                    if weighted:
                        ws = load_w(w + i * w_step, LANES * w_step)
                    r, c = term(ys, fs, ws)
                    lanes = add_steps(lanes, each_times(c, r))
                    if graded:
                        store_out(out + i * out_step, LANES * out_step, scaled(scale, c))
            else:
                for i in range(start, start + RUN, LANES):
                    fs = part_f(f + i * f_step, f_step, n - i)
                    ys = part_y(y + i * y_step, y_step, n - i)
                    ws = ys
                    if weighted:
                        ws = part_w(w + i * w_step, w_step, n - i)
                    r, c = term(ys, fs, ws)
                    lanes = add(lanes, each_times(c, r))
                    if graded:
                        part_out(out + i * out_step, out_step, n - i, scaled(scale, c))
            total = fold(lanes)
            if place == 0 and run < span_runs:
                runs[0, run] = total
        cuda.syncthreads()
        end_span(runs, parts, rows, block, nodes, first_node + cuda.blockIdx.x, levels)

    return predictions
