"""Peak extra memory of evaluations and fits, each in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import children
from benchmarks.data import DTYPES
from benchmarks.works import Columns, Peak

LAYOUTS = ["C", "F", "C rows strided", "C reversed", "separate columns"]
CHILD = Path(__file__).with_name("peak_memory.py")
# An allocator that keeps what the warm call freed would serve the measured one from it.
GIVE_BACK = {
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "0",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
NAMES = {
    "linear": "{layout}, {dtype}, d = {d}, K = {K}",
    "predictions": "{work}, {layout}",
}
FIT = "{work}, {layout}, {dtype}, d = {d}"
PEAKS = ("Expression.fit", "curve_fit")
Record = dict[str, Any]


def problems(*, quick: bool = False) -> Iterator[Record]:
    """Every layout and dtype; narrow and wide rows, many thetas and weights in float64; tables,
    predictions, and Numba.
    """
    yield from quick_problems() if quick else all_problems()


def quick_problems() -> Iterator[Record]:
    yield from (problem(layout=layout) for layout in (*LAYOUTS, "table"))
    yield problem("predictions, gradient into out", "contiguous")


def all_problems() -> Iterator[Record]:
    for layout in LAYOUTS:
        yield from (problem(layout=layout, dtype=dtype) for dtype in DTYPES)
    for layout in ("C", "F"):
        yield from (problem(layout=layout, d=d) for d in (2, 2000))
        yield from (problem(layout=layout, K=K) for K in (4, 100))
        yield problem(layout=layout, weighted=True)
    for layout in ("table", "table in chunks"):
        yield from (problem(layout=layout, dtype=dtype) for dtype in ("float64", "int8"))
    for work in ("predictions, value", "predictions, gradient into out"):
        layouts = ("contiguous", "strided", "3-D", "table in chunks")
        yield from (problem(work, layout) for layout in layouts)
    yield problem("predictions, gradient into out", "contiguous", weighted=True)
    yield problem(layout="C", backend="numba")
    yield problem(layout="F", dtype="int8", backend="numba")
    yield problem("predictions, gradient into out", "contiguous", backend="numba")


def fits(*, quick: bool = False) -> Iterator[Record]:
    """Every method, of float32: narrow and wide rows, both orders, weights, tables."""
    if quick:
        yield problem("gram", dtype="float32")
        return
    for work in ("gram", "gram2", "cg", "two targets", "robust", "SufficientStatistics"):
        yield problem(work, "C", "float32")
        yield problem(work, "F", "float32", weighted=True)
    yield problem("gram", "table in chunks", "float32")
    for d in (10, 1000):
        yield problem("gram", "C", "float32", d)
    yield problem("cg", "F", "float32", 10_000)


def nonlinear() -> Iterator[Record]:
    """A nonlinear fit, and scipy's of the same points."""
    yield from (problem(work, "contiguous", d=1) for work in PEAKS)


def problem(
    work: str = "linear",
    layout: str = "C",
    dtype: str = "float64",
    d: int = 50,
    K: int = 1,
    weighted: bool = False,
    backend: str = "",
) -> Record:
    """An evaluation or a fit; by the backend of the whole run where none is named."""
    d = 1 if work.startswith("predictions") else d
    return {"work": work, "layout": layout, "dtype": dtype, "d": d, "K": K,
            "weighted": weighted, "backend": backend}  # fmt: skip


def name_of(problem: Record) -> str:
    if problem["work"] in PEAKS:
        return problem["work"]
    name = NAMES.get(problem["work"].partition(",")[0], FIT).format(**problem)
    weights = ", weights" if problem["weighted"] else ""
    backend = f", {problem['backend']}" if problem["backend"] else ""
    return name + weights + backend


def measured(problem: Record, values: int, n_threads: int, backend: str) -> Record:
    """Peak resident bytes during the call beyond those before it."""
    record = {"group": group_of(problem), "name": name_of(problem), "threads": n_threads, **problem}
    if reason := missing(problem):
        return {**record, "skipped": reason}
    asked = {**problem, "values": values, "n_threads": n_threads}
    asked["backend"] = problem["backend"] or backend
    return {**record, "values": values, **children.answer(CHILD, asked, GIVE_BACK)}


def group_of(problem: Record) -> str:
    if problem["work"] in PEAKS:
        return "nonlinear memory"
    return "memory" if problem["work"].startswith(tuple(NAMES)) else "fit memory"


def missing(problem: Record) -> str:
    if not Path("/proc/self/clear_refs").exists():
        return "only Linux tells a process its peak memory and resets it"
    if problem["work"] in PEAKS:
        return Peak.missing()
    return Columns.missing() if problem["layout"].startswith("table") else ""
