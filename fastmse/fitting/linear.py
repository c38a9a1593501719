"""Linear fits: passes over the rows, and what there is to say about the answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from fastmse import threads
from fastmse.fitting.accumulate import add_residuals
from fastmse.fitting.double_double import DoubleDouble
from fastmse.fitting.gram import SufficientStatistics
from fastmse.fitting.notes import (
    AccuracyWarning,
    RankWarning,
    accuracy_note,
    range_note,
    rank_note,
    warn_caller,
)
from fastmse.fitting.overflow import beyond_range, check_gram, check_theta
from fastmse.fitting.rows import Part, RowBuffer
from fastmse.fitting.solve import Solution, solve
from fastmse.gaussian import FloatArray
from fastmse.results import Fit

Block: TypeAlias = Sequence[Any]
Rows: TypeAlias = Callable[[], Iterable[Block]]

PRECISION = {"gram": "double", "gram2": "double-double"}

ENOUGH = 2e-11
"""Relative error, estimated, up to which "auto" is content with "gram": a factor 5 to spare."""

PROMISED = 1e-10
"""Relative error above which a fit warns: ten digits."""


def fit_rows(
    rows: Rows,
    n_features: int,
    *,
    intercept: bool,
    l2: float = 0.0,
    method: str = "auto",
    weight_type: str = "frequency",
    names: Sequence[str] | None = None,
    target: str = "y",
    n_threads: int | None = None,
) -> Fit:
    """Least squares over rows that may be read more than once.

    Minimises Σ wᵢ (yᵢ − xᵢᵀθ)² + l2 · |slopes|². One pass for the Gram matrix in float64 ("gram");
    where rounding in it could reach the tenth digit, one more in double-double ("gram2"); one for
    the residuals, of which SSE is the sum of squares, at θ̂ before its rounding to float64.

    Parameters
    ----------
    rows : callable
        Gives a fresh iterator of blocks (X, y, sample_weight or None) at every call.
    n_features : int
    intercept : bool
        The intercept comes first in theta, and is not penalised.
    l2 : float
        Ridge penalty, scikit-learn's alpha.
    method : {"auto", "gram", "gram2"}
    weight_type : {"frequency", "precision"}
    names : sequence of str, optional
        Names of the features.
    target : str
    n_threads : int, optional

    Raises
    ------
    ValueError
        For NaN or infinity in a row of weight > 0, no rows, an argument out of its domain, or
        a column of such a scale that a coefficient overflows.

    Warns
    -----
    RankWarning
        Features are linearly dependent: the solution of least norm is given.
    AccuracyWarning
        Fewer than ten digits can be expected, or a result is beyond the range of float64.
    """
    check_penalty(l2)
    if method not in ("auto", *PRECISION):
        raise ValueError(f"method: got {method!r}; want one of auto, {', '.join(PRECISION)}")

    def gathered(chosen: str) -> tuple[SufficientStatistics, Solution]:
        statistics = SufficientStatistics(
            n_features,
            intercept=intercept,
            weight_type=weight_type,
            precision=PRECISION[chosen],
            names=names,
            target=target,
            n_threads=n_threads,
        )
        for X, y, weight in rows():
            statistics.update(X, y, weight)
        return statistics, solve_statistics(statistics, l2)

    chosen, passes = ("gram" if method == "auto" else method), 2
    statistics, solution = gathered(chosen)
    if method == "auto" and _wants_more(solution):
        chosen, passes = "gram2", 3
        statistics, solution = gathered(chosen)
    blocks = _Blocks(rows, statistics.names, target)
    sse = residual_sum(blocks.parts(), solution, n_threads)
    return _result(statistics, solution, l2, sse=sse, method=chosen, passes=passes, rows=blocks)


def fit_statistics(statistics: SufficientStatistics, l2: float) -> Fit:
    """Fit without the rows: SSE is the Schur complement of y."""
    check_penalty(l2)
    method = next(m for m, precision in PRECISION.items() if precision == statistics.precision)
    solution = solve_statistics(statistics, l2)
    return _result(statistics, solution, l2, sse=solution.sse, method=method, passes=1, rows=None)


def check_penalty(l2: float) -> None:
    """Raise TypeError or ValueError, before a pass over the rows, unless l2 is a number >= 0."""
    if isinstance(l2, bool) or not isinstance(l2, Real):
        raise TypeError(f"l2: got {l2!r} of type {type(l2).__name__}; want a finite number >= 0")
    if not (l2 >= 0 and math.isfinite(l2)):
        raise ValueError(f"l2: got {l2!r}; want a finite number >= 0")


def solve_statistics(statistics: SufficientStatistics, l2: float) -> Solution:
    """Check the Gram matrix, and solve."""
    frame, gram = statistics.total()
    check_gram(frame, gram.hi, float(l2), statistics.names, statistics.target)
    solution = solve(
        frame,
        gram,
        intercept=statistics.intercept,
        l2=float(l2),
        unit=statistics.unit,
        n_threads=threads.resolve(statistics.n_threads),
    )
    check_theta(solution.theta, statistics.names, statistics.target)
    return solution


def _wants_more(solution: Solution) -> bool:
    """Whether a float64 Gram matrix does not do: for ten digits, or to tell the rank.

    A perfect fit is a deficient rank of (X, y). Of a constant y nothing is left to fit.
    """
    perfect = solution.perfect and solution.sst > 0
    return bool(solution.dependent) or perfect or not solution.error <= ENOUGH


class _Blocks:
    """The rows that count, as float64 blocks, as often as asked for."""

    def __init__(self, rows: Rows, names: Sequence[str], target: str) -> None:
        self.rows, self.names, self.target = rows, names, target

    def parts(self) -> Iterator[tuple[Part, int]]:
        """Whole blocks and what is left, views valid until the next; and a block's length."""
        buffer = RowBuffer(self.names, self.target)
        for X, y, weight in self.rows():
            for part in buffer.push(X, y, weight):
                yield part, buffer.block
        if buffer.filled:
            yield buffer.pending_part(), buffer.block

    def __call__(self) -> Iterator[tuple[FloatArray, FloatArray, FloatArray | None]]:
        """Blocks X (rows, d), y (rows,), weight (rows,), as `Fit.robust` reads them."""
        for part, block in self.parts():
            for start in range(0, len(part), block):
                rows = part.cut(start, start + block)
                X, y = (np.asarray(a, dtype=np.float64) for a in (rows.X, rows.y))
                weight = rows.weight
                yield X, y, None if weight is None else np.asarray(weight, dtype=np.float64)


