"""One-pass evaluation against NumPy, on the same arrays in memory."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastmse as fm
from fastmse.sources import Rows

Array = NDArray[np.float64]
Contest = dict[str, Callable[[], Any]]

MOST_ROWS = 1_000_000  # 160 MB of 20 features: far beyond any cache
SECONDS = 1.0  # for each contest, and at least one round
HEADINGS = ("fastmse", "NumPy by hand", "NumPy reference")


def race(rows: Rows, theta: Array) -> str:
    """Time the evaluations interleaved, so that a slow moment hits all alike; tell the best."""
    X, y = _in_memory(rows)
    predictions = theta[0] + X @ theta[1:]
    contests = {
        "predictions and gradient": _predictions(y, predictions),
        "linear model and gradient": _linear(X, y, theta),
    }
    lines = [f"{'':<26}" + "".join(f"{heading:>22}" for heading in HEADINGS)]
    for name, contest in contests.items():
        times = _best_times(contest)
        cells = [f"{1e3 * time:.3f} ms ({time / times[0]:.1f}x)" for time in times]
        lines.append(f"{name:<26}" + "".join(f"{cell:>22}" for cell in cells))
    return "\n".join(lines)


def _in_memory(rows: Rows) -> tuple[Array, Array]:
    """Return the first rows as arrays, X row by row."""
    longest = max(MOST_ROWS // len(next(rows()).y), 1)
    blocks = list(islice(rows(), longest))
    X = np.ascontiguousarray(np.concatenate([block.X for block in blocks]))
    return X, np.concatenate([block.y for block in blocks])


def _predictions(y: Array, predictions: Array) -> Contest:
    def by_hand() -> tuple[Any, Array]:
        residuals = predictions - y
        return residuals @ residuals / len(y), 2 / len(y) * residuals

    return {
        "fastmse": lambda: fm.evaluate(y, predictions),
        "NumPy by hand": by_hand,
        "NumPy reference": lambda: fm.evaluate(y, predictions, backend="numpy"),
    }


def _linear(X: Array, y: Array, theta: Array) -> Contest:
    model = fm.Linear(intercept=True)

    def by_hand() -> tuple[Any, Array]:
        residuals = X @ theta[1:] + theta[0] - y
        gradient = np.concatenate([[residuals.sum()], residuals @ X])
        return residuals @ residuals / len(y), 2 / len(y) * gradient

    return {
        "fastmse": lambda: model.evaluate(X, y, theta),
        "NumPy by hand": by_hand,
        "NumPy reference": lambda: model.evaluate(X, y, theta, backend="numpy"),
    }


def _best_times(contest: Contest) -> list[float]:
    best = dict.fromkeys(contest, np.inf)
    end = perf_counter() + SECONDS
    while perf_counter() < end:
        for name, run in contest.items():
            start = perf_counter()
            run()
            best[name] = min(best[name], perf_counter() - start)
    return list(best.values())
