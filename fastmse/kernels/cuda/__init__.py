"""Kernels for NVIDIA GPUs, in Numba: the same sums over arrays that lie in device memory.

Importing this package imports Numba's CUDA target, or its simulator; the driver is first touched
by a call. Kernels are compiled when first used, one for each combination of storage types. They
run on the legacy default stream; a call returns when its results are there. No sum depends on the
grid, on timing or on the device.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from numba import cuda

from fastmse.kernels.cuda.counting import STREAM
from fastmse.kernels.cuda.errors import explained
from fastmse.kernels.cuda.flags import SIMULATED
from fastmse.kernels.cuda.linear import Model, linear, matrix_of, staged_linear
from fastmse.kernels.cuda.lines import predictions, staged_predictions, weigh
from fastmse.kernels.cuda.reading import OnHost

__all__ = [
    "Model",
    "OnHost",
    "linear",
    "matrix_of",
    "on_device",
    "predictions",
    "staged_linear",
    "staged_predictions",
    "wait_for",
    "weigh",
]


@contextmanager
def on_device(number: int | None) -> Iterator[int]:
    """The device of that number made current, or the one that is; the driver's errors explained."""
    with explained():
        if SIMULATED:  # has one device, without a number
            yield 0
            return
        if number is None:
            number = int(cuda.get_current_device().id)
        with cuda.gpus[number]:
            yield number


def wait_for(streams: set[int]) -> None:
    """Our stream waits for what these have been given so far."""
    for stream in streams:
        event = cuda.event(timing=False)
        event.record(cuda.external_stream(stream))
        event.wait(STREAM)
