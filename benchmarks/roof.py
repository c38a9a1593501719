"""The roofs: how long the memory and the arithmetic need, whatever the kernel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import rounds
from fastmse.kernels import compiled


def read(arrays: tuple[NDArray[Any], ...], n_threads: int) -> float:
    """Read each array once, front to back, by `n_threads`; returns the sum of it all as float64.

    Parameters
    ----------
    arrays : of any dtype, C- or F-contiguous. IN
    """
    read_roof = compiled.module().read_roof
    return sum(read_roof(in_memory_order(array), n_threads) for array in arrays)


def compute(flops: float, n_threads: int) -> float:
    """As many float64 additions and multiplications, none of them fused, at full speed."""
    return compiled.module().compute_roof(flops, n_threads)


def in_memory_order(array: NDArray[Any]) -> NDArray[np.float64]:
    """The same memory as 1-D float64; a copy would be another read, so it raises."""
    flat = array.ravel(order="K")
    if not np.shares_memory(flat, array):
        raise ValueError("the roof is that of a contiguous array")
    return flat[: flat.nbytes // 8 * 8 // flat.itemsize].view(np.float64)


def fraction(
    arrays: tuple[NDArray[Any], ...],
    call: Callable[[], object],
    n_threads: int,
    n_rounds: int,
) -> float:
    """Best read time over the best time of `call`, interleaved: 1 is as fast as memory."""
    calls = {"roof": partial(read, arrays, n_threads), "call": call}
    seconds = rounds.best(calls, n_rounds, settled=False)
    return seconds["roof"] / seconds["call"]
