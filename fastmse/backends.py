"""Which kernels serve a call."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from fastmse import threads
from fastmse.columns import Columns, Rows, in_arrays, loaded, stretches
from fastmse.device_arrays import is_on_device
from fastmse.kernels import compiled, reference

NAMES = ("auto", "numpy", "cython", "numba", "cuda")

SERIAL_DOUBLES = 2**17
"""Less work than this, 1 MB of float64 or 30 us, is done before a second thread has helped."""


def select(backend: str) -> ModuleType:
    """The kernels of a backend by name; only ``"auto"`` chooses.

    Raises
    ------
    ValueError
        If there is no backend of that name.
    RuntimeError
        If it cannot serve here, with the reason.
    """
    if backend in ("auto", "cython"):
        return compiled
    if backend == "numpy":
        return reference
    if backend not in NAMES:
        raise ValueError(f"backend: got {backend!r}; want one of {', '.join(NAMES)}")
    if backend == "cuda":
        raise RuntimeError(
            "backend 'cuda' is not available: this is computed on the CPU alone; a GPU serves "
            "mse, evaluate, and evaluate of Linear, Expression and Function, and their objectives"
        )
    return _loaded(backend)


def _loaded(backend: str) -> ModuleType:
    if backend not in _LOADED:
        reason = _REASONS[backend]()
        if reason:
            raise RuntimeError(f"backend {backend!r} is not available: {reason}")
        _LOADED[backend] = import_module(f"fastmse.kernels.{_PACKAGES[backend]}")
    return _LOADED[backend]


_LOADED: dict[str, ModuleType] = {}
_PACKAGES = {"numba": "jit.backend", "cuda": "cuda"}


class DeviceCall(NamedTuple):
    """A call for a GPU: its kernels, and where its arrays lie."""

    kernels: ModuleType
    on_device: bool
    "else all are in host memory"


def for_device(backend: str, *arrays: Any) -> DeviceCall | None:
    """The call for a GPU, where it is one: by name, or since an array lies there.

    Raises TypeError for such an array and a backend that cannot read it.
    """
    on_device = not _ARRAYS.issuperset(map(type, arrays)) and any(map(is_on_device, arrays))
    if backend == "cuda" or (on_device and backend == "auto"):
        return DeviceCall(_loaded("cuda"), on_device)
    if on_device and backend in NAMES:
        raise TypeError(
            f"backend: got {backend!r} for an array in a GPU's memory; want 'auto' or 'cuda', "
            "or copy the array to the host"
        )
    return None


_ARRAYS = frozenset({np.ndarray, type(None), list, tuple})
"""Types that are on no device: they need not be asked."""


def is_default(backend: str, n_threads: int | None) -> bool:
    """Whether a call of a few rows may go the shortest way: no number of threads changes it."""
    return backend == "auto" and (n_threads is None or (type(n_threads) is int and n_threads > 0))


def missing() -> dict[str, str]:
    """Each backend with the reason why it cannot serve here; "" where it can.

    Asks the CUDA driver for a device: not before a fork.
    """
    return {"numpy": "", "cython": "", **{name: reason() for name, reason in _REASONS.items()}}


def _numba_missing() -> str:
    try:
        import numba  # noqa: F401
    except Exception as error:  # a numba that does not fit the installed numpy raises its own
        return f"numba cannot be imported ({error})"
    return ""


def _cuda_missing() -> str:
    try:
        import numba_cuda  # noqa: F401
        from numba import config, cuda

        if not config.ENABLE_CUDASIM:  # what kernels need: 0.30 wants NumPy < 2.5
            import numba.cuda.cudaimpl  # noqa: F401
    except Exception as error:
        return f"numba-cuda cannot be imported ({error}); pip install 'fastmse[cuda]'"
    try:
        found = len(cuda.gpus)
    except Exception as error:
        return f"no CUDA driver answers ({_first_line(error)})"
    return "" if found else "the CUDA driver finds no device"


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]) or type(error).__name__


_REASONS = {"numba": _numba_missing, "cuda": _cuda_missing}


def n_threads_for(n_doubles: int, n_threads: int | None) -> int:
    """Threads for a call over so many array elements: small work runs serially."""
    if n_doubles > SERIAL_DOUBLES:
        return threads.resolve(n_threads)
    if n_threads is not None:
        threads.requested(n_threads)
    return 1


def readable(kernels: ModuleType, rows: Rows, block: int, columns: bool = True) -> Iterable[Rows]:
    """The rows as these kernels read them, in stretches of whole blocks where that takes a copy.

    A table is read in place by `columns`, in a copy where its rows are summed as rows. NumPy's
    sums depend on where a piece ends, and `reference` reads anything.
    """
    if in_arrays(rows) or kernels is reference:
        return (rows,)
    if columns or not any(isinstance(column, Columns) for column in rows):
        return loaded(rows, block)
    return (
        [None if column is None else np.asarray(column) for column in part]
        for part in stretches(rows, block)
    )
