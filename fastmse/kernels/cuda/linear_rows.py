"""The linear model on rows that lie in memory one after the other; each x_ij is read once.

f_i = theta_0 + Σ_j theta_j x_ij, r_i = f_i - y_i, c_i = w_i r_i; SSE = Σ c_i r_i, G_j = Σ c_i x_ij.

A group of threads takes a row: a thread holds up to 32 of its columns in registers, theta's and
G's beside them, for two or four rows at a time, all of whose loads are on their way before the
first is used. theta . x goes through the warp, and through shared memory from d = 513 on. Above
4096 columns a row is more than the registers hold.

Node: SSE.hi, SSE.lo, then G, the intercept's first. A block of threads makes the node of a *chunk*
of rows, whose length n and d determine. Sums are of FMAs, in an order of their own: the same on
every run and every grid, but not the CPU's bits.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from numba import cuda, types

from fastmse.kernels.cuda.arithmetic import add_rows, dots, zeros
from fastmse.kernels.cuda.flags import device_function
from fastmse.kernels.cuda.lanes import add_run, each_folder, finite_low, merge_pairs
from fastmse.kernels.cuda.launching import kernel
from fastmse.kernels.cuda.sizes import ROW_THREADS
from fastmse.kernels.cuda.storage import ITEMSIZE, fence, rows_loader

WARP = 32
FEW_COLUMNS = 8
"""Up to these it keeps theta in registers."""

WIDEST = 4096
MANY_COLUMNS = 32
"""What a thread holds of rows longer than `LONG`: so few threads take one that two blocks fit."""

LONG = 2048
WARP_COLUMNS = 16
"""Of rows that one warp can take, no barrier in the way."""


class Cut(NamedTuple):
    """Short rows: up to how many columns, and of how many a thread takes four rows at a time.

    Of longer ones it takes two rows, of as many columns as a warp needs, or twice these.
    """

    short: int
    columns: int


CUTS = {1: Cut(128, 4), 2: Cut(128, 4), 4: Cut(16, 8), 8: Cut(16, 8)}
"""By the elements that 16 bytes hold, or 1: of 60 shapes on an H200 those that read fastest."""

CHUNK_ELEMENTS = 2**19
"""Of X, to a node: 4 MB in float64."""

CHUNKS = 2048
"""Fewer rows to a chunk where there would be fewer chunks: 15 for each multiprocessor. Half as many
of long rows, whose nodes are long too: 32 KB of them for 4 MB."""


class Shape(NamedTuple):
    """How a row is cut: `vectors` of `width` columns to each of `threads`, `rows` at a time."""

    width: int
    vectors: int
    threads: int
    rows: int
    full: bool
    "no thread is without columns"

    @property
    def columns(self) -> int:
        return self.width * self.vectors

    @property
    def warps(self) -> int:
        """That share a row."""
        return max(self.threads // WARP, 1)

    @property
    def groups(self) -> int:
        return max(ROW_THREADS // self.threads, 1)

    @property
    def together(self) -> int:
        """Rows that a block of threads takes at a time."""
        return self.groups * self.rows


@cache
def shape_of(d: int, count: int) -> Shape:
    """Of d columns, `count` to a load."""
    cut = CUTS[count]
    short = d <= cut.short
    if short:
        columns = cut.columns
    elif d <= WARP * WARP_COLUMNS:
        columns = WARP_COLUMNS
    else:
        columns = 2 * cut.columns if d <= LONG else MANY_COLUMNS
    threads = 1
    while threads * columns < d:
        threads *= 2
    return Shape(count, columns // count, threads, 4 if short else 2, threads * columns == d)


def chunk_rows(n: int, d: int, shape: Shape) -> int:
    chunks = CHUNKS if d <= LONG else CHUNKS // 2
    rows = min(CHUNK_ELEMENTS // max(d, 1), -(-n // chunks))
    return max(-(-rows // shape.together), 4) * shape.together


def residual_of(weighted: bool) -> Any:
    """(f, y, w, i, n): r and c of row i; 0 where it weighs nothing or is none."""

    @device_function
    def residual(f: float, y: Any, w: Any, i: int, n: int) -> tuple[float, float]:
        r = f - y[0] if i < n else 0.0
        if weighted:
            r = r if w[0] != 0.0 else 0.0
            return r, (w[0] * r if i < n else 0.0)
        return r, r

    return residual


def evaluator(shape: Shape, weighted: bool) -> Any:
    """(f, offset, y, w, i, n): c of the rows i, i + groups, ..., Σ c r and Σ c."""
    groups, residual = shape.groups, residual_of(weighted)

    @device_function
    def two(f: Any, offset: float, y: Any, w: Any, i: int, n: int) -> Any:
        r0, c0 = residual(offset + f[0], y[0], w[0], i, n)
        r1, c1 = residual(offset + f[1], y[1], w[1], i + groups, n)
        return (c0, c1), c0 * r0 + c1 * r1, c0 + c1

    @device_function
    def four(f: Any, offset: float, y: Any, w: Any, i: int, n: int) -> Any:
        r0, c0 = residual(offset + f[0], y[0], w[0], i, n)
        r1, c1 = residual(offset + f[1], y[1], w[1], i + groups, n)
        r2, c2 = residual(offset + f[2], y[2], w[2], i + 2 * groups, n)
        r3, c3 = residual(offset + f[3], y[3], w[3], i + 3 * groups, n)
        run = (c0 * r0 + c1 * r1) + (c2 * r2 + c3 * r3)
        return (c0, c1, c2, c3), run, (c0 + c1) + (c2 + c3)

    return two if shape.rows == 2 else four


def across_warps(shape: Shape) -> Any:
    """(f, box, half): the sums of two f over the warps that share a row, through shared memory.

    Halves of the box take turns, so that one barrier a turn is enough.
    """
    threads, warps = shape.threads, shape.warps

    @device_function
    def alone(f: Any, box: Any, half: int) -> Any:
        return f

    @device_function
    def across(f: Any, box: Any, half: int) -> Any:
        thread = cuda.threadIdx.x
        if thread % WARP == 0:
            box[half, 0, thread // WARP] = f[0]
            box[half, 1, thread // WARP] = f[1]
        cuda.syncthreads()
        first = thread // threads * warps
        f0, f1 = 0.0, 0.0
        for k in range(first, first + warps):
            f0 += box[half, 0, k]
            f1 += box[half, 1, k]
        return f0, f1

    return across if warps > 1 else alone


@cache
def rows_kernel(
    x_type: str, y_type: str, w_type: str, shape: Shape, intercept: bool, graded: bool
) -> Any:
    weighted, dense = w_type != "", shape.width > 1
    count, vectors, threads, rows, full = shape
    columns, groups, size = shape.columns, shape.groups, ITEMSIZE[x_type]
    width = threads * columns
    all_warps = groups * shape.warps
    room = groups * width
    across = across_warps(shape)
    load = rows_loader(x_type, count, vectors, threads, rows, full)
    load_theta = rows_loader("float64", count, vectors, threads, 1, True)
    fold = each_folder(rows, min(threads, WARP))
    load_y = rows_loader(y_type, 1, 1, 1, rows, True)
    load_w = rows_loader(w_type or y_type, 1, 1, 1, rows, True)
    evaluate = evaluator(shape, weighted)
    none = zeros(columns)
    reload = columns > FEW_COLUMNS
    first_slope = 2 + intercept

    @kernel
    def linear_rows(
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
        chunk: int,
        nodes: Any,
        first_node: int,
    ) -> None:
        """theta has `width` slopes, zeros after the last of d."""
        gathered = cuda.shared.array(room, types.float64)
        sums = cuda.shared.array((groups, 3), types.float64)
        box = cuda.shared.array((2, 2, all_warps), types.float64)
        if dense:
            column = size
        thread = cuda.threadIdx.x
        group, place = thread // threads, thread % threads
        j = place * count
        first = cuda.blockIdx.x * chunk
        x += j * column
        theta += j * 8
        slopes = load_theta(theta, 0, 8, 0, 0, 1, 0)[0]
        g = none()
        high, low, level = 0.0, 0.0, 0.0
        end = min(first + chunk, n)
        steps = (end - first + groups * rows - 1) // (groups * rows)
        for step in range(steps):
            i = first + step * (groups * rows) + group
            xs = load(x, row, column, i, groups, end, d - j)
            ys = load_y(y, y_step, 0, i, groups, end, 0)
            ws = ys
            if weighted:
                ws = load_w(w, w_step, 0, i, groups, end, 0)
            if reload:
                fence()
                slopes = load_theta(theta, 0, 8, 0, 0, 1, 0)[0]
            f = across(fold(dots(slopes, xs)), box, step & 1)
            c, run, sum_c = evaluate(f, offset, ys, ws, i, end)
            high, low = add_run(high, low, run)
            if graded:
                level += sum_c
                g = add_rows(g, c, xs)
        if place == 0:
            sums[group, 0] = high
            sums[group, 1] = finite_low(high, low)
            sums[group, 2] = level
        if graded:
            for k in range(columns):
                at = (k // count * threads + place) * count + k % count
                gathered[group * width + at] = g[k]
        cuda.syncthreads()
        node = first_node + cuda.blockIdx.x
        if thread == 0:
            high, low, level = sums[0, 0], sums[0, 1], sums[0, 2]
            for k in range(1, groups):
                high, low = merge_pairs(high, low, sums[k, 0], sums[k, 1])
                level += sums[k, 2]
            nodes[node, 0] = high
            nodes[node, 1] = low
            if graded and intercept:
                nodes[node, 2] = level
        if graded:
            for at in range(thread, d, groups * threads):
                total = 0.0
                for k in range(groups):
                    total += gathered[k * width + at]
                nodes[node, first_slope + at] = total

    return linear_rows
