"""One Markdown table of all works: fraction of the read roof, ratios to NumPy, error in ulp."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

import fastmse as fm
from benchmarks import exact, roof, rounds
from benchmarks.works import Work, table_works
from fastmse.kernels import compiled

COLUMNS = (
    "work", "threads", "fraction of the read roof",
    "times faster than NumPy", "than NumPy in place", "error of SSE (ulp)",
)  # fmt: skip


def lines(values: int, n_rounds: int, threads: tuple[int, ...], backend: str) -> Iterator[str]:
    """The table, line by line, as soon as each is measured."""
    yield machine(values, n_rounds, backend)
    yield ""
    yield row(COLUMNS)
    yield row(["---"] + ["---:"] * (len(COLUMNS) - 1))
    for name, make in table_works().items():
        error = ulp(make(min(values, exact.MAX_VALUES)), backend)
        work = make(values)
        for n_threads in threads:
            seconds = compare(work, n_rounds, n_threads, backend)
            ratios = [seconds[rival] / seconds["ours"] for rival in ("roof", "numpy", "in place")]
            cells = [f"{ratio:.2f}" for ratio in ratios]
            yield row([name, str(n_threads), *cells, f"{error:.2f}"])


def compare(work: Work, n_rounds: int, n_threads: int, backend: str) -> dict[str, float]:
    """Best seconds of the roof, ours and both NumPy rivals, in interleaved rounds."""
    calls: dict[str, Callable[[], object]] = {
        "roof": partial(roof.read, work.arrays, n_threads),
        "ours": partial(work.ours, backend, n_threads),
        "numpy": work.numpy,
        "in place": work.numpy_in_place,
    }
    with threadpool_limits(limits=n_threads, user_api="blas"):
        return rounds.best(calls, n_rounds)


def ulp(work: Work, backend: str) -> float:
    """Error of our SSE of a small work; for a linear model that of θᵀx is part of it."""
    return exact.ulp(work.ours(backend, 1).sse, work.exact_sse())


def machine(values: int, n_rounds: int, backend: str) -> str:
    """What the numbers below depend on, in one line."""
    return (
        f"fastmse {fm.__version__}, backend {backend}, {compiled.describe()['isa']}, "
        f"NumPy {np.__version__}, {os.cpu_count()} CPUs ({platform.machine()}), "
        f"largest array {values * 8 / 2**20:.3g} MiB, best of {n_rounds} interleaved rounds"
    )


def row(cells: tuple[str, ...] | list[str]) -> str:
    """A line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"
