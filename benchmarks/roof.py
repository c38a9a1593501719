"""The read roof: how long the memory needs, whatever the arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks import rounds
from fastmse.kernels import compiled


def read(arrays: tuple[NDArray[np.float64], ...], n_threads: int) -> float:
    """Read each array once, front to back, by `n_threads`; returns the sum of it all.

    Parameters
    ----------
    arrays : float64, C- or F-contiguous. IN
    """
    read_roof = compiled.module().read_roof
    return sum(read_roof(in_memory_order(array), n_threads) for array in arrays)


def in_memory_order(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same memory as a 1-D view; a copy would be another read, so it raises."""
    flat = array.ravel(order="K")
    if not np.shares_memory(flat, array):
        raise ValueError("the roof is that of a contiguous array")
    return flat


def fraction(
    arrays: tuple[NDArray[np.float64], ...],
    call: Callable[[], object],
    n_threads: int,
    n_rounds: int,
) -> float:
    """Best read time over the best time of `call`, interleaved: 1 is as fast as memory."""
    calls = {"roof": partial(read, arrays, n_threads), "call": call}
    seconds = rounds.best(calls, n_rounds, pause=0)
    return seconds["roof"] / seconds["call"]
