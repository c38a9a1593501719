"""Numba's flags for CUDA, in one place, and whether its simulator runs the kernels.

- fastmath stays off: reordered sums have other bits.
- cache stays off: two processes that compile at once can leave a wrong kernel on disk.
- No flag keeps NVVM from contracting a product and a sum: where bits are promised, products are
  `arithmetic.times`, which it leaves alone.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import config, cuda

Function = TypeVar("Function", bound=Callable[..., Any])

SIMULATED = bool(config.ENABLE_CUDASIM)


def kernel(function: Function) -> Any:
    """For the host to launch, by `configured`."""
    return cuda.jit(function)


def device_function(function: Function) -> Function:
    """For kernels to call."""
    return cast("Function", cuda.jit(device=True)(function))


_lock = threading.Lock()


def configured(kernel: Any, blocks: Any, threads: int, stream: Any) -> Any:
    """The kernel on so many blocks of threads, to be called with its arguments.

    Numba warns of a grid too small to fill a device: so is every small call's, and every merge's.
    """
    if SIMULATED:
        return kernel[blocks, threads, stream]
    settings = sys.modules[type(kernel).__module__].config
    with _lock:
        warns, settings.CUDA_LOW_OCCUPANCY_WARNINGS = settings.CUDA_LOW_OCCUPANCY_WARNINGS, 0
        try:
            return kernel[blocks, threads, stream]
        finally:
            settings.CUDA_LOW_OCCUPANCY_WARNINGS = warns
