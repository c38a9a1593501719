"""Which kernels serve a call."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

import numpy as np

from fastmse import threads
from fastmse.columns import Columns, Rows, in_arrays, loaded, stretches
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
    reason = missing()[backend]
    if reason:
        raise RuntimeError(f"backend {backend!r} is not available: {reason}")
    from fastmse.kernels.jit import backend as jit

    return jit


def is_default(backend: str, n_threads: int | None) -> bool:
    """Whether a call of a few rows may go the shortest way: no number of threads changes it."""
    return backend == "auto" and (n_threads is None or (type(n_threads) is int and n_threads > 0))


def missing() -> dict[str, str]:
    """Each backend with the reason why it cannot serve here; "" where it can."""
    return {"numpy": "", "cython": "", "numba": _numba_missing(), "cuda": _CUDA_MISSING}


_CUDA_MISSING = "this version of fastmse has no CUDA kernels"


def _numba_missing() -> str:
    try:
        import numba  # noqa: F401
    except Exception as error:  # a numba that does not fit the installed numpy raises its own
        return f"numba cannot be imported ({error})"
    return ""


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
