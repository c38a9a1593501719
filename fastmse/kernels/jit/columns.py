"""The linear model on columns, as ``compiled/columns.h``.

theta . x: four columns at a time, (t0 x0 + t1 x1) + (t2 x2 + t3 x3), which add to f; up to three
more one by one. The gradient of a column is a sum of runs. Why eight columns are read side by
side, and two the second time, is told in ``columns.h``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from fastmse.kernels.jit.flags import inlined_kernel, inner_kernel
from fastmse.kernels.jit.lanes import LANES, RUN, add_run, run_dot, run_sum, whole_lanes
from fastmse.kernels.jit.linear import Theta
from fastmse.kernels.jit.memory import Pointer, prefetch, shift
from fastmse.kernels.jit.residuals import Rows, residual1, residual16, shift_rows, weigh_residual
from fastmse.kernels.jit.rows import Four, combine
from fastmse.kernels.jit.vectors import Vector, fold, load1, load8, load16, spread8, spread16, store

TOGETHER = 8
PAIR = 2


class Slab(NamedTuple):
    """Rows [start, start + n) of a block in `width` columns: x[j pitch + i]."""

    x: Pointer
    pitch: int
    start: int
    n: int
    width: int


@inlined_kernel
def rows_from(slab: Slab, i: int) -> Slab:
    return Slab(shift(slab.x, i), slab.pitch, slab.start + i, slab.n - i, slab.width)


@inlined_kernel
def columns_from(slab: Slab, j: int, most: int) -> Slab:
    width = min(most, slab.width - j)
    return Slab(shift(slab.x, j * slab.pitch), slab.pitch, slab.start, slab.n, width)


@inlined_kernel
def four_of(slopes: Pointer) -> Four:
    return slopes[0], slopes[1], slopes[2], slopes[3]


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
def add_eight_columns(slopes: Pointer, slab: Slab, f: Pointer, ask: bool) -> None:
    """f_i += sum_j theta_j x_ij over eight columns; the eight after them are asked for."""
    x, pitch, n = slab.x, slab.pitch, slab.n
    low, high, x4 = four_of(slopes), four_of(shift(slopes, 4)), shift(x, 4 * pitch)
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
def add_columns(slopes: Pointer, slab: Slab, f: Pointer, ask: bool) -> None:
    """The same over up to eight columns."""
    if slab.width == TOGETHER:
        add_eight_columns(slopes, slab, f, ask)
        return
    x, pitch, n = slab.x, slab.pitch, slab.n
    fours = slab.width // 4 * 4
    for j in range(0, fours, 4):
        t = four_of(shift(slopes, j))
        for i in range(n):
            f[i] += four_columns1(t, shift(x, j * pitch), pitch, i)
    for j in range(fours, slab.width):
        for i in range(n):
            f[i] += slopes[j] * x[j * pitch + i]


@inner_kernel
def residuals_of_columns(theta: Theta, slab: Slab, at: Rows) -> None:
    """Residuals over up to eight columns, whose f is not kept."""
    slopes, x, pitch, width = theta.slopes, slab.x, slab.pitch, slab.width
    fours = width // 4 * 4
    whole = whole_lanes(slab.n)
    for i in range(0, whole, LANES):
        f16 = spread16(theta.offset)
        for j in range(0, fours, 4):
            f16 += four_columns16(four_of(shift(slopes, j)), shift(x, j * pitch), pitch, i)
        for j in range(fours, width):
            f16 += slopes[j] * load16(x, j * pitch + i)
        residual16(f16, at, i)
    for i in range(whole, slab.n):
        f = theta.offset
        for j in range(0, fours, 4):
            f += four_columns1(four_of(shift(slopes, j)), shift(x, j * pitch), pitch, i)
        for j in range(fours, width):
            f += slopes[j] * x[j * pitch + i]
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
    theta: Theta, slab: Slab, at: Rows, levelled: bool, half: int
) -> tuple[Vector, Vector, Vector, Vector, Vector]:
    """Eight of the sixteen lanes of SSE, of sum_i c_i, and of each column's gradient."""
    slopes, x, pitch, width = theta.slopes, slab.x, slab.pitch, slab.width
    sse = level = g0 = g1 = g2 = spread8(0.0)
    for i in range(half, RUN, LANES):
        x0 = x1 = x2 = load8(x, i)
        f = theta.offset + slopes[0] * x0
        if width > 1:
            x1 = load8(x, pitch + i)
            f += slopes[1] * x1
        if width > 2:
            x2 = load8(x, 2 * pitch + i)
            f += slopes[2] * x2
        r, c = weigh_residual(f - load8(at.y, i), load8(at.w, i), at.weighted)
        sse += c * r
        if levelled:
            level += c
        g0 += c * x0
        if width > 1:
            g1 += c * x1
        if width > 2:
            g2 += c * x2
    return sse, level, g0, g1, g2


