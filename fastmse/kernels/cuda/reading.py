"""Elements on a device as float64 on the host, a slice at a time: to say which one is refused."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import cuda

from fastmse.device_inputs import Line
from fastmse.kernels.cuda.launching import Queue, kernel, launch
from fastmse.kernels.cuda.sizes import FEW_THREADS
from fastmse.kernels.cuda.storage import part_loader
from fastmse.kernels.cuda.workspace import Workspace, read


@cache
def _decoder(storage: str) -> Any:
    load = part_loader(storage, 1)

    @kernel
    def decode(source: int, step: int, n: int, target: Any) -> None:
        i = cuda.grid(1)
        if i < n:
            target[0, i] = load(source + i * step, step, 1)[0]

    return decode


class OnHost:
    """A line of which slices are copied."""

    def __init__(self, line: Line, queue: Queue) -> None:
        self._line, self._queue = line, queue

    def __len__(self) -> int:
        return self._line.n

    def __getitem__(self, rows: slice) -> np.ndarray:
        start, stop, _ = rows.indices(len(self))
        line, n = self._line, stop - start
        target = Workspace().take_mapped("slice", (1, n))
        launch(
            *(_decoder(line.storage), (n - 1) // FEW_THREADS + 1, FEW_THREADS, self._queue),
            *(line.pointer + start * line.step, line.step, n, *target.words),
        )
        self._queue.finish()
        return np.asarray(read(target)[0])
