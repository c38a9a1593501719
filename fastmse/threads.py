"""How many threads a call may use, and that a forked child uses one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from math import ceil
from operator import index
from pathlib import Path

from fastmse.machine import openmp_threads

MAX_THREADS = 512
"""More are never at work; libgomp ends the process where it finds no room for their stacks."""

_IMPORT_PID = os.getpid()
_IMPORT_PROCESSORS = openmp_threads()[1]
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


def _forked_without_exec() -> bool:
    """Linux's PF_FORKNOEXEC: the parent's OpenMP pool, if it had one, is not here."""
    try:
        flags = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[6]
    except (OSError, IndexError):
        return False
    return bool(int(flags) & 0x40)


_FORKED_AT_IMPORT = _forked_without_exec()


def forked() -> bool:
    """Whether this process was forked and runs on: from the one that imported fastmse, or before.

    An OpenMP pool does not survive a fork: a parallel region in the child waits for
    threads that are not there. Every kernel runs serially then.
    """
    return _FORKED_AT_IMPORT or os.getpid() != _IMPORT_PID


def resolve(n_threads: int | None = None) -> int:
    """The number of threads for a call.

    `n_threads` if given; else ``FASTMSE_NUM_THREADS``; else what OpenMP was told
    (``OMP_NUM_THREADS``, threadpoolctl); else the CPUs this process may use. Never more than
    `MAX_THREADS`; always 1 in a forked child.

    Raises
    ------
    TypeError, ValueError
        If `n_threads` or the variable is not an integer >= 1.
    """
    wanted = requested(n_threads)
    if forked():
        return 1
    return min(wanted or _told_openmp() or available_cpus(), MAX_THREADS)


def requested(n_threads: int | None) -> int | None:
    """What the caller or ``FASTMSE_NUM_THREADS`` asks for, checked; None if neither does."""
    return _checked(n_threads) if n_threads is not None else _from_environment()


def available_cpus() -> int:
    """CPUs this process may use: its affinity mask, capped by its cgroup's quota."""
    try:
        affinity = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        affinity = os.cpu_count() or 1
    return min(affinity, _cgroup_quota() or affinity)


def _checked(n_threads: int) -> int:
    try:
        if isinstance(n_threads, bool):  # True would mean 1: no threads
            raise TypeError
        value = index(n_threads)
    except TypeError:
        raise TypeError(
            f"n_threads: got {n_threads!r} of type {type(n_threads).__name__}; "
            "want an integer >= 1, or None"
        ) from None
    if value < 1:
        raise ValueError(f"n_threads: got {value}; want an integer >= 1, or None")
    return value


def _from_environment() -> int | None:
    text = os.environ.get("FASTMSE_NUM_THREADS")
    if text is None:
        return None
    if not text.strip().isdecimal() or int(text) < 1:
        raise ValueError(f"FASTMSE_NUM_THREADS: got {text!r}; want an integer >= 1")
    return int(text)


def _told_openmp() -> int | None:
    """OpenMP's setting, where somebody made one; None where it is only a CPU count.

    Its default is the CPUs at import, whatever the affinity has become since.
    """
    limit, processors = openmp_threads()
    told = limit not in {processors, _IMPORT_PROCESSORS} or "OMP_NUM_THREADS" in os.environ
    return limit if told else None


@cache
def _cgroup_quota() -> int | None:
    """CPUs that the tightest bandwidth limit on this process amounts to, rounded up."""
    quotas = [int(quota) / int(period) for quota, period in _limits() if quota not in _UNLIMITED]
    return max(ceil(min(quotas)), 1) if quotas else None


_UNLIMITED = {"max", "-1"}


def _limits() -> Iterator[tuple[str, str]]:
    """(quota, period) of the root (version 1), and of the process's own cgroup and each one
    around it (version 2)."""
    folder = _CGROUPS / "cpu"
    first = _words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us")
    own = next((word[3:] for word in _words(_OWN_CGROUP) if word.startswith("0::/")), "/")
    around = [Path(own), *Path(own).parents]
    second = [_words(_CGROUPS / path.relative_to("/") / "cpu.max") for path in around]
    for words in [first, *second]:
        if len(words) == 2:
            yield words[0], words[1]


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
