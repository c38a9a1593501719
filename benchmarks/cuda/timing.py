"""Interleaved rounds: every contestant twice in a row, on a device that has come to rest.

The second call counts, as of the many of a fit: what the host needs is in its caches again.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

from numba import cuda

Call = Callable[[], Any]
WARM_UP = 3
TIMED = "the second of two calls in a row"


def measure(calls: Mapping[str, Call], rounds: int) -> dict[str, dict[str, float]]:
    """Best and median seconds of each call; one that fails is left out, and says why."""
    ready = {name: call for name, call in calls.items() if _warm(name, call)}
    times: dict[str, list[float]] = {name: [] for name in ready}
    for _ in range(rounds):
        for name, call in ready.items():
            call()
            times[name].append(_timed(call))
    return {name: {"best": min(t), "median": median(t)} for name, t in times.items()}


def _warm(name: str, call: Call) -> bool:
    try:
        for _ in range(WARM_UP):
            call()
    except Exception as error:  # out of memory, or a library that does not know the dtype
        print(f"  {name}: left out ({type(error).__name__}: {str(error)[:200]})", file=sys.stderr)
        return False
    return True


def _timed(call: Call) -> float:
    cuda.synchronize()
    start = time.perf_counter()
    call()
    cuda.synchronize()
    return time.perf_counter() - start
