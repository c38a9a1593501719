"""A linear fit by conjugate gradients: its arguments, its passes, and what there is to say."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from fastmse.fitting import penalty
from fastmse.fitting.conjugate_gradients import Callback, Found, Problem, Scaling, minimise
from fastmse.fitting.gram import WEIGHT_TYPES, default_names, one_of
from fastmse.fitting.limits import checked_limits
from fastmse.fitting.notes import (
    ConvergenceWarning,
    RankWarning,
    convergence_note,
    few_rows_note,
    rank_note,
    warn_caller,
)
from fastmse.fitting.survey import log_weight_sum, survey
from fastmse.gaussian import FloatArray
from fastmse.results import Evaluation, Fit

Evaluate: TypeAlias = Callable[[Any, FloatArray], Evaluation]
"""From y and θ to the evaluation of the rows at hand: one pass."""

TOL, MAX_ITER = 1e-10, 1000

Note: TypeAlias = tuple[str, type[UserWarning]]


def fit_conjugate_gradients(
    X: Any,
    y: Any,
    weight: Any,
    evaluate: Evaluate,
    *,
    intercept: bool,
    l2: Any = 0.0,
    weight_type: str = "frequency",
    names: Sequence[str] | None = None,
    tol: float | None = None,
    max_iter: int | None = None,
    callback: Callback | None = None,
) -> Fit:
    """Least squares in O(d) memory: three passes over X, and one for each iteration.

    The arguments are those of `Linear.fit`, past the gate.

    Raises
    ------
    TypeError, ValueError
        For an argument out of its domain, for NaN, infinity and squares that overflow, naming the
        column.

    Warns
    -----
    ConvergenceWarning, RankWarning
    """
    d = X.shape[1]
    one_of("weight_type", weight_type, WEIGHT_TYPES)
    tol, max_iter = checked_limits(
        TOL if tol is None else tol,
        MAX_ITER if max_iter is None else max_iter,
        callback,
        "callable(iteration, gradient)",
    )
    l2 = penalty.checked(l2, d)
    names = tuple(names) if names is not None else default_names(d)
    columns = survey(X, y, weight, names, "y", centred=intercept)
    penalties = np.broadcast_to(l2, d)
    length = np.sqrt(columns.length[:-1] ** 2 + penalties)
    scaling = Scaling(
        columns.mean[:-1],
        np.divide(1.0, length, out=np.zeros(d), where=length > 0),
        1 / math.sqrt(columns.weight_sum) if intercept else None,
    )
    passes = _Passes(y, evaluate)
    problem = Problem(
        passes.at, passes.product, np.concatenate(([0.0] * intercept, penalties)), scaling
    )
    start = np.zeros(d + intercept)
    start[:1] = columns.mean[-1] * intercept
    found = minimise(problem, start, tol=tol, max_iter=max_iter, callback=callback)
    at = passes.last
    rank = min(d + intercept - np.count_nonzero(length == 0), at.n + np.count_nonzero(penalties))
    constant = [name for name, size in zip(names, length, strict=True) if size == 0]
    notes = _notes(found, max_iter, constant, rank, at.n)
    for text, category in notes:
        warn_caller(text, category)
    return Fit(
        theta=found.theta,
        names=("intercept",) * intercept + names,
        cov_unscaled=None,
        n=at.n,
        weight_sum=at.weight_sum,
        sse=found.sse,
        sst=passes.sst,
        log_weight_sum=0.0
        if weight is None or weight_type == "frequency"
        else log_weight_sum(weight),
        weight_type=weight_type,
        intercept=intercept,
        l2=l2,
        condition=found.condition(),
        rank=rank,
        method="cg",
        passes=found.passes + 1,
        n_iter=found.n_iter,
        converged=found.converged,
        message="; ".join(text for text, _ in notes),
    )


class _Passes:
    """What `Problem` asks of the data; SST is SSE at the start."""

    last: Evaluation
    sst: float = math.nan

    def __init__(self, y: Any, evaluate: Evaluate) -> None:
        self.y, self.evaluate = y, evaluate
        self.nothing = np.broadcast_to(np.float64(0.0), len(y))

    def at(self, theta: FloatArray) -> tuple[FloatArray, float]:
        """X'W(Xθ − y) and SSE."""
        self.last = self.evaluate(self.y, theta)
        if math.isnan(self.sst):
            self.sst = float(self.last.sse)
        return self._sums(self.last)

    def product(self, v: FloatArray) -> tuple[FloatArray, float]:
        """X'WXv and vᵀX'WXv: y = 0."""
        return self._sums(self.evaluate(self.nothing, v))

    def _sums(self, at: Evaluation) -> tuple[FloatArray, float]:
        assert at.grad is not None
        return at.grad * (at.weight_sum / 2), float(at.sse)


def _notes(found: Found, max_iter: int, constant: list[str], rank: int, n: int) -> list[Note]:
    p = len(found.theta)
    notes: list[Note] = []
    if constant:
        notes.append((rank_note(constant, p - len(constant), p, n, "cg"), RankWarning))
    if rank < p - len(constant):
        notes.append((few_rows_note(rank, p), RankWarning))
    if not found.converged:
        stalled = found.n_iter < max_iter
        note = convergence_note(found.n_iter, found.gradient, stalled)
        notes.append((note, ConvergenceWarning))
    return notes
