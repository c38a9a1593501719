"""Memory for nodes, kept from call to call: an allocation takes longer than a small call.

One for each thread and device. What is kept is the largest yet, 16 bytes for 32768 predictions.
"""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

import numpy as np
from numba import cuda

from fastmse.kernels.cuda.flags import SIMULATED

if not SIMULATED:
    from cuda.bindings import driver

    from fastmse.kernels.cuda.loading import words_of

_kept = threading.local()


class Held(NamedTuple):
    """An array, and what a kernel is given for it."""

    array: Any
    words: tuple[Any, ...]


class Workspace:
    """Arrays by name, for kernels on one device; what one holds lasts until it is asked for again.

    They are of float64, their values anything.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, tuple[tuple[int, int], Held]] = {}

    def take(self, name: str, shape: tuple[int, int]) -> Held:
        """An array on the current device."""
        return self._take(name, shape, cuda.device_array)

    def take_mapped(self, name: str, shape: tuple[int, int]) -> Held:
        """An array of the host, page-locked, which kernels write to by itself."""
        return self._take(name, shape, cuda.mapped_array)

    def _take(self, name: str, shape: tuple[int, int], make: Any) -> Held:
        known = self._arrays.get(name)
        if known is None or known[0] != shape:
            self._arrays.pop(name, None)
            array = make(shape, np.float64)
            words = (array,) if SIMULATED else words_of(pointer_of(array), *shape)
            known = self._arrays[name] = shape, Held(array, words)
        return known[1]


def workspace(device: int) -> Workspace:
    spaces: dict[int, Workspace] = _kept.__dict__.setdefault("spaces", {})
    if device not in spaces:
        spaces[device] = Workspace()
    return spaces[device]


def pointer_of(array: Any) -> int:
    """Of Numba's array."""
    return int(array.ctypes.data if SIMULATED else array.device_ctypes_pointer.value)


def read(held: Held) -> np.ndarray:
    """A copy of a mapped array, once the device has written to it."""
    return np.array(held.array.copy_to_host() if SIMULATED else held.array)


def write(held: Held, values: np.ndarray) -> int:
    """Copy values from the host, before the next kernel on the default stream; the address."""
    address = pointer_of(held.array)
    if SIMULATED:
        held.array.copy_to_device(values)
        return address
    (error,) = driver.cuMemcpyHtoDAsync(address, values.ctypes.data, values.nbytes, 0)
    if error:
        raise RuntimeError(f"the driver could not copy theta to the device: {error.name}")
    return address
