"""``python peak_memory.py LAYOUT DTYPE D``: bytes that became resident during evaluations.

X takes 80 MB in its dtype. K = 4 thetas on two threads, without and with weights, some of them
zero. The data are made first and the code is warm; then Linux's high-water mark is reset.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from storage import dtype_of

import fastmse as fm
from fastmse.columns import Columns

SIZE = 80_000_000
K, THREADS = 4, 2


def resident(mark: str) -> int:
    """Bytes of VmRSS, what is resident, or VmHWM, the most that was."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(mark)) * 1024


def peak(call: Callable[[], object]) -> int:
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM = VmRSS
    call()
    return resident("VmHWM") - before


def numbers(count: int, dtype: str) -> np.ndarray:
    some = np.random.default_rng(0).integers(-60, 60, 2**16)
    return np.resize(some.astype(dtype_of(dtype)), count)


def by_rows(n: int, d: int, dtype: str) -> np.ndarray:
    return numbers(n * d, dtype).reshape(n, d)


def columns(n: int, d: int, dtype: str) -> Columns:
    return Columns([numbers(n, dtype) for _ in range(d)], [f"x{j}" for j in range(d)], n)


def arrow(n: int, d: int, dtype: str) -> Any:
    import pyarrow as pa

    return pa.table({f"x{j}": numbers(n, dtype) for j in range(d)})


LAYOUTS: dict[str, Callable[[int, int, str], Any]] = {
    "C": by_rows,
    "F": lambda n, d, dtype: by_rows(d, n, dtype).T,
    "C rows strided": lambda n, d, dtype: by_rows(n, d + 3, dtype)[:, :d],
    "C reversed": lambda n, d, dtype: by_rows(n, d, dtype)[::-1, ::-1],
    "columns": columns,
    "table": arrow,
}


def evaluations(layout: str, dtype: str, d: int, n: int) -> list[Callable[[], object]]:
    X, y, w = LAYOUTS[layout](n, d, dtype), numbers(n, "f8"), abs(numbers(n, "f8"))
    theta = np.ones((K, d))
    return [
        lambda weights=weights: fm.Linear().evaluate(
            X, y, theta, sample_weight=weights, n_threads=THREADS
        )
        for weights in (None, w)
    ]


def main(layout: str, dtype: str, d: int) -> list[int]:
    for warm in evaluations(layout, dtype, d, 200_000 // d):
        warm()
    return [
        peak(call) for call in evaluations(layout, dtype, d, SIZE // dtype_of(dtype).itemsize // d)
    ]


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
