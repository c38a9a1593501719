"""Several targets: one Gram matrix of z = (1, x, y₁ … y_k), in which each is fitted.

The features are swept once. Until then targets but for the last stand where features do: to their
products it is all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from fastmse.columns import Columns, stretches
from fastmse.fitting import penalty
from fastmse.fitting.gram import NormalStatistic, default_names
from fastmse.fitting.linear import Blocks, Rows, gathered, residual_sums, solve_statistics
from fastmse.fitting.outcome import result
from fastmse.fitting.rows import RowBuffer
from fastmse.fitting.solve import Solution
from fastmse.gaussian import FloatArray
from fastmse.results import Fit


def fit_targets(
    rows: Rows,
    n_features: int,
    targets: Sequence[str],
    *,
    intercept: bool,
    l2: Any = 0.0,
    method: str = "auto",
    weight_type: str = "frequency",
    names: Sequence[str] | None = None,
    n_threads: int | None = None,
) -> tuple[Fit, ...]:
    """A fit for each target, from the passes over the rows that one takes.

    `rows` gives a fresh iterator of blocks (X, Y, sample_weight or None) at every call, Y (m, k)
    with k = len(targets) ≥ 2; the rest is as in `fit_path`. "auto" takes "gram2" for all targets
    where one of them asks for it.
    """
    l2 = penalty.checked(l2, n_features)
    names = tuple(names) if names is not None else default_names(n_features)
    together = _Together(rows, targets)

    def statistic(precision: str) -> NormalStatistic:
        return NormalStatistic(
            n_features + len(targets) - 1,
            intercept=intercept,
            weight_type=weight_type,
            precision=precision,
            names=(*names, *targets[:-1]),
            target=targets[-1],
            n_threads=n_threads,
        )

    def solved(statistics: NormalStatistic) -> list[Solution]:
        return solve_statistics(statistics, [l2], len(targets))

    found = gathered(together, method, statistic, solved)
    blocks = Blocks(together, found.statistics.names, targets[-1])
    sums = found.sums()
    if sums is None:
        sums, found = (
            residual_sums(blocks.parts(), found.solutions, n_threads),
            found.passed_again(),
        )
    return tuple(
        result(
            found.statistics,
            solution,
            l2,
            sse=sse,
            rows=Blocks(_One(rows, k), names, target),
            target=target,
            **found.how(),
        )
        for k, (solution, sse, target) in enumerate(
            zip(found.solutions, sums, targets, strict=True)
        )
    )


class _Together:
    """Blocks (X and all targets but for the last, that one, weight), each a stretch in float64."""

    def __init__(self, rows: Rows, targets: Sequence[str]) -> None:
        self.rows, self.targets = rows, targets

    def __call__(self) -> Iterator[tuple[FloatArray, FloatArray, Any]]:
        """Read the rows."""
        seen = 0
        for block in self.rows():
            for X, Y, weight in stretches(block, 64):
                values = np.asarray(Y, dtype=np.float64)
                self._check(values, weight, seen)
                seen += len(values)
                left = np.column_stack((np.asarray(X, dtype=np.float64), values[:, :-1]))
                yield left, values[:, -1], weight

    def _check(self, Y: FloatArray, weight: Any, seen: int) -> None:
        """Refuse a target with NaN or infinity as such: it stands among features."""
        for k in map(int, np.flatnonzero(~np.isfinite(Y).all(axis=0))):
            alone = RowBuffer((), self.targets[k])
            alone.seen = seen
            for part in alone.push(np.empty((len(Y), 0)), Y[:, k], weight):
                alone.refuse(part)


class _One:
    """The rows of one target, as `Fit.robust` reads them."""

    def __init__(self, rows: Rows, k: int) -> None:
        self.rows, self.k = rows, k

    def __call__(self) -> Iterator[tuple[Any, Any, Any]]:
        """Read the rows."""
        for X, Y, weight in self.rows():
            yield X, column(Y, self.k), weight


def column(Y: Any, k: int) -> Any:
    """Target k of an array or a table."""
    return Y.arrays[k] if isinstance(Y, Columns) else Y[:, k]
