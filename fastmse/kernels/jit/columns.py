"""The linear model on columns, as ``compiled/columns.h``.

theta . x: four columns at a time, (t0 x0 + t1 x1) + (t2 x2 + t3 x3), which add to f; up to three
more one by one. The gradient of a column is a sum of runs. Why eight columns are read side by
side, and two the second time, is told in ``columns.h``.

Element i of column j is x[j pitch + i].
"""

from __future__ import annotations

from typing import Any

from fastmse.kernels.jit.flags import inlined_kernel, inner_kernel
from fastmse.kernels.jit.lanes import LANES, RUN, add_run, run_dot, run_sum, whole_lanes
from fastmse.kernels.jit.memory import Pointer, prefetch, shift
from fastmse.kernels.jit.residuals import Rows, residual1, residual16, shift_rows, weigh_residual
from fastmse.kernels.jit.rows import Four, combine
from fastmse.kernels.jit.vectors import Vector, fold, load1, load8, load16, spread8, spread16, store

TOGETHER = 8
PAIR = 2


@inlined_kernel
def four_of(theta: Pointer) -> Four:
    return theta[0], theta[1], theta[2], theta[3]


def _four_columns(load: Any) -> Any:
    @inlined_kernel
    def four_columns(t: Four, x: Pointer, pitch: int, i: int) -> Any:
        return combine(
            t, load(x, i), load(x, pitch + i), load(x, 2 * pitch + i), load(x, 3 * pitch + i)
        )

    return four_columns


four_columns1, four_columns8, four_columns16 = map(_four_columns, (load1, load8, load16))
"""(t, x, pitch, i): t . x of one row, of 8, or of 16."""


@inner_kernel
def add_eight_columns(
    theta: Pointer, x: Pointer, pitch: int, n: int, f: Pointer, ask: bool
) -> None:
    """f_i += sum_j theta_j x_ij over eight columns; the eight after them are asked for."""
    low, high, x4 = four_of(theta), four_of(shift(theta, 4)), shift(x, 4 * pitch)
    following = shift(x, TOGETHER * pitch)
    whole = n // 8 * 8
    for i in range(0, whole, 8):
        f8 = load8(f, i) + four_columns8(low, x, pitch, i)
        if ask:
            for j in range(TOGETHER):
                prefetch(following, j * pitch + i)
        store(f, i, f8 + four_columns8(high, x4, pitch, i))
    for i in range(whole, n):
        f[i] = (f[i] + four_columns1(low, x, pitch, i)) + four_columns1(high, x4, pitch, i)


@inner_kernel
def add_columns(
    theta: Pointer, x: Pointer, pitch: int, count: int, n: int, f: Pointer, ask: bool
) -> None:
    """The same over `count` <= 8 columns."""
    if count == TOGETHER:
        add_eight_columns(theta, x, pitch, n, f, ask)
        return
    fours = count // 4 * 4
    for j in range(0, fours, 4):
        t = four_of(shift(theta, j))
        for i in range(n):
            f[i] += four_columns1(t, shift(x, j * pitch), pitch, i)
    for j in range(fours, count):
        for i in range(n):
            f[i] += theta[j] * x[j * pitch + i]


@inner_kernel
def residuals_of_columns(
    theta: Pointer, offset: float, x: Pointer, pitch: int, count: int, n: int, at: Rows
) -> None:
    """Residuals over `count` <= 8 columns, whose f is not kept."""
    fours = count // 4 * 4
    whole = whole_lanes(n)
    for i in range(0, whole, LANES):
        f16 = spread16(offset)
        for j in range(0, fours, 4):
            f16 += four_columns16(four_of(shift(theta, j)), shift(x, j * pitch), pitch, i)
        for j in range(fours, count):
            f16 += theta[j] * load16(x, j * pitch + i)
        residual16(f16, at, i)
    for i in range(whole, n):
        f = offset
        for j in range(0, fours, 4):
            f += four_columns1(four_of(shift(theta, j)), shift(x, j * pitch), pitch, i)
        for j in range(fours, count):
            f += theta[j] * x[j * pitch + i]
        residual1(f, at, i)


@inner_kernel
def residuals(f: Pointer, at: Rows, n: int) -> None:
    whole = whole_lanes(n)
    for i in range(0, whole, LANES):
        residual16(load16(f, i), at, i)
    for i in range(whole, n):
        residual1(f[i], at, i)


