"""Numba's flags for CUDA, in one place, and whether its simulator runs the kernels.

- fastmath stays off: reordered sums have other bits.
- cache stays off: two processes that compile at once can leave a wrong kernel on disk.
- No flag keeps NVVM from contracting a product and a sum: where bits are promised, products are
  `arithmetic.times`, which it leaves alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import config, cuda

Function = TypeVar("Function", bound=Callable[..., Any])

SIMULATED = bool(config.ENABLE_CUDASIM)


def device_function(function: Function) -> Function:
    """For kernels to call."""
    return cast("Function", cuda.jit(device=True)(function))
