"""Whether this version of fastmse reads a table's own columns."""

from __future__ import annotations

import tracemalloc
from functools import cache

from benchmarks.works import Columns

VALUES = 2**17  # 1 MB: far more than an evaluation needs for itself


@cache
def missing() -> str:
    """Why tables are left out; "" where they are evaluated without a copy."""
    try:
        work = Columns(VALUES, 4)
    except ImportError:
        return "pyarrow is not installed"
    try:
        peak = peak_memory(work)
    except TypeError as error:
        return f"this version of fastmse takes no tables ({error})"
    if peak > work.facts.bytes / 2:
        return "this version of fastmse copies a table into one array"
    return ""


def peak_memory(work: Columns) -> int:
    """Bytes that Python and NumPy allocate at most during an evaluation."""
    work.ours("cython", 1)
    tracemalloc.start()
    try:
        work.ours("cython", 1)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
