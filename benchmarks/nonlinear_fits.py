"""Fits of a peak to 10⁶ points: ours, scipy's and lmfit's from the same start to the same θ."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks import peaks, roof, rounds
from benchmarks.options import Options
from benchmarks.works import Peak

Record = dict[str, Any]
Array = NDArray[np.float64]

POINTS, QUICK_POINTS = 1_000_000, 20_000
GROUP, NAME = "nonlinear fit", "peak"
CURVE_FIT, LMFIT = "curve_fit", "lmfit"
MOST_DIGITS = 16.0


def points(options: Options) -> int:
    return min(QUICK_POINTS if options.quick else POINTS, options.values)


def measured(n_threads: int, options: Options) -> Record:
    """Best seconds of a read of x and y, of our fit and of theirs; passes, and common digits."""
    head = {"group": GROUP, "name": NAME, "threads": n_threads}
    if reason := Peak.missing():
        return {**head, "skipped": reason}
    x, y = peaks.data(points(options))
    fit = partial(peaks.model().fit, x, y, peaks.START, n_threads=n_threads)
    calls = {"roof": partial(roof.read, (x, y), n_threads), "ours": fit}
    others = theirs(x, y)
    ours = fit()  # compiles
    with threadpool_limits(limits=n_threads, user_api="blas"):
        seconds = rounds.best_of_all(calls, others, options.rounds)
    return {
        **head,
        "n": len(y),
        "bytes": x.nbytes + y.nbytes,
        "passes": ours.passes,
        "digits": digits(ours.theta, others[CURVE_FIT]()),
        "seconds": seconds,
    }


def theirs(x: Array, y: Array) -> dict[str, Callable[[], Array]]:
    found = {CURVE_FIT: partial(peaks.curve_fit, x, y)}
    if find_spec(LMFIT):
        found[LMFIT] = partial(peaks.lmfit, x, y)
    return found


def digits(theta: Array, other: Array) -> float:
    """Those that all parameters have in common: -log₁₀ of the largest relative difference."""
    largest = float(np.max(abs(theta - other) / abs(other)))
    return -math.log10(max(largest, 10**-MOST_DIGITS))
