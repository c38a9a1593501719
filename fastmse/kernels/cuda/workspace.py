"""Device memory for nodes, kept from call to call: an allocation takes longer than a small call.

One for each thread and device. What is kept is the largest yet, 16 bytes for 32768 predictions.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numba import cuda

from fastmse.kernels.cuda.flags import SIMULATED

_kept = threading.local()


class Workspace:
    """Arrays on one device, by name; what one holds lasts until it is asked for again."""

    def __init__(self) -> None:
        self._arrays: dict[str, Any] = {}

    def take(self, name: str, shape: tuple[int, int]) -> Any:
        """A float64 array of this shape on the current device, its values anything."""
        array = self._arrays.get(name)
        if array is None or array.shape != shape:
            self._arrays.pop(name, None)
            array = self._arrays[name] = cuda.device_array(shape, np.float64)
        return array


def workspace(device: int) -> Workspace:
    spaces: dict[int, Workspace] = _kept.__dict__.setdefault("spaces", {})
    if device not in spaces:
        spaces[device] = Workspace()
    return spaces[device]


def address_of(array: Any) -> int:
    """Of a device array's first element."""
    if SIMULATED:
        return int(array.ctypes.data)
    return int(array.device_ctypes_pointer.value)
