"""Kernels, and their launch: Numba compiles them, cuda.core launches them.

Numba's own launch took 50 to 100 us beside an H200, for what it asks of every argument; a call of
`mse` has two. What comes before the first launch is time in which the device does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, NamedTuple

from numba import cuda

from fastmse.kernels.cuda.flags import SIMULATED

if SIMULATED:
    _default: Any = 0
else:
    from cuda.bindings import driver
    from cuda.core import LEGACY_DEFAULT_STREAM, LaunchConfig, Stream
    from cuda.core import launch as core_launch

    from fastmse.kernels.cuda.loading import LoadedKernel

    _default = LEGACY_DEFAULT_STREAM


class Queue(NamedTuple):
    """What a device does one after the other."""

    device: int
    stream: Any

    def finish(self) -> None:
        """Wait for all that it was given."""
        if not SIMULATED:
            self.stream.sync()

    def wait_for(self, streams: set[int]) -> None:
        """What it is given from now on waits for what these have been given so far."""
        for stream in streams:
            if not SIMULATED:
                self.stream.wait(Stream.from_handle(stream))


@cache
def default_queue(device: int) -> Queue:
    """The legacy default stream, for which producers make their work visible."""
    return Queue(device, _default)


def queue_of(device: int, stream: Any) -> Queue:
    """A stream of Numba's as a queue."""
    return Queue(device, stream if SIMULATED else Stream.from_handle(int(stream.handle)))


def kernel(function: Callable[..., None]) -> Any:
    """For `launch`: of whole numbers, floats, and arrays of a `Workspace`, annotated Any."""
    return cuda.jit(function) if SIMULATED else LoadedKernel(function)


def launch(kernel: Any, blocks: Any, threads: int, queue: Queue, *arguments: Any) -> None:
    """The kernel on so many blocks of threads; an array's `words` stand for it."""
    if SIMULATED:
        kernel[blocks, threads, queue.stream](*arguments)
        return
    device, stream = queue
    core_launch(stream, _config(blocks, threads), kernel.on(device), *arguments)


def loaded(kernel: Any, queue: Queue) -> Any:
    """The kernel, compiled now and not when it is launched."""
    if not SIMULATED:
        kernel.on(queue.device)
    return kernel


@lru_cache
def _config(blocks: Any, threads: int) -> Any:
    return LaunchConfig(grid=blocks, block=threads)


def current_device() -> int | None:
    """The number of the calling thread's device, if it has a context on one."""
    if SIMULATED:  # has one device
        return 0
    error, number = driver.cuCtxGetDevice()
    return None if error else int(number)
