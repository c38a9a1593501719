"""Arrays in a GPU's memory, or in what the simulator takes for it, made of NumPy's."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numba import config, cuda

SIMULATED = bool(config.ENABLE_CUDASIM)


class Producer:
    """What a library would give: an array of the same strides, in a copy of the memory."""

    def __init__(self, array: np.ndarray, **interface: Any) -> None:
        self.array = array
        low, high = np.lib.array_utils.byte_bounds(array)
        raw = np.frombuffer(ctypes.string_at(low, high - low), np.uint8)
        self._memory = raw.copy() if SIMULATED else cuda.to_device(raw)
        address = (
            self._memory.ctypes.data if SIMULATED else self._memory.device_ctypes_pointer.value
        )
        kind = array.dtype.str if array.dtype.kind != "V" else "<V2"
        self._offset = array.ctypes.data - low
        self.__cuda_array_interface__ = {
            "typestr": kind,
            "shape": array.shape,
            "strides": array.strides,
            "data": (address + self._offset, False),
            "version": 3,
            "stream": None,
            **interface,
        }

    def fetch(self) -> np.ndarray:
        """The elements as they are now."""
        raw = self._memory if SIMULATED else self._memory.copy_to_host()
        a = self.array
        return np.ndarray(a.shape, a.dtype, raw.tobytes(), self._offset, a.strides)


def send(array: np.ndarray | None, **interface: Any) -> Producer | None:
    return None if array is None else Producer(array, **interface)
