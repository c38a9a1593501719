"""Interleaved timing: on a shared machine only calls of the same minute compare."""

from __future__ import annotations

import time
from collections.abc import Callable

IDLE = 0.01
"""Seconds of quiet before a call."""

SPINNING = 0.1
"""CPU time over wall time, of the whole process, above which somebody's threads still spin."""

PATIENCE = 1.0
"""Seconds after which the wait is given up."""

SLOW_ROUNDS = 2
"""Of calls that take a second and more."""


def settle() -> None:
    """Wait until all threads of this process sleep.

    Those of OpenBLAS spin for 0.1 s after their work, on the cores of whoever comes next: read
    50 ms after a product on two threads, memory was at half its speed.
    """
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end:
        used, start = time.process_time(), time.perf_counter()
        time.sleep(IDLE)
        if time.process_time() - used < SPINNING * (time.perf_counter() - start):
            return


def best(
    calls: dict[str, Callable[[], object]], rounds: int, *, settled: bool = True
) -> dict[str, float]:
    """The best time of each call in seconds, over `rounds` rounds of all of them in turn."""
    seconds = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            if settled:
                settle()
            start = time.perf_counter()
            call()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    return seconds


def best_of_all(
    calls: dict[str, Callable[[], object]], slow: dict[str, Callable[[], object]], rounds: int
) -> dict[str, float]:
    """`best` of the calls, and of the slow ones in a few rounds with them."""
    seconds = best(calls, rounds)
    once_more = best({**slow, **calls}, min(SLOW_ROUNDS, rounds))
    return once_more | {name: min(time, once_more[name]) for name, time in seconds.items()}
