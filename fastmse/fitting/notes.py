"""What a fit has to say about its answer, and the warnings that carry it."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Sequence

NAMED = 5
"""So many columns are named; of more, their number."""


class RankWarning(UserWarning):
    """Features are linearly dependent, so single coefficients are not determined."""


class AccuracyWarning(UserWarning):
    """The answer has fewer than ten digits, or is beyond the range of float64."""


class ConvergenceWarning(UserWarning):
    """An iteration ended before its tolerance."""


def warn_caller(text: str, category: type[UserWarning]) -> None:
    """Warn at the line of the first caller outside this package."""
    level, frame = 1, sys._getframe(0)
    package = __name__.partition(".")[0]
    while frame.f_back and frame.f_globals["__name__"].partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    warnings.warn(text, category, stacklevel=level)


def rank_note(dependent: Sequence[str], rank: int, p: int, n: int, method: str) -> str:
    """Name the dependent columns."""
    are = "is" if len(dependent) == 1 else "are"
    what = "a linear combination" if len(dependent) == 1 else "linear combinations"
    few_rows = f" from {n} rows" if n < p else ""
    digits = ", to 7 digits," if method == "gram" else ""
    return (
        f"rank {rank} of {p}{few_rows}: {_listed(dependent)} {are}{digits} {what} of the others; "
        "the minimum-norm solution is given"
    )


def range_note(columns: Sequence[str]) -> str:
    """Name the columns of a scale that float64 cannot hold the square of."""
    return (
        f"{_listed(columns)}: sums of squares or standard errors are beyond the range of float64; "
        "rescale by a power of ten"
    )


def _listed(columns: Sequence[str]) -> str:
    names = ", ".join(repr(name) for name in columns[:NAMED])
    more = f" and {len(columns) - NAMED} more" if len(columns) > NAMED else ""
    return f"column{'s' * (len(columns) > 1)} {names}{more}"


def accuracy_note(error: float, method: str, statistics: bool) -> str:
    """Tell how many digits to expect."""
    digits = max(0, math.floor(-math.log10(error))) if error < math.inf else 0
    more = 'precision="double-double"' if statistics else 'method="gram2"'
    hint = f"{more} has more" if method == "gram" else "the columns are too nearly dependent"
    return f"{digits} digits to expect of the least certain coefficient or standard error: {hint}"


def few_rows_note(rank: int, p: int) -> str:
    """Tell what conjugate gradients make of fewer rows than parameters."""
    return (
        f"rank {rank} of {p} at most: of all solutions, that of least norm for columns of length "
        "one is given"
    )


def convergence_note(n_iter: int, gradient: float, stalled: bool) -> str:
    """Tell how far an iteration came, and what to do."""
    end = (
        "rounding lets it fall no further; shift columns nearer to 0, or raise tol"
        if stalled
        else "raise max_iter or tol"
    )
    return (
        f"not converged: after {n_iter} iterations the gradient is {gradient:.1e} of that at the "
        f"start: {end}"
    )
