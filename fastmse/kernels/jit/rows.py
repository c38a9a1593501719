"""The linear model on rows that lie in memory one after the other, as ``compiled/rows.h``.

theta . x: term j goes to lane j mod 8, the lanes fold pairwise. The gradient takes four rows at a
time, (c0 x0 + c1 x1) + (c2 x2 + c3 x3), which add to g. How memory is kept busy meanwhile is
``rows.h``'s, too.

theta is followed by seven zeros and g by three doubles.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fastmse.kernels.jit.flags import inlined_kernel, inner_kernel
from fastmse.kernels.jit.linear import Theta
from fastmse.kernels.jit.memory import LINE, Pointer, anew, prefetch, shift
from fastmse.kernels.jit.residuals import Rows, residual1, residual4
from fastmse.kernels.jit.vectors import (
    Vector,
    elements,
    fold,
    fold_four,
    load4,
    load8,
    part4,
    part8,
    spread4,
    spread8,
    store,
    widen,
)

SHORT_ROW = 56
LONG_ROW = 512
AHEAD_OF_ROW = 128
Four = tuple[float, float, float, float]


class Tile(NamedTuple):
    """n rows, x[i pitch + j], and what they are evaluated to for a theta."""

    x: Pointer
    pitch: int
    n: int
    theta: Theta
    at: Rows
    g: Pointer
    "where their gradient is added, if `graded`"
    graded: bool
    ahead: int
    "how many doubles after each that is read memory is asked for, or 0 for none"


@inlined_kernel
def ask(x: Pointer, n: int, lines: int) -> None:
    for line in range(lines):
        prefetch(x, n + line * LINE)


@inlined_kernel
def dot_row(theta: Pointer, x: Pointer, j: int, d: int, lanes: Vector) -> float:
    """<theta, x> of one row, whose terms before j are in the lanes already."""
    while j + 8 <= d:
        prefetch(x, j + AHEAD_OF_ROW)
        lanes += load8(theta, j) * load8(x, j)
        j += 8
    if j < d:
        lanes += load8(theta, j) * part8(x, j, d - j)
    return float(fold(lanes))


@inlined_kernel
def dot_four_rows(
    theta: Pointer, x: Pointer, pitch: int, d: int, asked: bool, ahead: int
) -> Vector:
    """<theta, x> of four rows; memory is asked for what lies `ahead` of each column of them."""
    x1, x2, x3 = shift(x, pitch), shift(x, 2 * pitch), shift(x, 3 * pitch)
    f0 = f1 = f2 = f3 = spread8(-0.0)  # plus a is a: the first sum vanishes where d is known
    whole = d // 8 * 8
    for j in range(0, whole, 8):
        if asked:
            ask(x, ahead + 4 * j, 4)
        t = load8(theta, j)
        f0 += t * load8(x, j)
        f1 += t * load8(x1, j)
        f2 += t * load8(x2, j)
        f3 += t * load8(x3, j)
    if whole < d:
        if asked:
            ask(x, ahead + 4 * whole, 4)
        n = d - whole
        if n <= 4:
            t4 = load4(theta, whole)
            f0 += widen(t4 * part4(x, whole, n))
            f1 += widen(t4 * part4(x1, whole, n))
            f2 += widen(t4 * part4(x2, whole, n))
            f3 += widen(t4 * part4(x3, whole, n))
            return fold_four(f0, f1, f2, f3)
        t = load8(theta, whole)
        f0 += t * part8(x, whole, n)
        f1 += t * part8(x1, whole, n)
        f2 += t * part8(x2, whole, n)
        f3 += t * part8(x3, whole, n)
    return fold_four(f0, f1, f2, f3)


@inlined_kernel
def combine(c: Four, x0: Vector, x1: Vector, x2: Vector, x3: Vector) -> Vector:
    """c0 x0 + c1 x1 + c2 x2 + c3 x3, pairwise"""
    return (c[0] * x0 + c[1] * x1) + (c[2] * x2 + c[3] * x3)


@inlined_kernel
def add_four_rows(c: Four, x: Pointer, pitch: int, j: int, end: int, g: Pointer) -> None:
    """g_j += sum_i c_i x_ij over four rows, for the columns [j, end)."""
    x1, x2, x3 = shift(x, pitch), shift(x, 2 * pitch), shift(x, 3 * pitch)
    while j + 4 <= end:
        x4 = combine(c, load4(x, j), load4(x1, j), load4(x2, j), load4(x3, j))
        store(g, j, load4(g, j) + x4)
        j += 4
    if j < end:
        n = end - j
        x4 = combine(c, part4(x, j, n), part4(x1, j, n), part4(x2, j, n), part4(x3, j, n))
        store(g, j, load4(g, j) + x4)


@inlined_kernel
def dot_row_and_add(
    theta: Pointer,
    x: Pointer,
    d: int,
    c: Four,
    before: Pointer,
    pitch: int,
    at: int,
    end: int,
    g: Pointer,
) -> float:
    """<theta, x> of one row; meanwhile four rows before it add to g in the columns [at, end)."""
    x1, x2, x3 = shift(before, pitch), shift(before, 2 * pitch), shift(before, 3 * pitch)
    lanes, j = spread8(0.0), 0
    while j + 16 <= d and at + 4 <= end:
        prefetch(x, j + AHEAD_OF_ROW)
        prefetch(x, j + 8 + AHEAD_OF_ROW)
        x4 = combine(c, load4(before, at), load4(x1, at), load4(x2, at), load4(x3, at))
        lanes += load8(theta, j) * load8(x, j)
        lanes += load8(theta, j + 8) * load8(x, j + 8)
        store(g, at, load4(g, at) + x4)
        j += 16
        at += 4
    add_four_rows(c, before, pitch, at, end, g)
    return dot_row(theta, x, j, d, lanes)


@inner_kernel
def last_rows(tile: Tile, i: int, d: int) -> None:
    """Rows from i on, fewer than four, each by itself."""
    theta, g = tile.theta, tile.g
    while i < tile.n:
        row = shift(tile.x, i * tile.pitch)
        f = theta.offset + dot_row(theta.slopes, row, 0, d, spread8(0.0))
        c = residual1(f, tile.at, i)
        if tile.graded:
            for j in range(d):
                g[j] += c * row[j]
        i += 1


@inlined_kernel
def rows_by_four(tile: Tile, d: Any, asked: bool) -> None:
    """Residuals of the rows, and their gradient."""
    theta, pitch = tile.theta, tile.pitch
    whole = tile.n // 4 * 4
    offset4 = spread4(theta.offset)
    for i in range(0, whole, 4):
        x4 = anew(shift(tile.x, i * pitch))
        f = offset4 + dot_four_rows(theta.slopes, x4, pitch, d, asked, tile.ahead)
        c = residual4(f, tile.at, i)
        if tile.graded:
            add_four_rows(elements(c), x4, pitch, 0, d, tile.g)
    if whole < tile.n:
        last_rows(tile, whole, d)


@inner_kernel
def rows_in_turn(tile: Tile, d: int) -> None:
    """The same, one row at a time, interleaved with the gradient of the four rows before."""
    theta, x, pitch, at = tile.theta, tile.x, tile.pitch, tile.at
    quarter = (d + 15) // 16 * 4
    whole = tile.n // 4 * 4
    for i in range(0, whole, 4):
        for k in range(4):
            row = shift(x, (i + k) * pitch)
            if tile.graded and i > 0:
                f = dot_row_and_add(
                    theta.slopes,
                    row,
                    d,
                    elements(load4(at.c, i - 4)),
                    shift(x, (i - 4) * pitch),
                    pitch,
                    k * quarter,
                    min((k + 1) * quarter, d),
                    tile.g,
                )
            else:
                f = dot_row(theta.slopes, row, 0, d, spread8(0.0))
            residual1(theta.offset + f, at, i + k)
    if tile.graded and whole > 0:
        c = elements(load4(at.c, whole - 4))
        add_four_rows(c, shift(x, (whole - 4) * pitch), pitch, 0, d, tile.g)
    if whole < tile.n:
        last_rows(tile, whole, d)


@inner_kernel
def rows_at_once(tile: Tile, d: int) -> None:
    """`rows_by_four`, with a loop of its own for short rows, in which those over d vanish.

    A literal is of another type than d, and would compile another function; an int64 is not.
    """
    if tile.ahead == 0:
        rows_by_four(tile, d, False)
    elif d == 4:
        rows_by_four(tile, np.int64(4), True)
    elif d == 5:
        rows_by_four(tile, np.int64(5), True)
    elif d == 6:
        rows_by_four(tile, np.int64(6), True)
    elif d == 7:
        rows_by_four(tile, np.int64(7), True)
    elif d == 8:
        rows_by_four(tile, np.int64(8), True)
    else:
        rows_by_four(tile, d, True)


@inlined_kernel
def evaluate_rows(tile: Tile, d: int) -> None:
    """Residuals of the tile's rows of d elements, and their gradient."""
    if SHORT_ROW < d < LONG_ROW and tile.ahead > 0:
        rows_in_turn(tile, d)
    else:
        rows_at_once(tile, d)
