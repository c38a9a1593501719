"""Interleaved timing: on a shared machine only calls of the same minute compare."""

from __future__ import annotations

import time
from collections.abc import Callable

# OpenBLAS's threads spin for 2²⁶ clock ticks after their work, 27 to 34 ms, on the cores of whoever
# comes next: with 30 ms a pass on two threads took up to twice its time.
PAUSE = 0.05  # seconds


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
