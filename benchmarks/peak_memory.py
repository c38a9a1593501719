"""``python peak_memory.py PROBLEM``: the peak memory of one evaluation, as JSON.

The data are made first and the code is warm; then Linux's high-water mark is reset.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

import fastmse as fm


def resident(mark: str) -> int:
    """Bytes of VmRSS, what is resident, or VmHWM, the most that was."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(mark)) * 1024


def peak(call: Callable[[], object]) -> int:
    """Bytes that became resident during the call."""
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM = VmRSS
    call()
    return resident("VmHWM") - before


def numbers(count: int, dtype: str = "float64") -> Any:
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    return np.resize((10 * np.random.default_rng(0).standard_normal(2**16)).astype(kind), count)


def predictions(problem: dict[str, Any], n: int) -> Callable[[], object]:
    y, f = numbers(n), numbers(n)[::-1]
    if problem["work"] == "predictions, value":
        return partial(fm.evaluate, y, f, grad=False)
    return partial(fm.evaluate, y, f, out=np.ones(n))


def linear(problem: dict[str, Any], n: int) -> Callable[[], object]:
    d = problem["d"]
    X = LAYOUTS[problem["layout"]](n, d, problem["dtype"])
    theta = np.ones(d) if problem["K"] == 1 else np.ones((problem["K"], d))
    weights = np.ones(n) if problem["weighted"] else None
    return partial(fm.Linear().evaluate, X, numbers(n), theta, sample_weight=weights)


def by_rows(n: int, d: int, dtype: str) -> Any:
    return numbers(n * d, dtype).reshape(n, d)


def by_columns(n: int, d: int, dtype: str) -> Any:
    return numbers(n * d, dtype).reshape(d, n).T


def table(n: int, d: int, dtype: str) -> Any:
    import pyarrow as pa

    return pa.table({f"x{j}": numbers(n, dtype) for j in range(d)})


LAYOUTS: dict[str, Callable[[int, int, str], Any]] = {
    "C": by_rows,
    "F": by_columns,
    "C rows strided": lambda n, d, dtype: by_rows(n, d + 3, dtype)[:, :d],
    "C reversed": lambda n, d, dtype: by_rows(n, d, dtype)[::-1, ::-1],
    "table": table,
}


def main(problem: dict[str, Any]) -> None:
    make = linear if problem["work"] == "linear" else predictions
    options = {"backend": problem["backend"], "n_threads": problem["n_threads"]}
    make(problem, 4)(**options)
    call = make(problem, problem["values"] // problem["d"])
    print(json.dumps({"peak": peak(partial(call, **options))}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
