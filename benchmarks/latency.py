"""Small works, called again and again: what a call costs, and how fast the caches are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import repeat
from typing import Any

import fastmse as fm
from benchmarks import roof, rounds
from benchmarks.rivals.numpy_in_place import NumPyInPlace
from benchmarks.rivals.numpy_naive import NumPy
from benchmarks.works import Linear, Predictions, Work

SIZES = [10, 100, 1000, 10_000, 100_000, 1_000_000]
FEATURES = 5
IN_CACHE = 100_000  # elements: 1.6 MB of y and f
Record = dict[str, Any]


def points(largest: int) -> Iterator[tuple[str, int]]:
    """(work, rows) of every point to measure."""
    yield from ((name, n) for name in WORKS for n in SIZES if n <= largest)


def predictions(n: int) -> tuple[Work, Callable[[], Any]]:
    work = Predictions(n, grad=False)
    return work, partial(fm.mse, work.y, work.f)


def linear(n: int) -> tuple[Work, Callable[[], Any]]:
    work = Linear(-(-n * FEATURES * 100 // 97), FEATURES)
    X, y = work.X[:n], work.y[:n]
    return work, partial(work.model.evaluate, X, y, work.theta)


WORKS = {"mse": predictions, f"Linear.evaluate, d = {FEATURES}": linear}


def measured(name: str, n: int, n_rounds: int) -> Record:
    """Best seconds a call of ours, as a user writes it, and of NumPy, on n rows."""
    work, ours = WORKS[name](n)
    calls = {"ours": ours}
    for rival in (NumPy(1), NumPyInPlace(1)):
        calls[rival.name] = work.of_rival(rival)
    seconds = each(calls, times(n), n_rounds)
    return {"group": "latency", "name": f"{name}, n = {n}", "work": name, "n": n,
            "threads": 1, "seconds": seconds}  # fmt: skip


def in_cache(n_rounds: int, backend: str) -> Record:
    """MSE of predictions that lie in the cache, on one core, beside the probe's read of them."""
    work = Predictions(IN_CACHE, grad=False)
    calls = {
        "ours": partial(fm.mse, work.y, work.f, backend=backend, n_threads=1),
        "roof": partial(roof.read, work.arrays, 1),
    }
    seconds = each(calls, times(IN_CACHE), n_rounds)
    return {"group": "cache", "name": f"n = {IN_CACHE}", "threads": 1,
            **work.facts._asdict(), "seconds": seconds}  # fmt: skip


def times(n: int) -> int:
    """Calls in a row: enough of them for the clock, some milliseconds."""
    return max(20_000 // (1 + n // 100), 3)


def each(calls: dict[str, Callable[[], Any]], times: int, n_rounds: int) -> dict[str, float]:
    """Best seconds of one of `times` calls in a row."""
    rows = {name: partial(in_a_row, call, times) for name, call in calls.items()}
    return {name: seconds / times for name, seconds in rounds.best(rows, n_rounds).items()}


def in_a_row(call: Callable[[], Any], times: int) -> None:
    for _ in repeat(None, times):
        call()
