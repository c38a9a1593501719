"""Binding the whole process to a few CPUs, for libraries whose threads cannot be counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TASKS = Path("/proc/self/task")


@contextmanager
def cores(count: int) -> Iterator[None]:
    """Every thread of this process on the first `count` of its CPUs; elsewhere than on Linux
    on all of them.
    """
    before = affinities()
    for task, cpus in before.items():
        bind(task, set(sorted(cpus)[:count]))
    try:
        yield
    finally:
        for task in threads():
            bind(task, before.get(task, before[os.getpid()]))


def affinities() -> dict[int, set[int]]:
    found = {}
    for task in threads():
        with suppress(ProcessLookupError):  # it has ended
            found[task] = os.sched_getaffinity(task)
    return found


def threads() -> list[int]:
    return [int(task.name) for task in TASKS.iterdir()] if TASKS.exists() else []


def bind(task: int, cpus: set[int]) -> None:
    with suppress(ProcessLookupError):
        os.sched_setaffinity(task, cpus)