def residual_sum(
    parts: Iterable[tuple[Part, int]], solution: Solution, n_threads: int | None
) -> float:
    """SSE = Σ wᵢ (yᵢ − xᵢᵀθ)² in double-double, rounded once.

    The columns are scaled as in the Gram matrix, so that products neither over- nor underflow.
    """
    total, theta = DoubleDouble.zeros(1), solution.scaled[None]
    for part, block in parts:
        add_residuals(
            total, part, block, exponents=solution.exponents, theta=theta, n_threads=n_threads
        )
    with np.errstate(over="ignore", under="ignore"):
        return float(np.ldexp(total.hi[0], 2 * solution.exponents[-1]))


def _result(
    statistics: SufficientStatistics,
    solution: Solution,
    l2: float,
    *,
    sse: float,
    method: str,
    passes: int,
    rows: _Blocks | None,
) -> Fit:
    p = len(solution.theta)
    rank = p - len(solution.dependent)
    notes: list[tuple[str, type[UserWarning]]] = []
    if solution.dependent:
        dependent = [statistics.names[j] for j in solution.dependent]
        notes.append((rank_note(dependent, rank, p, statistics.n, method), RankWarning))
    if solution.error > PROMISED:
        notes.append((accuracy_note(solution.error, method), AccuracyWarning))
    beyond = beyond_range(solution, sse, statistics.names, statistics.target)
    if beyond:
        notes.append((range_note(beyond), AccuracyWarning))
    for text, category in notes:
        warn_caller(text, category)
    return Fit(
        theta=solution.theta,
        names=("intercept",) * statistics.intercept + statistics.names,
        cov_unscaled=solution.cov_unscaled,
        n=statistics.n,
        weight_sum=statistics.weight_sum,
        sse=sse,
        sst=solution.sst,
        log_weight_sum=statistics.log_weight_sum,
        weight_type=statistics.weight_type,
        intercept=statistics.intercept,
        l2=float(l2),
        condition=solution.condition,
        rank=rank,
        method=method,
        passes=passes,
        message="; ".join(text for text, _ in notes),
        target=statistics.target,
        rows=rows,
    )
