"""Kernels for NVIDIA GPUs, in Numba: the same sums over arrays that lie in device memory.

Importing this package imports Numba's CUDA target, or its simulator; the driver is first touched
by a call. Kernels are compiled when first used, one for each combination of storage types. They
run on the legacy default stream; a call returns when its results are there. No sum depends on the
grid, on timing or on the device.
"""

from __future__ import annotations

from typing import Any

from numba import cuda

from fastmse.kernels.cuda.errors import explain
from fastmse.kernels.cuda.launching import Queue, current_device, default_queue
from fastmse.kernels.cuda.linear import Model, linear
from fastmse.kernels.cuda.lines import predictions, staged_predictions, weigh
from fastmse.kernels.cuda.models import models
from fastmse.kernels.cuda.reading import OnHost
from fastmse.kernels.cuda.rows import SentRows, placed

__all__ = [
    "Model",
    "OnHost",
    "SentRows",
    "linear",
    "models",
    "on_device",
    "placed",
    "predictions",
    "staged_predictions",
    "weigh",
]


class on_device:
    """Context: that device current, or the one that is; its queue; the driver's errors explained.

    A class, since a generator takes 2 us more.
    """

    def __init__(self, number: int | None) -> None:
        self._number = number
        self._pushed: Any = None

    def __enter__(self) -> Queue:
        current = current_device()
        if current is not None and self._number in (None, current):
            return default_queue(current)
        try:
            number = self._number
            if number is None:
                number = int(cuda.get_current_device().id)
            self._pushed = cuda.gpus[number]
            self._pushed.__enter__()
        except Exception as error:
            explain(error)
            raise
        return default_queue(number)

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if self._pushed is not None:
            self._pushed.__exit__(kind, error, trace)
        if error is not None:
            explain(error)
