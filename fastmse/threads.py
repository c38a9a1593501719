"""How many threads a call may use, and that a forked child uses one."""

from __future__ import annotations

import os
from functools import cache
from math import ceil
from pathlib import Path

from fastmse.machine import openmp_threads

_IMPORT_PID = os.getpid()


def forked() -> bool:
    """Whether this process was forked from the one that imported fastmse.

    An OpenMP pool does not survive a fork: a parallel region in the child waits for
    threads that are not there. Every kernel runs serially then.
    """
    return os.getpid() != _IMPORT_PID


def resolve(n_threads: int | None = None) -> int:
    """The number of threads for a call.

    `n_threads` if given; else ``FASTMSE_NUM_THREADS``; else what OpenMP was told
    (``OMP_NUM_THREADS``, threadpoolctl); else the CPUs this process may use. Always 1 in a
    forked child.

    Raises
    ------
    TypeError, ValueError
        If `n_threads` or the variable is not an integer >= 1.
    """
    wanted = _checked(n_threads) if n_threads is not None else _from_environment()
    if forked():
        return 1
    return wanted if wanted is not None else _told_openmp() or available_cpus()


def available_cpus() -> int:
    """CPUs this process may use: its affinity mask, capped by its cgroup's quota."""
    try:
        affinity = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        affinity = os.cpu_count() or 1
    return min(affinity, _cgroup_quota() or affinity)


def _checked(n_threads: int) -> int:
    try:
        value = n_threads.__index__()
    except AttributeError:
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
    """OpenMP's setting, where somebody made one; None where it is only the CPU count."""
    limit, processors = openmp_threads()
    told = limit != processors or "OMP_NUM_THREADS" in os.environ
    return limit if told else None


@cache
def _cgroup_quota() -> int | None:
    """CPUs that the cgroup's bandwidth limit amounts to, rounded up; None without one."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            folder = Path("/sys/fs/cgroup/cpu")
            quota = (folder / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if quota in {"max", "-1"}:
        return None
    return max(ceil(int(quota) / int(period)), 1)
