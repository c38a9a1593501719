"""Host memory on its way to a device and back: while one piece is copied, another is evaluated.

Two slots take turns, each a stream with page-locked memory and as much of the device's. So arrays
may be larger than the device's memory, and any layout and dtype is decoded on the way: what is
not stored as the kernels read it goes as float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from numba import cuda

from fastmse.device_arrays import ITEMSIZE
from fastmse.device_inputs import Line
from fastmse.kernels.cuda.launching import queue_of
from fastmse.kernels.cuda.workspace import pointer_of

SLOTS = 2
ALIGNMENT = 256
PIECE_BYTES = 2**26
"""Of all arrays together: 64 MB take 2 ms or more to copy, and their kernels 20 us to launch."""


class Slot:
    """A piece of every array: what it holds lasts until its turn comes again.

    Kernels are launched on its `queue`.
    """

    def __init__(self, n_bytes: int, device: int) -> None:
        self._stream = cuda.stream()
        self.queue = queue_of(device, self._stream)
        self._host = cuda.pinned_array(n_bytes, np.uint8)
        self._device = cuda.device_array(n_bytes, np.uint8)
        self._results: list[tuple[np.ndarray, np.ndarray]] = []

    def send(self, pieces: Sequence[np.ndarray], results: Sequence[np.ndarray] = ()) -> list[int]:
        """Begin to copy the pieces; their addresses on the device, and room for the results'."""
        self.finish()
        end, places = 0, []
        for piece in pieces:
            place, after = self._place(end, piece)
            held = place.view(storage_dtype(piece.dtype))
            by_columns = is_by_columns(piece)
            held = held.reshape(piece.shape[::-1]).T if by_columns else held.reshape(piece.shape)
            np.copyto(held, piece, casting="unsafe")
            places.append(end)
            end = after
        self._device[:end].copy_to_device(self._host[:end], stream=self._stream)
        for result in results:
            places.append(end)
            end = self._place(end, result)[1]
        first = pointer_of(self._device)
        return [first + place for place in places]

    def _place(self, start: int, array: np.ndarray) -> tuple[np.ndarray, int]:
        """The bytes for an array, and where the next one begins."""
        size = array.size * storage_dtype(array.dtype).itemsize
        return self._host[start : start + size], start + -(-size // ALIGNMENT) * ALIGNMENT

    def fetch(self, address: int, target: np.ndarray) -> None:
        """Copy a result to `target`, by when the slot's turn comes again."""
        start = address - pointer_of(self._device)
        stored = storage_dtype(target.dtype)
        size = target.size * stored.itemsize
        held = self._host[start : start + size]
        self._device[start : start + size].copy_to_host(held, stream=self._stream)
        self._results.append((held.view(stored), target))

    def finish(self) -> None:
        """Wait for what this slot was given."""
        self._stream.synchronize()
        for held, target in self._results:
            with np.errstate(over="ignore"):
                target[...] = held
        self._results = []


def storage_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype if dtype.name in ITEMSIZE and dtype.isnative else np.dtype(np.float64)


def sent_line(array: np.ndarray, pointer: int) -> Line:
    """A one-dimensional array as a slot holds it."""
    dtype = storage_dtype(array.dtype)
    return Line(pointer, dtype.itemsize, len(array), dtype.name)


def is_by_columns(array: np.ndarray) -> bool:
    return array.ndim == 2 and 0 < abs(array.strides[0]) < abs(array.strides[1])


def turns(
    n: int, rows: int, row_bytes: int, arrays: int, device: int
) -> Iterator[tuple[Slot, int, int]]:
    """(slot, start, stop) of n rows, so many at a time; all is done when they end."""
    size = min(n, rows) * row_bytes + arrays * ALIGNMENT
    slots = [Slot(size, device) for _ in range(min(SLOTS, -(-n // rows)))]
    for start, slot in zip(range(0, n, rows), cycle(slots), strict=False):
        yield slot, start, min(start + rows, n)
    for slot in slots:
        slot.finish()


def rows_at_once(row_bytes: int, multiple: int) -> int:
    """Rows of a piece: whole blocks of so many."""
    return max(PIECE_BYTES // (row_bytes * multiple), 1) * multiple
