"""From a solution to a `Fit`: what there is to say about it, and the warnings that say it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fastmse.fitting.gram import NormalStatistic
from fastmse.fitting.notes import (
    AccuracyWarning,
    RankWarning,
    accuracy_note,
    range_note,
    rank_note,
    warn_caller,
)
from fastmse.fitting.overflow import beyond_range
from fastmse.fitting.penalty import Penalty
from fastmse.fitting.solve import Solution
from fastmse.results import Fit
from fastmse.results.leverage import Block

PROMISED = 1e-10
"""Relative error above which a fit warns: ten digits."""


def result(
    statistics: NormalStatistic,
    solution: Solution,
    l2: Penalty,
    *,
    sse: float,
    method: str,
    passes: int,
    rows: Callable[[], Iterable[Block]] | None,
    target: str | None = None,
) -> Fit:
    """The fit of a solution, after its warnings; of one `target` among several, if it is given."""
    names, target = (
        (statistics.names, statistics.target)
        if target is None
        else (statistics.names[: len(solution.penalties)], target)
    )
    p = len(solution.theta)
    rank = p - len(solution.dependent)
    notes: list[tuple[str, type[UserWarning]]] = []
    if solution.dependent:
        dependent = [names[j] for j in solution.dependent]
        notes.append((rank_note(dependent, rank, p, statistics.n, method), RankWarning))
    if solution.error > PROMISED:
        notes.append((accuracy_note(solution.error, method, rows is None), AccuracyWarning))
    beyond = beyond_range(solution, sse, names, target)
    if beyond:
        notes.append((range_note(beyond), AccuracyWarning))
    for text, category in notes:
        warn_caller(text, category)
    return Fit(
        theta=solution.theta,
        names=("intercept",) * statistics.intercept + names,
        cov_unscaled=solution.cov_unscaled,
        n=statistics.n,
        weight_sum=statistics.weight_sum,
        sse=sse,
        sst=solution.sst,
        log_weight_sum=statistics.log_weight_sum,
        weight_type=statistics.weight_type,
        intercept=statistics.intercept,
        l2=l2,
        condition=solution.condition,
        rank=rank,
        method=method,
        passes=passes,
        message="; ".join(text for text, _ in notes),
        target=target,
        rows=rows,
    )
