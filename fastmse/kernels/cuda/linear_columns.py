"""The linear model on columns, as ``compiled/columns.h``: the same bits; and on any other layout.

f: four columns at a time, (t0 x0 + t1 x1) + (t2 x2 + t3 x3), which add to f; up to three more one
by one. G_j is a sum of runs of c_i x_ij. A block of threads takes a block of rows, a thread `count`
of them side by side, then a run's share of a column. X is read twice, the second time from L2:
blocks of 2 MB for each multiprocessor.

Node: SSE.hi, SSE.lo, then G, the intercept's first.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from numba import cuda, types

from fastmse.kernels.cuda.arithmetic import (
    add,
    add_steps,
    each_times,
    keep,
    minus,
    scaled,
    spread,
    zeros,
)
from fastmse.kernels.cuda.flags import device_function
from fastmse.kernels.cuda.lanes import LANES, RUN, add_run, finite_low, folder
from fastmse.kernels.cuda.launching import kernel
from fastmse.kernels.cuda.predictions import ELEMENTS
from fastmse.kernels.cuda.storage import ITEMSIZE, address_of, loader, part_loader

DOUBLE = 8
TOGETHER = 4


def reader(storage: str, count: int, whole: bool) -> Any:
    """(address, step, n): `count` elements, or the first n of them and zeros."""
    load, part = loader(storage, count), part_loader(storage, count)
    if whole:
        return device_function(lambda address, step, n: load(address, 0))
    return device_function(lambda address, step, n: part(address, step, n))


def predictor(x_type: str, count: int, whole: bool) -> Any:
    """(x, row, column, d, theta, offset, n): f of `count` rows, or of n."""
    read, fill = reader(x_type, count, whole), spread(count)
    slope = loader("float64", 1)

    @device_function
    def predict(x: int, row: int, column: int, d: int, theta: int, offset: float, n: int) -> Any:
        f = fill(offset)
        fours = d // TOGETHER * TOGETHER
        for j in range(0, fours, TOGETHER):
            at, t = x + j * column, theta + j * DOUBLE
            x0, x1 = read(at, row, n), read(at + column, row, n)
            x2, x3 = read(at + 2 * column, row, n), read(at + 3 * column, row, n)
            low = add(scaled(slope(t, 0)[0], x0), scaled(slope(t + DOUBLE, 0)[0], x1))
            high = add(
                scaled(slope(t + 2 * DOUBLE, 0)[0], x2), scaled(slope(t + 3 * DOUBLE, 0)[0], x3)
            )
            f = add(f, add(low, high))
        for j in range(fours, d):
            f = add(f, scaled(slope(theta + j * DOUBLE, 0)[0], read(x + j * column, row, n)))
        return f

    return predict


def residuals(x_type: str, y_type: str, w_type: str, count: int, whole: bool) -> Any:
    """(...): r and c of `count` rows, or of the first n of them."""
    weighted = w_type != ""
    predict = predictor(x_type, count, whole)
    read_y, read_w = reader(y_type, count, whole), reader(w_type or y_type, count, whole)

    @device_function
    def evaluate(
        x: int,
        row: int,
        column: int,
        y: int,
        y_step: int,
        w: int,
        w_step: int,
        d: int,
        theta: int,
        offset: float,
        n: int,
    ) -> Any:
        r = minus(predict(x, row, column, d, theta, offset, n), read_y(y, y_step, n))
        if weighted:
            weights = read_w(w, w_step, n)
            r = keep(r, weights)
            return r, each_times(weights, r)
        return r, r

    return evaluate


def dotter(x_type: str, count: int, x_shared: bool) -> Any:
    """(c, x, step, place, n): Σ c_i x_i over a run of n, c in shared memory, in each thread.

    A row of zero weight, whose c is 0, adds nothing, whatever x is.
    """
    steps = min(ELEMENTS // count, RUN // LANES)
    load_c, part_c = loader("float64", count, steps, True), part_loader("float64", count, True)
    load_x = loader(x_type, count, steps, x_shared)
    part_x = part_loader(x_type, count, x_shared)
    fold, none = folder(count), zeros(count)

    @device_function
    def dot(c: int, x: int, step: int, place: int, n: int) -> float:
        lanes = none()
        if n >= RUN:
            for i in range(place * count, place * count + RUN, steps * LANES):
                cs = load_c(c + i * DOUBLE, LANES * DOUBLE)
                xs = load_x(x + i * step, LANES * step)
                lanes = add_steps(lanes, each_times(cs, keep(xs, cs)))
        else:
            for i in range(place * count, place * count + RUN, LANES):
                cs = part_c(c + i * DOUBLE, DOUBLE, n - i)
                xs = part_x(x + i * step, step, n - i)
                lanes = add(lanes, each_times(cs, keep(xs, cs)))
        return fold(lanes)

    return dot


def summer(count: int) -> Any:
    """(c, place, n): Σ c_i over a run of n in shared memory."""
    part, fold, none = part_loader("float64", count, True), folder(count), zeros(count)

    @device_function
    def total(c: int, place: int, n: int) -> float:
        lanes = none()
        for i in range(place * count, place * count + RUN, LANES):
            lanes = add(lanes, part(c + i * DOUBLE, DOUBLE, n - i))
        return fold(lanes)

    return total


@cache
def columns_kernel(
    x_type: str,
    y_type: str,
    w_type: str,
    count: int,
    block: int,
    threads: int,
    intercept: bool,
    graded: bool,
) -> Any:
    dense, size = count > 1, ITEMSIZE[x_type]
    evaluate = residuals(x_type, y_type, w_type, count, True)
    evaluate_part = residuals(x_type, y_type, w_type, count, False)
    dot_r, dot_x, total_c = (
        dotter("float64", count, True),
        dotter(x_type, count, False),
        summer(count),
    )
    a_run = LANES // count
    groups = threads // a_run
    block_runs = block // RUN
    first_slope = 2 + intercept

    @kernel
    def linear_columns(
        x: int,
        row: int,
        column: int,
        y: int,
        y_step: int,
        w: int,
        w_step: int,
        n: int,
        d: int,
        theta: int,
        offset: float,
        nodes: Any,
        first_node: int,
        levels: Any,
    ) -> None:
        r = cuda.shared.array(block, types.float64)
        c = cuda.shared.array(block, types.float64)
        runs = cuda.shared.array((2, block_runs), types.float64)
        thread = cuda.threadIdx.x
        group, place = thread // a_run, thread % a_run
        if dense:
            row = size
        first = cuda.blockIdx.x * block
        rows = min(n - first, block)
        x, y, w = x + first * row, y + first * y_step, w + first * w_step
        for i in range(thread * count, rows, threads * count):
            here, at_y, at_w = x + i * row, y + i * y_step, w + i * w_step
            if i + count <= rows:
                rs, cs = evaluate(
                    here, row, column, at_y, y_step, at_w, w_step, d, theta, offset, count
                )
            else:
                rs, cs = evaluate_part(
                    here, row, column, at_y, y_step, at_w, w_step, d, theta, offset, rows - i
                )
            for k in range(count):
                if i + k < rows:
                    r[i + k] = rs[k]
                    c[i + k] = cs[k]
        cuda.syncthreads()
        all_runs = (rows + RUN - 1) // RUN
        at_c, at_r = address_of(c), address_of(r)
        for run in range(group, (all_runs + groups - 1) // groups * groups, groups):
            start = run * RUN
            sse = dot_r(at_c + start * DOUBLE, at_r + start * DOUBLE, DOUBLE, place, rows - start)
            level = 0.0
            if graded and intercept:
                level = total_c(at_c + start * DOUBLE, place, rows - start)
            if place == 0 and run < all_runs:
                runs[0, run] = sse
                runs[1, run] = level
        cuda.syncthreads()
        node = first_node + cuda.blockIdx.x
        target = nodes
        if rows < block:
            target, node = levels, levels.shape[0] - 1
        if thread == 0:
            high, low, level = 0.0, 0.0, 0.0
            for run in range(all_runs):
                high, low = add_run(high, low, runs[0, run])
                level += runs[1, run]
            target[node, 0] = high
            target[node, 1] = finite_low(high, low)
            if graded and intercept:
                target[node, 2] = level
        if graded:
            for j in range(group, (d + groups - 1) // groups * groups, groups):
                at = x + min(j, d - 1) * column
                total = 0.0
                for run in range(all_runs):
                    start = run * RUN
                    total += dot_x(
                        at_c + start * DOUBLE, at + start * row, row, place, rows - start
                    )
                if place == 0 and j < d:
                    target[node, first_slope + j] = total

    return linear_columns
