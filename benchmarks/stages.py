"""A work with a stage left out, in the same rounds: what is it that holds it up?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks.cases import Case
from benchmarks.works import Linear, Work

CACHED_VALUES = 2**20
"""8 MiB, which the last cache holds: memory left out."""

REPEATS = 8
"""Of the cached call: the first of them finds the cache full of something else."""

MOST_FEATURES = 512
"""Up to here those are 2000 rows; of fewer a call's own cost would be timed."""


def calls(case: Case, work: Work, n_threads: int, backend: str) -> dict[str, Callable[[], object]]:
    """Ours without the gradient, which touches each row once, and without the memory."""
    if not isinstance(work, Linear):
        return {}
    found: dict[str, Callable[[], object]] = {
        "value": partial(work.ours, backend, n_threads, grad=False)
    }
    if work.facts.d <= MOST_FEATURES:
        found["cached"] = partial(again, case.make(CACHED_VALUES), n_threads, backend)
    return found


def again(work: Work, n_threads: int, backend: str) -> None:
    for _ in range(REPEATS):
        work.ours(backend, n_threads)


def cached_rows(case: Case) -> int:
    """Rows that the cached call touches."""
    return REPEATS * case.make(CACHED_VALUES).facts.n
