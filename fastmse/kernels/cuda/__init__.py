"""Kernels for NVIDIA GPUs, in Numba: the same sums over arrays that lie in device memory.

Importing this package imports Numba's CUDA target, or its simulator; the driver is first touched
by a call. Kernels are compiled when first used, one for each combination of storage types. They
run on the legacy default stream; a call returns when its results are there. No sum depends on the
grid, on timing or on the device.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numba import cuda

from fastmse.device_inputs import Line
from fastmse.kernels.cuda.counting import STREAM, Nodes
from fastmse.kernels.cuda.errors import explained
from fastmse.kernels.cuda.flags import SIMULATED
from fastmse.kernels.cuda.lanes import LANES, RUN
from fastmse.kernels.cuda.linear import Model, linear, matrix_of
from fastmse.kernels.cuda.predictions import WIDTH, predictions_kernel
from fastmse.kernels.cuda.reading import OnHost
from fastmse.kernels.cuda.sizes import THREADS
from fastmse.kernels.cuda.spans import LOG_SPAN, SPAN
from fastmse.kernels.cuda.storage import VECTOR_BYTES
from fastmse.kernels.cuda.weights import WIDTH as WEIGHTS_WIDTH
from fastmse.kernels.cuda.weights import weights_kernel
from fastmse.kernels.cuda.workspace import workspace
from fastmse.statistics import PREDICTION_BLOCK

__all__ = ["Model", "linear", "matrix_of", "OnHost", "on_device", "predictions", "wait_for", "weigh"]

NOTHING = Line(0, 0, 0, "")


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


def weigh(w: Line, device: int, block: int = PREDICTION_BLOCK) -> np.ndarray:
    """W.hi, W.lo, the numbers of zero and of invalid weights."""
    nodes = Nodes(workspace(device), w.n // block, w.n % block, LOG_SPAN, WEIGHTS_WIDTH)
    count = together([w])
    kernel = weights_kernel(w.storage, count, block, _threads(count, block))
    kernel[_spans(w.n, block), _threads(count, block), STREAM](
        w.pointer, w.step, w.n, nodes.nodes, 0, nodes.levels
    )
    return nodes.total()


def predictions(
    y: Line,
    f: Line,
    w: Line | None,
    out: Line | None,
    scale: float,
    device: int,
    block: int = PREDICTION_BLOCK,
) -> np.ndarray:
    """SSE.hi, SSE.lo; fills `out` with scale w_i r_i."""
    nodes = Nodes(workspace(device), y.n // block, y.n % block, LOG_SPAN, WIDTH)
    count = together([line for line in (y, f, w, out) if line is not None])
    w, out = w or NOTHING, out or NOTHING
    threads = _threads(count, block)
    kernel = predictions_kernel(
        y.storage, f.storage, w.storage, out.storage, count, block, threads
    )
    kernel[_spans(y.n, block), threads, STREAM](
        *(y.pointer, y.step, f.pointer, f.step, w.pointer, w.step, out.pointer, out.step),
        *(scale, y.n, nodes.nodes, 0, nodes.levels),
    )
    return nodes.total()


def together(lines: list[Line]) -> int:
    """Elements that a thread loads at once: what 16 bytes hold of the widest, or one."""
    count = VECTOR_BYTES // max(line.itemsize for line in lines)
    aligned = all(
        line.is_dense and line.pointer % (count * line.itemsize) == 0 for line in lines
    )
    return count if aligned else 1


def _threads(count: int, block: int) -> int:
    """No more than the runs of a span keep busy."""
    return min(THREADS, SPAN * block // RUN * (LANES // count))


def _spans(n: int, block: int) -> int:
    return (n - 1) // (SPAN * block) + 1
