"""Peak extra memory of evaluations, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.data import DTYPES
from benchmarks.works import Columns

LAYOUTS = ["C", "F", "C rows strided", "C reversed"]
CHILD = Path(__file__).with_name("peak_memory.py")
Record = dict[str, Any]


def problems(*, quick: bool = False) -> Iterator[Record]:
    """Every layout and dtype; wide rows, four thetas, weights and tables in float64."""
    for layout in LAYOUTS:
        for dtype in ["float64"] if quick else DTYPES:
            yield problem(layout=layout, dtype=dtype)
    for layout in ("C", "F"):
        yield problem(layout=layout, d=2000)
        yield problem(layout=layout, K=4)
        yield problem(layout=layout, weighted=True)
    yield problem(layout="table")
    yield problem(work="predictions, value")
    yield problem(work="predictions, gradient into out")


def problem(
    work: str = "linear",
    layout: str = "C",
    dtype: str = "float64",
    d: int = 50,
    K: int = 1,
    weighted: bool = False,
) -> Record:
    d = d if work == "linear" else 1
    return {"work": work, "layout": layout, "dtype": dtype, "d": d, "K": K, "weighted": weighted}


def name_of(problem: Record) -> str:
    if problem["work"] != "linear":
        return problem["work"]
    weights = ", weights" if problem["weighted"] else ""
    return "{layout}, {dtype}, d = {d}, K = {K}".format(**problem) + weights


def measured(problem: Record, values: int, n_threads: int, backend: str) -> Record:
    """Peak resident bytes during the call beyond those before it."""
    record = {"group": "memory", "name": name_of(problem), "threads": n_threads, **problem}
    if reason := missing(problem):
        return {**record, "skipped": reason}
    asked = {**problem, "values": values, "n_threads": n_threads, "backend": backend}
    # The child finds what this process has found: with -P its own folder is no place to look.
    path = os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)
    done = subprocess.run(
        [sys.executable, "-P", str(CHILD), json.dumps(asked)],
        env={**os.environ, "PYTHONPATH": path},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return {**record, "values": values, **json.loads(done.stdout)}


def missing(problem: Record) -> str:
    if not Path("/proc/self/clear_refs").exists():
        return "only Linux tells a process its peak memory and resets it"
    return Columns.missing() if problem["layout"] == "table" else ""
