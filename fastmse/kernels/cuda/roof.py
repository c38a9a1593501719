"""The read roof of a device: reading bytes and nothing else, by the loads of the kernels."""

from __future__ import annotations

from typing import Any

from numba import cuda

from fastmse.kernels.cuda.arithmetic import add_steps, zeros
from fastmse.kernels.cuda.launching import default_queue, kernel, launch
from fastmse.kernels.cuda.sizes import THREADS
from fastmse.kernels.cuda.storage import loader
from fastmse.kernels.cuda.workspace import workspace

COUNT = 2
STEPS = 8
TURNS = 8
TURN = THREADS * COUNT * STEPS
"""Doubles that a block of threads reads at a time; 8 times."""

_load = loader("float64", COUNT, STEPS)
_none = zeros(COUNT)
IMPOSSIBLE = 1.0e300
"""What the sums are compared with, so that no compiler leaves them out."""


@kernel
def _read(address: int, n: int, out: Any) -> None:
    lanes = _none()
    first = cuda.blockIdx.x * (TURNS * TURN) + cuda.threadIdx.x * COUNT
    for turn in range(TURNS):
        i = first + turn * TURN
        if i + TURN <= n:
            lanes = add_steps(lanes, _load(address + i * 8, THREADS * COUNT * 8))
    if lanes[0] + lanes[1] == IMPOSSIBLE:
        out[0, 0] = 1.0


def read_roof(addresses: list[int], n_bytes: list[int], device: int) -> None:
    """Read these bytes, all but less than 256 KB of each; returns when they have been read."""
    out, queue = workspace(device).take("roof", (1, 1)), default_queue(device)
    for address, size in zip(addresses, n_bytes, strict=True):
        n = size // 8
        launch(_read, (n - 1) // (TURNS * TURN) + 1, THREADS, queue, address, n, *out.words)
    queue.finish()
