"""A work with a stage left out, in the same rounds: what is it that holds it up?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks.cases import Case
from benchmarks.works import Linear, Work

CACHED_VALUES = 2**19
"""4 MiB, read again and again from the last cache: memory left out."""

MOST_FEATURES = 512
"""Up to here those are a thousand rows; of fewer a call's own cost would be timed."""


def without_gradient(work: Work, n_threads: int, backend: str) -> Callable[[], object] | None:
    """Our call that touches each row once."""
    if not isinstance(work, Linear):
        return None
    return partial(work.ours, backend, n_threads, grad=False)


def in_cache(case: Case, work: Work) -> Work | None:
    """The same work, of a few rows."""
    if not isinstance(work, Linear) or work.facts.d > MOST_FEATURES:
        return None
    return case.make(CACHED_VALUES)