@inlined_kernel
def sum_half_run(
    theta: Pointer,
    offset: float,
    x: Pointer,
    pitch: int,
    count: int,
    at: Rows,
    levelled: bool,
    half: int,
) -> tuple[Vector, Vector, Vector, Vector, Vector]:
    """Eight of the sixteen lanes of SSE, of sum_i c_i, and of each column's gradient."""
    sse = level = g0 = g1 = g2 = spread8(0.0)
    for i in range(half, RUN, LANES):
        x0 = x1 = x2 = load8(x, i)
        f = offset + theta[0] * x0
        if count > 1:
            x1 = load8(x, pitch + i)
            f += theta[1] * x1
        if count > 2:
            x2 = load8(x, 2 * pitch + i)
            f += theta[2] * x2
        r, c = weigh_residual(f - load8(at.y, i), load8(at.w, i), at.weighted)
        sse += c * r
        if levelled:
            level += c
        g0 += c * x0
        if count > 1:
            g1 += c * x1
        if count > 2:
            g2 += c * x2
    return sse, level, g0, g1, g2


@inlined_kernel
def sum_run(
    theta: Pointer,
    offset: float,
    x: Pointer,
    pitch: int,
    count: int,
    at: Rows,
    levelled: bool,
    G: Pointer,
) -> float:
    """One run of one to three columns, all its sums in registers: half of the lanes at a time.

    The level is the intercept's gradient.
    """
    low = sum_half_run(theta, offset, x, pitch, count, at, levelled, 0)
    high = sum_half_run(theta, offset, x, pitch, count, at, levelled, LANES // 2)
    G[0] += fold(low[1] + high[1])
    G[1] += fold(low[2] + high[2])
    if count > 1:
        G[2] += fold(low[3] + high[3])
    if count > 2:
        G[3] += fold(low[4] + high[4])
    return float(fold(low[0] + high[0]))


@inner_kernel
def sum_part(
    theta: Pointer,
    offset: float,
    x: Pointer,
    pitch: int,
    count: int,
    n: int,
    at: Rows,
    G: Pointer,
) -> float:
    """The same in fewer than 128 rows, by way of r and c in memory."""
    residuals_of_columns(theta, offset, x, pitch, count, n, at)
    G[0] += run_sum(at.c, n)
    for j in range(count):
        G[1 + j] += run_dot(at.c, shift(x, j * pitch), n)
    return run_dot(at.c, at.r, n)


@inlined_kernel
def sum_columns_of(
    theta: Pointer,
    offset: float,
    x: Pointer,
    pitch: int,
    count: int,
    n: int,
    at: Rows,
    levelled: bool,
    high: float,
    low: float,
    G: Pointer,
) -> tuple[float, float]:
    whole = n // RUN * RUN
    for i in range(0, whole, RUN):
        here = shift_rows(at, i)
        run = sum_run(theta, offset, shift(x, i), pitch, count, here, levelled, G)
        high, low = add_run(high, low, run)
    if whole < n:
        here = shift_rows(at, whole)
        run = sum_part(theta, offset, shift(x, whole), pitch, count, n - whole, here, G)
        high, low = add_run(high, low, run)
    return high, low


@inner_kernel
def sum_columns(
    theta: Pointer,
    offset: float,
    x: Pointer,
    pitch: int,
    count: int,
    n: int,
    at: Rows,
    levelled: bool,
    high: float,
    low: float,
    G: Pointer,
) -> tuple[float, float]:
    """SSE, from (high, low) on, and G (the level, g_1 ..) over n rows of one to three columns."""
    if count == 1:
        return sum_columns_of(theta, offset, x, pitch, 1, n, at, levelled, high, low, G)
    if count == 2:
        return sum_columns_of(theta, offset, x, pitch, 2, n, at, levelled, high, low, G)
    return sum_columns_of(theta, offset, x, pitch, 3, n, at, levelled, high, low, G)


@inner_kernel
def dot_two_columns(c: Pointer, x: Pointer, pitch: int, n: int, G: Pointer, ask: bool) -> None:
    """G_j += sum_i c_i x_ij, in runs, over two columns: c is read once for both."""
    whole = n // RUN * RUN
    following = shift(x, PAIR * pitch)
    for start in range(0, whole, RUN):
        g0 = g1 = spread16(0.0)
        for i in range(start, start + RUN, LANES):
            if ask:
                prefetch(following, i)
                prefetch(following, i + 8)
                prefetch(following, pitch + i)
                prefetch(following, pitch + i + 8)
            c16 = load16(c, i)
            g0 += c16 * load16(x, i)
            g1 += c16 * load16(x, pitch + i)
        G[0] += fold(g0)
        G[1] += fold(g1)
    if whole < n:
        G[0] += run_dot(shift(c, whole), shift(x, whole), n - whole)
        G[1] += run_dot(shift(c, whole), shift(x, pitch + whole), n - whole)


@inner_kernel
def dot_columns(
    c: Pointer, x: Pointer, pitch: int, count: int, n: int, G: Pointer, ask: bool
) -> None:
    """The same over one or two columns."""
    if count == PAIR:
        dot_two_columns(c, x, pitch, n, G, ask)
        return
    for i in range(0, n, RUN):
        G[0] += run_dot(shift(c, i), shift(x, i), min(RUN, n - i))
