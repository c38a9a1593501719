"""``python peak_memory.py PROBLEM``: the peak memory of one evaluation or fit, as JSON.

The data are made first and the code is warm; then Linux's high-water mark is reset.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

import fastmse as fm
from benchmarks import peaks
from fastmse.columns import Columns

WARM_VALUES = 2**18  # more than run serially: Numba compiles its parallel loops, too


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
    y, f, out = RUNS[problem["layout"]](n)
    weights = a_third_zeros(out.size).reshape(out.shape) if problem["weighted"] else None
    asked = {"grad": False} if problem["work"] == "predictions, value" else {"out": out}
    return partial(fm.evaluate, y, f, sample_weight=weights, **asked)


def linear(problem: dict[str, Any], n: int) -> Callable[[], object]:
    d = problem["d"]
    X = MATRICES[problem["layout"]](n, d, problem["dtype"])
    theta = np.ones(d) if problem["K"] == 1 else np.ones((problem["K"], d))
    weights = a_third_zeros(n) if problem["weighted"] else None
    return partial(fm.Linear().evaluate, X, numbers(n), theta, sample_weight=weights)


def fit(problem: dict[str, Any], n: int) -> Callable[..., object]:
    d = problem["d"]
    X = MATRICES[problem["layout"]](n, d, problem["dtype"])
    y = np.random.default_rng(1).standard_normal(n)
    weights = 1.0 + a_third_zeros(n) if problem["weighted"] else None
    return partial(FITS[problem["work"]], X, y, weights)


def by(method: str) -> Callable[..., object]:
    """`Linear.fit` by one of its methods."""

    def fitted(X: Any, y: Any, weights: Any, **options: Any) -> object:
        kind = {"method": method, "sample_weight": weights}
        return fm.Linear(intercept=True).fit(X, y, **kind, **options)

    return fitted


def of_targets(X: Any, y: Any, weights: Any, **options: Any) -> object:
    both = np.broadcast_to(y[:, None], (len(y), 2))
    return fm.Linear(intercept=True).fit(X, both, method="gram", sample_weight=weights, **options)


def robust(X: Any, y: Any, weights: Any, **options: Any) -> object:
    found = fm.Linear(intercept=True).fit(X, y, method="gram", sample_weight=weights, **options)
    return found.robust("HC3")


def statistics(X: Any, y: Any, weights: Any, **options: Any) -> object:
    found = fm.SufficientStatistics(X.shape[1], intercept=True, **options)
    found.update(X, y, weights)
    return found.fit()


def of_expression(x: Any, y: Any, **options: Any) -> object:
    return peaks.model().fit(x, y, peaks.START, **options)


def by_curve_fit(x: Any, y: Any, *, n_threads: int) -> object:
    return peaks.curve_fit(x, y)


def nonlinear(problem: dict[str, Any], n: int) -> Callable[..., object]:
    return partial(PEAKS[problem["work"]], *peaks.data(n))


def a_third_zeros(n: int) -> Any:
    return np.arange(n) % 3.0


def beside(n: int) -> Any:
    """y, f and out in two pieces of memory."""
    memory = numbers(n + 1)
    return memory[1:], memory[:-1], np.ones(n)


def strided(n: int) -> Any:
    """y and f by turns; the gradient in the place of f."""
    memory = numbers(2 * n).reshape(n, 2)
    return memory[:, 0], memory[:, 1], memory[:, 1]


def three_axes(n: int) -> Any:
    """The same in 3-D, where no single stride describes the elements."""
    memory = numbers(n // 1000 * 1100 * 2).reshape(2, -1, 10, 110)[..., :100]
    return memory[0], memory[1], memory[1]


def in_chunks(n: int) -> Any:
    """y and f, cut elsewhere each."""
    return table(n, 1, "float64", 3).column(0), table(n, 1, "float64", 5).column(0), np.ones(n)


def by_rows(n: int, d: int, dtype: str) -> Any:
    return numbers(n * d, dtype).reshape(n, d)


def by_columns(n: int, d: int, dtype: str) -> Any:
    return numbers(n * d, dtype).reshape(d, n).T


def columns(n: int, d: int, dtype: str) -> Columns:
    """What a table becomes, of dtypes that no table has, too."""
    return Columns([numbers(n, dtype) for _ in range(d)], [f"x{j}" for j in range(d)], n)


def table(n: int, d: int, dtype: str, pieces: int = 1) -> Any:
    import pyarrow as pa

    def column() -> Any:
        return pa.chunked_array(np.array_split(numbers(n, dtype), pieces))

    return pa.table({f"x{j}": column() for j in range(d)})


FITS: dict[str, Callable[..., object]] = {
    "gram": by("gram"),
    "gram2": by("gram2"),
    "cg": by("cg"),
    "two targets": of_targets,
    "robust": robust,
    "SufficientStatistics": statistics,
}
PEAKS: dict[str, Callable[..., object]] = {
    "Expression.fit": of_expression,
    "curve_fit": by_curve_fit,
}
RUNS: dict[str, Callable[[int], Any]] = {
    "contiguous": beside,
    "strided": strided,
    "3-D": three_axes,
    "table in chunks": in_chunks,
}
MATRICES: dict[str, Callable[[int, int, str], Any]] = {
    "C": by_rows,
    "F": by_columns,
    "C rows strided": lambda n, d, dtype: by_rows(n, d + 3, dtype)[:, :d],
    "C reversed": lambda n, d, dtype: by_rows(n, d, dtype)[::-1, ::-1],
    "separate columns": columns,
    "table": table,
    "table in chunks": partial(table, pieces=3),
}


def main(problem: dict[str, Any]) -> None:
    options = {"n_threads": problem["n_threads"]}
    if problem["work"] in FITS:
        make = fit
    elif problem["work"] in PEAKS:
        make = nonlinear
    else:
        make = linear if problem["work"] == "linear" else predictions
        options["backend"] = problem["backend"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of digits and iterations: the numbers repeat
        make(problem, WARM_VALUES // problem["d"])(**options)
        call = make(problem, problem["values"] // problem["d"])
        print(json.dumps({"peak": peak(partial(call, **options))}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
