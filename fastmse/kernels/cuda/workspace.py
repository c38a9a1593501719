"""What a call leaves for the next one: an allocation takes longer than a small call.

One for each thread and device. The memory is that of the largest call of its width yet, 16 bytes
for 32768 predictions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import cuda

from fastmse.kernels.cuda.errors import refused
from fastmse.kernels.cuda.flags import SIMULATED

if not SIMULATED:
    from cuda.bindings import driver

    from fastmse.kernels.cuda.loading import words_of

Kept = TypeVar("Kept")


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.spaces: dict[int, Workspace] = {}


_of_thread = _OfThread()


class Held(NamedTuple):
    """An array, and what a kernel is given for it."""

    array: Any
    words: tuple[Any, ...]


class Workspace:
    """Things by name, for kernels on one device; what one holds lasts until it is asked for again.

    Arrays are of float64, their values anything.
    """

    def __init__(self) -> None:
        self._arrays: dict[Hashable, Held] = {}
        self._made: dict[Hashable, tuple[Any, Any]] = {}

    def take(self, name: Hashable, shape: tuple[int, int]) -> Held:
        """An array on the current device, of so many rows or more."""
        return self._take(name, shape, cuda.device_array)

    def take_mapped(self, name: Hashable, shape: tuple[int, int]) -> Held:
        """An array of the host, page-locked, which kernels write to by itself."""
        return self._take(name, shape, cuda.mapped_array)

    def _take(self, name: Hashable, shape: tuple[int, int], make: Any) -> Held:
        held = self._arrays.get(name)
        if held is None or held.array.shape[0] < shape[0] or held.array.shape[1] != shape[1]:
            self._arrays.pop(name, None)
            held = self._arrays[name] = _held(make, shape)
        return held

    def keep(self, name: Hashable, like: Any, make: Callable[[], Kept]) -> Kept:
        """What was made when last asked for under this name, if it was asked for like this."""
        known = self._made.get(name)
        if known is None or known[0] != like:
            self._made.pop(name, None)
            known = self._made[name] = like, make()
        kept: Kept = known[1]
        return kept


def _held(make: Any, shape: tuple[int, int]) -> Held:
    array = make(shape, np.float64)
    return Held(array, (array,) if SIMULATED else words_of(pointer_of(array), *shape))


def workspace(device: int) -> Workspace:
    space = _of_thread.spaces.get(device)
    if space is None:
        space = _of_thread.spaces[device] = Workspace()
    return space


def pointer_of(array: Any) -> int:
    """Of Numba's array."""
    return int(array.ctypes.data if SIMULATED else array.device_ctypes_pointer.value)


def read(held: Held) -> np.ndarray:
    """A copy of a mapped array, once the device has written to it."""
    return np.array(held.array.copy_to_host() if SIMULATED else held.array)


def to_device(theta: np.ndarray, room: int, device: int) -> int:
    """The address of a copy of theta and, after it, zeros; before the next kernel there."""
    padded = np.zeros((1, room))
    padded[0, : len(theta)] = theta
    held = workspace(device).take(("theta", room), padded.shape)
    address = pointer_of(held.array)
    if SIMULATED:
        held.array.copy_to_device(padded)
        return address
    (error,) = driver.cuMemcpyHtoDAsync(address, padded.ctypes.data, padded.nbytes, 0)
    if error:
        raise refused(error.name)
    return address
