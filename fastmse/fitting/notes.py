"""What a fit has to say about its answer, and the warnings that carry it."""

from __future__ import annotations

import math
from collections.abc import Sequence

NAMED = 5
"""So many columns are named; of more, their number."""


class RankWarning(UserWarning):
    """Features are linearly dependent, so single coefficients are not determined."""


class AccuracyWarning(UserWarning):
    """The answer has fewer than ten digits."""


def rank_note(dependent: Sequence[str], rank: int, p: int, n: int, method: str) -> str:
    """Name the dependent columns."""
    listed = ", ".join(repr(name) for name in dependent[:NAMED])
    if len(dependent) > NAMED:
        listed += f" and {len(dependent) - NAMED} more"
    columns, are = ("column", "is") if len(dependent) == 1 else ("columns", "are")
    what = "a linear combination" if len(dependent) == 1 else "linear combinations"
    few_rows = f" from {n} rows" if n < p else ""
    digits = ", to 7 digits," if method == "gram" else ""
    return (
        f"rank {rank} of {p}{few_rows}: {columns} {listed} {are}{digits} {what} of the others; "
        "the minimum-norm solution is given"
    )


def accuracy_note(error: float, method: str) -> str:
    """Tell how many digits to expect."""
    digits = max(0, math.floor(-math.log10(error))) if error < math.inf else 0
    hint = 'method="gram2" has more' if method == "gram" else "the columns are too nearly dependent"
    return f"{digits} digits to expect of the least certain coefficient: {hint}"
