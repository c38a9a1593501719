"""A plugin of pytest: kernels of a GPU run on the host, translated when they are first launched."""

from __future__ import annotations

import ctypes
from typing import Any

from cuda.core import ObjectCode
from translate import function_of

from fastmse.kernels.cuda.loading import LoadedKernel


def _load(self: LoadedKernel, major: int, minor: int) -> Any:
    function = function_of(self, (major, minor))
    ctypes.CDLL("libcuda.so.1").emulated_load_next(ctypes.c_void_p(function))
    return ObjectCode.from_cubin(b"no machine code").get_kernel("entry")


LoadedKernel._load = _load  # type: ignore[method-assign]
