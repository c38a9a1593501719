"""W = sum_i w_i, with the numbers of zero and of invalid weights, as ``compiled/weights.pxi``."""

from __future__ import annotations

import sys
from typing import NamedTuple

from fastmse.kernels.jit.flags import inner_kernel
from fastmse.kernels.jit.grid import Driver
from fastmse.kernels.jit.lanes import RUN, add_run, run_sum, store_pair
from fastmse.kernels.jit.memory import Pointer, begin, pointer, shift
from fastmse.statistics.counter import Node

LARGEST = sys.float_info.max


class WeightsJob(NamedTuple):
    w: int


@inner_kernel
def any_zero(w: Pointer, n: int) -> bool:
    zeros = 0
    for i in range(n):
        zeros |= w[i] == 0.0
    return zeros != 0


@inner_kernel
def weigh(w: Pointer, n: int, node: Pointer, k: int, n_double: int) -> None:
    """W is double-double number k of the node; the counts are its first plain sums."""
    high, low, zeros, valid = 0.0, 0.0, 0, 0
    for start in range(0, n, RUN):
        high, low = add_run(high, low, run_sum(shift(w, start), min(RUN, n - start)))
    for i in range(n):
        zeros += w[i] == 0.0
        valid += (w[i] >= 0.0) & (w[i] <= LARGEST)
    store_pair(high, low, shift(node, k), n_double)
    node[2 * n_double] = zeros
    node[2 * n_double + 1] = n - valid


@inner_kernel
def weights_block(job: WeightsJob, first: int, rows: int, node: Node, scratch: Node) -> None:
    weigh(shift(pointer(job.w), first), rows, begin(node), 0, 1)


count_weights = Driver(weights_block)
