"""Linear fits: passes over the rows, and what there is to say about the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from fastmse import threads
from fastmse.fitting import penalty
from fastmse.fitting.accumulate import add_residuals
from fastmse.fitting.anchored import AnchoredStatistic
from fastmse.fitting.double_double import DoubleDouble
from fastmse.fitting.gram import NormalStatistic, Total
from fastmse.fitting.outcome import result
from fastmse.fitting.overflow import check_gram, check_theta
from fastmse.fitting.penalty import Penalty
from fastmse.fitting.quadratic import further_sse
from fastmse.fitting.rows import Part, RowBuffer
from fastmse.fitting.solve import Solution, solve
from fastmse.gaussian import FloatArray
from fastmse.results import Fit

Block: TypeAlias = Sequence[Any]
Rows: TypeAlias = Callable[[], Iterable[Block]]

PRECISION = {"gram": "double", "gram2": "double-double"}

ENOUGH = 2e-11
"""Relative error, estimated, up to which "auto" is content with "gram": a factor 5 to spare."""

FINE = 2.0**-50
"""Relative error of SSE, estimated, above which it is summed from the residuals: 4 ulp."""

ANCHORED = 256
"""Features up to which a fit of the first rows costs less than a pass for the residuals."""

SMALL = 2**13
"""Products up to which "gram2" is nothing, 0.1 ms: "auto" then gives all digits that there are."""


def fit_rows(
    rows: Rows,
    n_features: int,
    *,
    l2: Any = 0.0,
    method: str = "auto",
    n_threads: int | None = None,
    **options: Any,
) -> Fit:
    """`fit_path` of one penalty."""
    options |= {"method": method, "n_threads": n_threads}
    return fit_path(rows, n_features, [l2], **options)[0]


def fit_path(
    rows: Rows,
    n_features: int,
    l2s: Iterable[Any],
    *,
    intercept: bool,
    method: str = "auto",
    weight_type: str = "frequency",
    names: Sequence[str] | None = None,
    target: str = "y",
    n_threads: int | None = None,
) -> tuple[Fit, ...]:
    """Least squares over rows that may be read more than once, for each of some penalties.

    Minimises Σ wᵢ (yᵢ − xᵢᵀθ)² + Σⱼ λⱼ θⱼ². One pass for the Gram matrix in float64 ("gram");
    where rounding in it could reach the tenth digit, or the data are few, one more in double-double
    ("gram2"). SSE follows from either, but for a fit so close, or first rows so unlike the others,
    that it would lose digits: then one more pass sums the squares of the residuals, at θ̂ before its
    rounding to float64. The number of penalties is no matter: SSE of the others follows, see
    `_sums`.

    Parameters
    ----------
    rows : callable
        Gives a fresh iterator of blocks (X, y, sample_weight or None) at every call.
    n_features : int
    l2s : iterable of float or (d,) array_like
        Penalties λ on the slopes, scikit-learn's alpha.
    intercept : bool
        The intercept comes first in theta, and is not penalised.
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
    penalties = [penalty.checked(l2, n_features) for l2 in l2s]

    kind = AnchoredStatistic if n_features <= ANCHORED else NormalStatistic

    def statistic(precision: str) -> NormalStatistic:
        return kind(
            n_features,
            intercept=intercept,
            weight_type=weight_type,
            precision=precision,
            names=names,
            target=target,
            n_threads=n_threads,
        )

    def solved(statistics: NormalStatistic) -> list[Solution]:
        return solve_statistics(statistics, penalties)

    found = gathered(rows, method, statistic, solved)
    if not penalties:
        return ()
    blocks = Blocks(rows, found.statistics.names, target)
    sums = found.sums()
    if sums is None:
        first = int(np.argmin([np.sum(l2) for l2 in penalties]))
        (sse,) = residual_sums(blocks.parts(), found.solutions[first : first + 1], n_threads)
        found, sums = found.passed_again(), _sums(found, first, sse)
    return tuple(
        result(found.statistics, solution, l2, sse=sse, rows=blocks, **found.how())
        for solution, l2, sse in zip(found.solutions, penalties, sums, strict=True)
    )


class Gathered(NamedTuple):
    """A statistic of all rows, what follows from it, and how it was found."""

    statistics: NormalStatistic
    solutions: list[Solution]
    method: str
    passes: int

    def how(self) -> dict[str, Any]:
        """The fields of the fits."""
        return {"method": self.method, "passes": self.passes}

    def sums(self) -> list[float] | None:
        """SSE of each solution; None if one of them needs the residuals."""
        if any(solution.sse_error > FINE for solution in self.solutions):
            return None
        return [solution.sse for solution in self.solutions]

    def passed_again(self) -> Gathered:
        """The same after one more pass."""
        return self._replace(passes=self.passes + 1)


def gathered(
    rows: Rows,
    method: str,
    statistic: Callable[[str], NormalStatistic],
    solved: Callable[[NormalStatistic], list[Solution]],
) -> Gathered:
    """One pass over the rows, in float64 or in double-double; if "auto" takes both, two."""
    if method not in ("auto", *PRECISION):
        raise ValueError(f"method: got {method!r}; want one of auto, {', '.join(PRECISION)}")

    def by(chosen: str, passes: int) -> Gathered:
        statistics = statistic(PRECISION[chosen])
        for X, y, weight in rows():
            statistics.push(X, y, weight)
        return Gathered(statistics, solved(statistics), chosen, passes)

    if method != "auto":
        return by(method, 1)
    found = by("gram", 1)
    small = found.statistics.n * (len(found.statistics.names) + 2) ** 2 <= SMALL
    more = any(_wants_more(solution, small) for solution in found.solutions)
    return by("gram2", 2) if more else found


