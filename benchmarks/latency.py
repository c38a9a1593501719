"""Small works, called again and again: what a call costs, and how fast the caches are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import repeat
from typing import Any

import fastmse as fm
from benchmarks import roof, rounds
from benchmarks.options import Options
from benchmarks.rivals.numpy_in_place import NumPyInPlace
from benchmarks.rivals.numpy_naive import NumPy
from benchmarks.works import Linear, Predictions, Work

SIZES = [10, 100, 1000, 10_000, 100_000, 1_000_000]
QUICK = [100, 10_000]
FEATURES = 5
IN_CACHE = 100_000  # elements: 1.6 MB of y and f
Record = dict[str, Any]


def points(options: Options) -> Iterator[tuple[str, int]]:
    """(work, rows) of every point to measure."""
    sizes = QUICK if options.quick else SIZES
    yield from ((name, n) for name in WORKS for n in sizes if n <= options.values)


def predictions(n: int) -> tuple[Work, Callable[[], Any]]:
    work = Predictions(n, grad=False)
    return work, partial(fm.mse, work.y, work.f)


def linear(n: int) -> tuple[Work, Callable[[], Any]]:
    work = Linear(-(-n * FEATURES * 100 // 97), FEATURES)
    X, y = work.X[:n], work.y[:n]
    return work, partial(work.model.evaluate, X, y, work.theta)


WORKS = {"mse": predictions, f"Linear.evaluate, d = {FEATURES}": linear}


def measured(name: str, n: int, options: Options) -> Record:
    """Best seconds a call of ours, as a user writes it, and of NumPy, on n rows."""
    work, ours = WORKS[name](n)
    calls = {"ours": ours}
    for rival in (NumPy(1), NumPyInPlace(1)):
        calls[rival.name] = work.of_rival(rival)
    seconds = each(calls, times(n), options)
    return {"group": "latency", "name": f"{name}, n = {n}", "work": name, "n": n,
            "threads": 1, "seconds": seconds}  # fmt: skip


def in_cache(options: Options) -> Record:
    """MSE of predictions that lie in the cache, on one core, beside the probe's read of them."""
    work = Predictions(IN_CACHE, grad=False)
    calls = {
        "ours": partial(fm.mse, work.y, work.f, backend=options.backend, n_threads=1),
        "roof": partial(roof.read, work.arrays, 1),
    }
    seconds = each(calls, times(IN_CACHE), options)
    return {"group": "cache", "name": f"n = {IN_CACHE}", "threads": 1,
            **work.facts._asdict(), "seconds": seconds}  # fmt: skip


def times(n: int) -> int:
    """Calls in a row: enough of them for the clock, some milliseconds."""
    return max(20_000 // (1 + n // 100), 3)


def each(calls: dict[str, Callable[[], Any]], times: int, options: Options) -> dict[str, float]:
    """Best seconds of one of `times` calls in a row."""
    rows = {name: partial(in_a_row, call, times) for name, call in calls.items()}
    seconds = rounds.best(rows, options.rounds, settled=options.settled)
    return {name: taken / times for name, taken in seconds.items()}


def in_a_row(call: Callable[[], Any], times: int) -> None:
    for _ in repeat(None, times):
        call()
