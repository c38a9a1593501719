"""When Numba may run in parallel without harm to the process.

Its threads come from one of three layers. ``workqueue`` aborts the process when two
threads enter it at once, whatever lock a library holds, so it is never entered. After a
fork ``omp`` ends the child. Kernels run serially in both cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module

import numba

from fastmse import threads

POOLS = {
    "tbb": "numba.np.ufunc.tbbpool",
    "omp": "numba.np.ufunc.omppool",
    "workqueue": "numba.np.ufunc.workqueue",
}


def threading_layer() -> str:
    """The layer parallel kernels run on: "omp" or "tbb"; "" if none is safe to enter."""
    try:
        layer: str = numba.threading_layer()
    except ValueError:  # not started yet
        layer = _predicted(
            str(numba.config.THREADING_LAYER).lower(),
            tuple(numba.config.THREADING_LAYER_PRIORITY),
        )
    return layer if layer in {"omp", "tbb"} else ""


@cache
def _predicted(setting: str, priority: tuple[str, ...]) -> str:
    """The layer Numba would start, by its own order of preference."""
    candidates = {
        "default": priority,
        "threadsafe": ("tbb", "omp"),
        "forksafe": ("tbb",),
        "safe": ("tbb",),
        "tbb": ("tbb",),
        "omp": ("omp",),
    }.get(setting, ())
    return next((layer for layer in candidates if _imports(POOLS[layer])), "")


def _imports(module: str) -> bool:
    try:
        import_module(module)
    except ImportError:
        return False
    return True


def usable_threads(n_threads: int) -> int:
    """How many of `n_threads` a parallel kernel may use here: 1 means the serial one."""
    if n_threads == 1 or threads.forked() or not threading_layer():
        return 1
    return min(n_threads, int(numba.config.NUMBA_NUM_THREADS))


@contextmanager
def using_threads(n: int) -> Iterator[None]:
    """Numba's thread count, which belongs to the calling thread, set to n for a while."""
    before = numba.get_num_threads()
    numba.set_num_threads(n)
    try:
        yield
    finally:
        numba.set_num_threads(before)