def fit_statistics(statistics: NormalStatistic, l2s: Iterable[Any]) -> tuple[Fit, ...]:
    """Fits without the rows: SSE is the Schur complement of y."""
    method = next(m for m, precision in PRECISION.items() if precision == statistics.precision)
    penalties = [penalty.checked(l2, len(statistics.names)) for l2 in l2s]
    solutions = solve_statistics(statistics, penalties)
    return tuple(
        result(statistics, solution, l2, sse=solution.sse, method=method, passes=1, rows=None)
        for solution, l2 in zip(solutions, penalties, strict=True)
    )


def solve_statistics(
    statistics: NormalStatistic, l2s: Iterable[Penalty], n_targets: int = 1
) -> list[Solution]:
    """Check the Gram matrix, and solve it under each penalty, of each target.

    Targets but the last stand behind the features.
    """
    total = statistics.total()
    return [found for l2 in l2s for found in _solved(statistics, total, l2, n_targets)]


def _solved(
    statistics: NormalStatistic, total: Total, l2: Penalty, n_targets: int
) -> list[Solution]:
    frame, gram, about = total
    penalties = np.broadcast_to(l2, len(statistics.names) + 1 - n_targets)
    check_gram(frame, gram.hi, penalties, statistics.names, statistics.target)
    solutions = solve(
        frame,
        gram,
        intercept=statistics.intercept,
        l2=penalties,
        unit=statistics.unit,
        about=about,
        n_threads=threads.resolve(statistics.n_threads),
        n_targets=n_targets,
    )
    targets = (*statistics.names, statistics.target)[-n_targets:]
    for solution, target in zip(solutions, targets, strict=True):
        check_theta(solution.theta, statistics.names[: len(penalties)], target)
    return solutions


def _wants_more(solution: Solution, small: bool) -> bool:
    """Whether a float64 Gram matrix does not do: for ten digits, or to tell the rank.

    A perfect fit is a deficient rank of (X, y). Of a constant y nothing is left to fit.
    """
    varied = solution.sst > 0
    exact = varied and (solution.perfect or small)
    return bool(solution.dependent) or exact or not solution.error <= ENOUGH


class Blocks:
    """The rows that count, in whole blocks and a last part of one, as often as asked for."""

    def __init__(self, rows: Rows, names: Sequence[str], target: str) -> None:
        self.rows, self.names, self.target = rows, names, target

    def parts(self) -> Iterator[tuple[Part, int]]:
        """Views, valid until the next, and the length of a block."""
        buffer = RowBuffer(self.names, self.target)
        for X, y, weight in self.rows():
            for part in buffer.push(X, y, weight):
                yield part, buffer.block
        if buffer.filled:
            yield buffer.pending_part(), buffer.block

    def __call__(self) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
        """Blocks X (rows, d), y (rows,), weight (rows,) of float64, as `Fit.robust` reads them."""
        for part, block in self.parts():
            for start in range(0, len(part), block):
                rows = part.cut(start, min(start + block, len(part)))
                weight = np.ones(len(rows)) if rows.weight is None else rows.weight
                X, y, weight = (np.asarray(a, dtype=np.float64) for a in (rows.X, rows.y, weight))
                yield X, y, weight


def residual_sums(
    parts: Iterable[tuple[Part, int]], solutions: Sequence[Solution], n_threads: int | None
) -> list[float]:
    """SSE = Σ wᵢ (yᵢ − xᵢᵀθ)² of each target in double-double, rounded once.

    The columns are scaled as in the Gram matrix, so that products neither over- nor underflow. But
    for the last, targets stand behind the features.
    """
    k, d = len(solutions), len(solutions[0].scaled.hi) - 1
    total = DoubleDouble.zeros(k)
    theta = DoubleDouble.zeros(k, d + 1)
    for target, solution in enumerate(solutions):
        theta[target] = solution.scaled
    exponents = np.append(solutions[0].exponents[:d], [s.exponents[-1] for s in solutions])
    for part, block in parts:
        if k > 1:
            targets = np.column_stack((part.X[:, d:], part.y))
            part = replace(part, X=part.X[:, :d], y=targets)
        add_residuals(total, part, block, exponents=exponents, theta=theta, n_threads=n_threads)
    with np.errstate(over="ignore", under="ignore"):
        return [
            float(np.ldexp(hi, 2 * solution.exponents[-1]))
            for hi, solution in zip(total.hi, solutions, strict=True)
        ]


def _sums(found: Gathered, first: int, sse: float) -> list[float]:
    """SSE of each solution, given that of the first. By Pythagoras the others are further off:

    SSE(θ) = SSE(θ₁) + |X (θ − θ₁)|² − 2 (θ − θ₁)ᵀ Λ₁ θ₁,    X'r₁ = Λ₁ θ₁
    """
    frame, gram, _ = found.statistics.total()
    here = found.solutions[first]
    return [
        sse if k == first else sse + further_sse(frame, gram, there, here)
        for k, there in enumerate(found.solutions)
    ]
