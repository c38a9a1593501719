"""From a kernel's Python to its machine code on a device, and its arguments as the driver wants
them: words of eight bytes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

from cuda.core import Device, Program, ProgramOptions
from numba import cuda, types

ENTRY = re.compile(r"\.entry\s+([\w$]+)")
"""The name of a kernel in PTX."""

KINDS = {"int": types.int64, "float": types.float64, "Any": types.Array(types.float64, 2, "C")}

_lock = threading.Lock()


def words_of(address: int, rows: int, columns: int) -> tuple[int, ...]:
    """An array of float64 in C order: two of no use here, elements, bytes of one, address, ..."""
    return 0, 0, rows * columns, 8, address, rows, columns, 8 * columns, 8


class LoadedKernel:
    """One function, compiled when a device of another compute capability first launches it."""

    def __init__(self, function: Callable[..., None]) -> None:
        self.py_func = function
        self._on: dict[int, Any] = {}
        self._loaded: dict[Any, Any] = {}

    def on(self, device: int) -> Any:
        """For the device of this number, which is the current one."""
        known = self._on.get(device)
        if known is None:
            known = self._on[device] = self._for(Device(device).compute_capability)
        return known

    def _for(self, capability: Any) -> Any:
        with _lock:
            if capability not in self._loaded:
                self._loaded[capability] = self._load(*capability)
            return self._loaded[capability]

    @property
    def signature(self) -> Any:
        """By its annotations."""
        kinds = [kind for name, kind in self.py_func.__annotations__.items() if name != "return"]
        return types.void(*(KINDS[kind] for kind in kinds))

    def _load(self, major: int, minor: int) -> Any:
        ptx, _ = cuda.compile_ptx_for_current_device(self.py_func, self.signature)
        entry = ENTRY.search(ptx)
        assert entry is not None
        options = ProgramOptions(arch=f"sm_{major}{minor}")
        return Program(ptx, "ptx", options).compile("cubin").get_kernel(entry[1])
