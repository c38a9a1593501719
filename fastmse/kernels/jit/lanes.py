"""The order of every sum over consecutive terms, as in ``compiled/lanes.h``: the same bits.

A run is up to 128 terms; term i goes to lane i mod 16, the lanes fold pairwise. Lanes past the
last term add 0 to 0 or more: no bit of a sum that began at 0 changes.
"""

from __future__ import annotations

from fastmse.kernels.jit.flags import inlined_kernel, inner_kernel
from fastmse.kernels.jit.memory import Pointer, shift
from fastmse.kernels.jit.vectors import fold, load16, part16, spread16

LANES = 16
RUN = 128


@inlined_kernel
def whole_lanes(n: int) -> int:
    return n // LANES * LANES


@inner_kernel
def run_sum(a: Pointer, n: int) -> float:
    lanes, whole = spread16(0.0), whole_lanes(n)
    for i in range(0, whole, LANES):
        lanes += load16(a, i)
    if whole < n:
        lanes += part16(a, whole, n - whole)
    return float(fold(lanes))


@inner_kernel
def run_dot(a: Pointer, b: Pointer, n: int) -> float:
    lanes, whole = spread16(0.0), whole_lanes(n)
    for i in range(0, whole, LANES):
        lanes += load16(a, i) * load16(b, i)
    if whole < n:
        lanes += part16(a, whole, n - whole) * part16(b, whole, n - whole)
    return float(fold(lanes))


@inlined_kernel
def add_run(high: float, low: float, run: float) -> tuple[float, float]:
    """(high, low) + run in double-double, the low part not normalised."""
    s = high + run
    t = s - high
    return s, low + ((high - (s - t)) + (run - t))


@inlined_kernel
def store_pair(high: float, low: float, node: Pointer, k: int) -> None:
    """To node[0] and node[k]; infinity and NaN have no low part."""
    node[0] = high
    node[k] = low if high - high == 0.0 else 0.0


@inner_kernel
def block_dot2(a: Pointer, b: Pointer, n: int) -> tuple[float, float]:
    """sum_i a_i b_i in double-double over the runs."""
    high, low = 0.0, 0.0
    for i in range(0, n, RUN):
        high, low = add_run(high, low, run_dot(shift(a, i), shift(b, i), min(RUN, n - i)))
    return high, low


@inner_kernel
def block_sum(a: Pointer, n: int) -> float:
    """Plainly, for sums whose terms have both signs."""
    total = 0.0
    for i in range(0, n, RUN):
        total += run_sum(shift(a, i), min(RUN, n - i))
    return total


@inlined_kernel
def fill(p: Pointer, n: int, value: float) -> None:
    for i in range(n):
        p[i] = value
