"""Fits of many spots: ours of all of them, scipy's of the first ones, and who fails more often."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import rounds, spots
from benchmarks.options import Options
from benchmarks.works import Peak

Record = dict[str, Any]

CURVES, QUICK_CURVES = 500_000, 20_000
SAMPLE, QUICK_SAMPLE = 2_000, 200
GROUP, NAME = "fit_many", "2-D Gaussians, 5 x 5 points"
ROUNDS = 5  # of a second and more
WORSE = 1e-6
"""Of SSE, relatively: minima agree to about 10⁻⁸, which is where MINPACK stops."""


def measured(n_threads: int, options: Options) -> Record:
    """Best seconds of all our fits and of a sample by scipy; how many of the sample fail."""
    head = {"group": GROUP, "name": NAME, "threads": n_threads}
    if reason := Peak.missing():
        return {**head, "skipped": reason}
    curves = spots.data(min(QUICK_CURVES if options.quick else CURVES, options.values))
    sample = first(curves, QUICK_SAMPLE if options.quick else SAMPLE)
    fit = partial(spots.model().fit_many, *curves, n_threads=n_threads)
    found = fit()  # compiles
    seconds = rounds.best_of_all(
        {"ours": fit}, {"curve_fit": partial(spots.curve_fit, sample)}, min(ROUNDS, options.rounds)
    )
    size = len(sample.Y)
    ours = np.where(found.converged[:size, None], found.theta[:size], np.nan)
    failed, theirs = failures(sample, ours, spots.curve_fit(sample))
    return {
        **head,
        "curves": len(curves.Y),
        "sample": size,
        "iterations": float(found.n_iter.mean()),
        "failures": failed,
        "their failures": theirs,
        "seconds": seconds,
    }


def first(curves: spots.Curves, count: int) -> spots.Curves:
    return spots.Curves(curves.X, curves.Y[:count], curves.start[:count])


def failures(
    curves: spots.Curves, one: NDArray[np.float64], other: NDArray[np.float64]
) -> tuple[int, int]:
    """How many θ of each are NaN, or of an SSE above the lower of the two."""
    both = np.array([spots.sse(curves, theta) for theta in (one, other)])
    lowest = np.fmin(*both)
    ended = both <= (1 + WORSE) * lowest
    failed, theirs = np.count_nonzero(~ended, axis=1).tolist()
    return failed, theirs
