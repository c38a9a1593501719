"""Random arrays on the device, by the first library that can make them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

Random = Callable[[tuple[int, ...], str], Any]


def random() -> tuple[str, Random]:
    """The library's name and (shape, dtype): normal numbers."""
    for name, make in (("cupy", _cupy), ("torch", _torch)):
        try:
            return name, make(import_module(name))
        except ImportError:
            continue
    return "numba", _numba


def _cupy(cupy: Any) -> Random:
    generator = cupy.random.default_rng(1)

    def make(shape: tuple[int, ...], dtype: str) -> Any:
        if dtype == "float16":
            return generator.standard_normal(shape, dtype=np.float32).astype(dtype)
        return generator.standard_normal(shape, dtype=dtype)

    return make


def _torch(torch: Any) -> Random:
    return lambda shape, dtype: torch.randn(shape, dtype=getattr(torch, dtype), device="cuda")


def _numba(shape: tuple[int, ...], dtype: str) -> Any:
    from numba import cuda

    return cuda.to_device(np.random.default_rng(1).standard_normal(shape).astype(dtype))
