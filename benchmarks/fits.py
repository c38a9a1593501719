"""Linear fits against the read of their data, NumPy's matrix product, and scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

import fastmse as fm
from benchmarks import data, roof, rounds

Record = dict[str, Any]
Array = NDArray[np.float64]
Calls = dict[str, Callable[[], object]]

FEATURES = {"C": [1, 2, 4, 8, 10, 32, 64, 100, 128, 200, 500], "F": [2, 10, 64, 500]}
QUICK_FEATURES = {"C": [8, 64], "F": [8]}
VALUES, QUICK_VALUES = 20_000_000, 200_000
PRODUCT = 1200  # rows of the square matrices whose product is the peak: 35 MB of three of them

SCIKIT_LEARN, INTELEX = "scikit-learn", "scikit-learn-intelex"
MODULES = {SCIKIT_LEARN: "sklearn.linear_model", INTELEX: "sklearnex.linear_model"}


def problems(*, quick: bool = False) -> Iterator[tuple[str, int]]:
    """Order and number of features."""
    for order, widths in (QUICK_FEATURES if quick else FEATURES).items():
        for d in widths:
            yield order, d


def name_of(problem: tuple[str, int]) -> str:
    order, d = problem
    return f"{order} order, d = {d}"


def measured(problem: tuple[str, int], n_rounds: int, n_threads: int, *, quick: bool) -> Record:
    """Best seconds of reading X and y, of a pass for the Gram matrix, and of whole fits."""
    order, d = problem
    X, y = numbers(QUICK_VALUES if quick else VALUES, d, order)
    with threadpool_limits(limits=n_threads, user_api="blas"):
        calls, slow = ours(X, y, n_threads), theirs(X, y, n_threads)
        seconds = rounds.best_of_all(calls, slow, n_rounds)
    n = len(y)
    return {
        "group": "fits",
        "name": name_of(problem),
        "threads": n_threads,
        "n": n,
        "d": d,
        "bytes": X.nbytes + y.nbytes,
        "flops": n * d * (d + 1),
        "peak flops": 2 * PRODUCT**3,
        "seconds": seconds,
    }


def numbers(values: int, d: int, order: str) -> tuple[Array, Array]:
    """A well-conditioned problem: independent columns, all of which matter."""
    n = data.rows(values, d)
    rng = np.random.default_rng(d)
    memory = rng.standard_normal(n * d)
    X = memory.reshape(n, d) if order == "C" else memory.reshape(d, n).T
    return X, X @ np.ones(d) + rng.standard_normal(n)


def ours(X: Array, y: Array, n_threads: int) -> Calls:
    square = np.random.default_rng(0).standard_normal((PRODUCT, PRODUCT))
    fit = fm.Linear(intercept=True).fit
    return {
        "roof": partial(roof.read, (X, y), n_threads),
        "peak": partial(np.matmul, square, square),
        "ours": partial(gathered, X, y, "double", n_threads),
        "fit": partial(fit, X, y, n_threads=n_threads),
    }


def theirs(X: Array, y: Array, n_threads: int) -> Calls:
    """What takes long: our own passes in double-double, and the others' fits."""
    found: Calls = {"gram2": partial(gathered, X, y, "double-double", n_threads)}
    for name, module in MODULES.items():
        if find_spec(module.partition(".")[0]):
            model = import_module(module).LinearRegression()
            found[name] = partial(model.fit, X, y)
    return found


def gathered(X: Array, y: Array, precision: str, n_threads: int) -> fm.SufficientStatistics:
    """The Gram matrix of (1, X, y)."""
    statistics = fm.SufficientStatistics(
        X.shape[1], intercept=True, precision=precision, n_threads=n_threads
    )
    statistics.update(X, y)
    return statistics
