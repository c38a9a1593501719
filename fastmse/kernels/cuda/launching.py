"""Kernels, and their launch: Numba compiles them, cuda.core launches them.

Numba's own launch took 50 to 100 us beside an H200, for what it asks of every argument; a call of
`mse` has two.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from numba import cuda

from fastmse.kernels.cuda.flags import SIMULATED

if SIMULATED:
    STREAM: Any = 0
else:
    from cuda.bindings import driver
    from cuda.core import LEGACY_DEFAULT_STREAM, LaunchConfig, Stream
    from cuda.core import launch as core_launch

    from fastmse.kernels.cuda.loading import LoadedKernel

    STREAM = LEGACY_DEFAULT_STREAM
    """For which producers make their work visible."""


def kernel(function: Callable[..., None]) -> Any:
    """For `launch`: of whole numbers, floats, and arrays of a `Workspace`, annotated Any."""
    return cuda.jit(function) if SIMULATED else LoadedKernel(function)


def launch(kernel: Any, blocks: Any, threads: int, stream: Any, *arguments: Any) -> None:
    """The kernel on so many blocks of threads; an array's `words` stand for it."""
    if SIMULATED:
        kernel[blocks, threads, stream](*arguments)
        return
    core_launch(stream, _config(blocks, threads), kernel.loaded(), *arguments)


@lru_cache
def _config(blocks: Any, threads: int) -> Any:
    return LaunchConfig(grid=blocks, block=threads)


def queue_of(stream: Any) -> Any:
    """Numba's stream, as `launch` takes it."""
    return stream if SIMULATED else Stream.from_handle(int(stream.handle))


def finish() -> None:
    """Wait for all that `STREAM` was given."""
    if not SIMULATED:
        STREAM.sync()


def current_device() -> int | None:
    """The number of the calling thread's device, if it has a context on one."""
    if SIMULATED:  # has one device
        return 0
    error, number = driver.cuCtxGetDevice()
    return None if error else int(number)
