"""The order of every sum inside a block, as in ``compiled/lanes.h``: the same bits.

A run is up to 128 terms; term i goes to lane i mod 16, lanes fold pairwise. No fastmath:
LLVM must not reorder, and does not need to.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastmse.kernels.jit.flags import serial_kernel

Array = NDArray[np.float64]

LANES = 16
RUN = 128
DOT_LANES = 8


@serial_kernel
def fold(lane: Array) -> float:
    width = lane.size // 2
    while width > 0:
        for k in range(width):
            lane[k] += lane[k + width]
        width //= 2
    return float(lane[0])


@serial_kernel
def run_sum(a: Array) -> float:
    lane = np.zeros(LANES)
    whole = a.size // LANES * LANES
    for i in range(0, whole, LANES):
        for k in range(LANES):
            lane[k] += a[i + k]
    for i in range(whole, a.size):
        lane[i - whole] += a[i]
    return fold(lane)


@serial_kernel
def run_dot(a: Array, b: Array) -> float:
    lane = np.zeros(LANES)
    whole = a.size // LANES * LANES
    for i in range(0, whole, LANES):
        for k in range(LANES):
            lane[k] += a[i + k] * b[i + k]
    for i in range(whole, a.size):
        lane[i - whole] += a[i] * b[i]
    return fold(lane)


@serial_kernel
def add_run(high: float, low: float, run: float) -> tuple[float, float]:
    """(high, low) + run in double-double, the low part not normalised."""
    s = high + run
    t = s - high
    return s, low + ((high - (s - t)) + (run - t))


@serial_kernel
def store_pair(high: float, low: float, node: Array, at: int, k: int) -> None:
    """To node[at] and node[at + k]; infinity and NaN have no low part."""
    node[at] = high
    node[at + k] = low if high - high == 0.0 else 0.0


@serial_kernel
def block_dot2(a: Array, b: Array) -> tuple[float, float]:
    high, low = 0.0, 0.0
    for start in range(0, a.size, RUN):
        high, low = add_run(high, low, run_dot(a[start : start + RUN], b[start : start + RUN]))
    return high, low


@serial_kernel
def block_sum(a: Array) -> float:
    total = 0.0
    for start in range(0, a.size, RUN):
        total += run_sum(a[start : start + RUN])
    return total


@serial_kernel
def block_dot(a: Array, b: Array) -> float:
    total = 0.0
    for start in range(0, a.size, RUN):
        total += run_dot(a[start : start + RUN], b[start : start + RUN])
    return total


@serial_kernel
def fill(target: Array, value: float) -> None:
    for i in range(target.size):
        target[i] = value


@serial_kernel
def row_dot(theta: Array, x: Array, lane: Array) -> float:
    """<theta, x>: term j in lane j mod 8."""
    fill(lane, 0.0)
    whole = x.size // DOT_LANES * DOT_LANES
    for j in range(0, whole, DOT_LANES):
        for k in range(DOT_LANES):
            lane[k] += theta[j + k] * x[j + k]
    for j in range(whole, x.size):
        lane[j - whole] += theta[j] * x[j]
    return fold(lane)


@serial_kernel
def residuals(f: Array, y: Array, w: Array, r: Array, c: Array) -> None:
    """r = f - y, 0 where w is 0; c = w r. Without weights (w empty) c is r itself."""
    if w.size == 0:
        for i in range(f.size):
            r[i] = f[i] - y[i]
    else:
        for i in range(f.size):
            r[i] = 0.0 if w[i] == 0.0 else f[i] - y[i]
            c[i] = w[i] * r[i]


@serial_kernel
def add_rows(c: Array, x: Array, g: Array) -> None:
    """g_j += sum_i c_i x_ij over a tile of rows, four rows at a time."""
    rows, d = x.shape
    whole = rows // 4 * 4
    for i in range(0, whole, 4):
        a, b, e, h = x[i], x[i + 1], x[i + 2], x[i + 3]
        ca, cb, ce, ch = c[i], c[i + 1], c[i + 2], c[i + 3]
        for j in range(d):
            g[j] += (ca * a[j] + cb * b[j]) + (ce * e[j] + ch * h[j])
    for i in range(whole, rows):
        for j in range(d):
            g[j] += c[i] * x[i, j]


@serial_kernel
def add_columns(theta: Array, x: Array, f: Array) -> None:
    """f_i += sum_j theta_j x_ij over a slab whose rows are the columns of X."""
    d, rows = x.shape
    whole = d // 4 * 4
    for j in range(0, whole, 4):
        a, b, e, h = x[j], x[j + 1], x[j + 2], x[j + 3]
        ta, tb, te, th = theta[j], theta[j + 1], theta[j + 2], theta[j + 3]
        for i in range(rows):
            f[i] += (ta * a[i] + tb * b[i]) + (te * e[i] + th * h[i])
    for j in range(whole, d):
        for i in range(rows):
            f[i] += theta[j] * x[j, i]
