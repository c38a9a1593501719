"""What a call leaves for the next one: an allocation takes longer than a small call.

One for each thread and device. The memory is the last call's of its width, 16 bytes for 32768
predictions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import cuda

from fastmse.kernels.cuda.flags import SIMULATED

if not SIMULATED:
    from cuda.bindings import driver

    from fastmse.kernels.cuda.loading import words_of

Kept = TypeVar("Kept")


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.spaces: dict[int, Workspace] = {}


_kept = _OfThread()


class Held(NamedTuple):
    """An array, and what a kernel is given for it."""

    array: Any
    words: tuple[Any, ...]


class Workspace:
    """Things by name, for kernels on one device; what one holds lasts until it is asked for again.

    Arrays are of float64, their values anything.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[Any, Any]] = {}

    def take(self, name: Hashable, shape: tuple[int, int]) -> Held:
        """An array on the current device."""
        return self.keep(name, shape, lambda: _held(cuda.device_array, shape))

    def take_mapped(self, name: Hashable, shape: tuple[int, int]) -> Held:
        """An array of the host, page-locked, which kernels write to by itself."""
        return self.keep(name, shape, lambda: _held(cuda.mapped_array, shape))

    def keep(self, name: Hashable, like: Any, make: Callable[[], Kept]) -> Kept:
        """What was made when last asked for under this name, if it was asked for like this."""
        known = self._kept.get(name)
        if known is None or known[0] != like:
            self._kept.pop(name, None)
            known = self._kept[name] = like, make()
        kept: Kept = known[1]
        return kept


def _held(make: Any, shape: tuple[int, int]) -> Held:
    array = make(shape, np.float64)
    return Held(array, (array,) if SIMULATED else words_of(pointer_of(array), *shape))


def workspace(device: int) -> Workspace:
    space = _kept.spaces.get(device)
    if space is None:
        space = _kept.spaces[device] = Workspace()
    return space


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