@inlined_kernel
def sum_run(theta: Theta, slab: Slab, at: Rows, levelled: bool, G: Pointer) -> float:
    """The first run of one to three columns, all its sums in registers: half of the lanes at a
    time. The level is the intercept's gradient.
    """
    low = sum_half_run(theta, slab, at, levelled, 0)
    high = sum_half_run(theta, slab, at, levelled, LANES // 2)
    G[0] += fold(low[1] + high[1])
    G[1] += fold(low[2] + high[2])
    if slab.width > 1:
        G[2] += fold(low[3] + high[3])
    if slab.width > 2:
        G[3] += fold(low[4] + high[4])
    return float(fold(low[0] + high[0]))


@inner_kernel
def sum_part(theta: Theta, slab: Slab, at: Rows, G: Pointer) -> float:
    """The same of fewer than 128 rows, by way of r and c in memory."""
    residuals_of_columns(theta, slab, at)
    G[0] += run_sum(at.c, slab.n)
    for j in range(slab.width):
        G[1 + j] += run_dot(at.c, shift(slab.x, j * slab.pitch), slab.n)
    return run_dot(at.c, at.r, slab.n)


@inlined_kernel
def sum_columns_of(
    theta: Theta, slab: Slab, at: Rows, levelled: bool, high: float, low: float, G: Pointer
) -> tuple[float, float]:
    whole = slab.n // RUN * RUN
    for i in range(0, whole, RUN):
        run = sum_run(theta, rows_from(slab, i), shift_rows(at, i), levelled, G)
        high, low = add_run(high, low, run)
    if whole < slab.n:
        run = sum_part(theta, rows_from(slab, whole), shift_rows(at, whole), G)
        high, low = add_run(high, low, run)
    return high, low


@inner_kernel
def sum_columns(
    theta: Theta, slab: Slab, at: Rows, levelled: bool, high: float, low: float, G: Pointer
) -> tuple[float, float]:
    """SSE, from (high, low) on, and G (the level, g_1 ..) over one to three columns."""
    x, pitch, start, n, width = slab
    if width == 1:
        return sum_columns_of(theta, Slab(x, pitch, start, n, 1), at, levelled, high, low, G)
    if width == 2:
        return sum_columns_of(theta, Slab(x, pitch, start, n, 2), at, levelled, high, low, G)
    return sum_columns_of(theta, Slab(x, pitch, start, n, 3), at, levelled, high, low, G)


@inner_kernel
def dot_two_columns(c: Pointer, slab: Slab, G: Pointer, ask: bool) -> None:
    """G_j += sum_i c_i x_ij, in runs, over two columns: c is read once for both."""
    x, pitch = slab.x, slab.pitch
    whole = slab.n // RUN * RUN
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
    rest = slab.n - whole
    if rest > 0:
        G[0] += run_dot(shift(c, whole), shift(x, whole), rest)
        G[1] += run_dot(shift(c, whole), shift(x, pitch + whole), rest)


@inner_kernel
def dot_columns(c: Pointer, slab: Slab, G: Pointer, ask: bool) -> None:
    """The same over one or two columns."""
    if slab.width == PAIR:
        dot_two_columns(c, slab, G, ask)
        return
    for i in range(0, slab.n, RUN):
        G[0] += run_dot(shift(c, i), shift(slab.x, i), min(RUN, slab.n - i))
