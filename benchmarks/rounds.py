"""Interleaved timing: on a shared machine only calls of the same minute compare."""

from __future__ import annotations

import time
from collections.abc import Callable

# BLAS and OpenMP threads spin for some milliseconds after their work, on the cores of whoever
# comes next.
PAUSE = 0.03  # seconds


def best(calls: dict[str, Callable[[], object]], rounds: int, pause: float) -> dict[str, float]:
    """The best time of each call in seconds, over `rounds` rounds of all of them in turn."""
    seconds = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            time.sleep(pause)
            start = time.perf_counter()
            call()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    return seconds
