"""The order of every sum over consecutive terms, as in ``compiled/lanes.h``: the same bits.

A run is up to 128 terms; term i goes to lane i mod 16, each lane adds its terms in order, the lanes
fold pairwise. `count` lanes lie side by side in each of 16 / count threads. Terms that are not
there are 0: no bit of a sum that began at 0 changes.
"""

from __future__ import annotations

from fastmse.kernels.cuda.flags import SIMULATED, device_function

if SIMULATED:
    from fastmse.kernels.cuda.simulated import each_folder, folder, group_folder
else:
    from fastmse.kernels.cuda.warps import each_folder, folder, group_folder

__all__ = [
    "LANES",
    "RUN",
    "add_run",
    "each_folder",
    "finite_low",
    "folder",
    "group_folder",
    "merge_pairs",
]

LANES = 16
RUN = 128


@device_function
def add_run(high: float, low: float, run: float) -> tuple[float, float]:
    """(high, low) + run in double-double, the low part not normalised."""
    s = high + run
    t = s - high
    return s, low + ((high - (s - t)) + (run - t))


@device_function
def finite_low(high: float, low: float) -> float:
    """Infinity and NaN have no low part."""
    return low if high - high == 0.0 else 0.0


@device_function
def merge_pairs(
    high: float, low: float, other_high: float, other_low: float
) -> tuple[float, float]:
    """The merge of two double-double sums, as ``statistics/merge.h``."""
    s = high + other_high
    t = s - high
    error = ((high - (s - t)) + (other_high - t)) + (low + other_low)
    if s - s == 0.0:
        total = s + error
        return total, error - (total - s)
    return s, 0.0
