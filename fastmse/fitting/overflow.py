"""Columns of such a scale that float64 cannot hold what a fit makes of them.

The fit itself is computed in a frame of powers of two, see frame.py; a coefficient, a sum of
squares or a variance may still be beyond the range of float64 in the units of the data.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fastmse.fitting.frame import Frame
from fastmse.fitting.solve import Solution
from fastmse.gaussian import FloatArray

LARGEST = 1e290
"""Of an element of G: double-double products split their factors, which takes 2^27 times it."""

SMALLEST = 2.0**-1022
"""Normal number: below it digits are lost."""


def check_gram(
    frame: Frame, gram: FloatArray, l2: FloatArray, names: Sequence[str], target: str
) -> None:
    """Raise ValueError for a column whose squares are too large in its frame, or its l2 is."""
    large = ~(np.abs(np.diag(gram)) < LARGEST)
    if large[0]:
        raise ValueError("sample_weight: the sum overflows; divide by a power of ten")
    if large.any():
        name = ("", *names, target)[int(np.argmax(large))]
        raise ValueError(
            f"column {name!r} has values over 10¹⁴⁰ times those of its first rows; their squares "
            "overflow: rescale it, or drop the rows"
        )
    with np.errstate(over="ignore", under="ignore"):
        large = ~(np.ldexp(l2, -2 * frame.exponents[1 : 1 + len(l2)]) < LARGEST)
    if large.any():
        j = int(np.argmax(large))
        raise ValueError(
            f"l2: got {float(l2[j])!r}, over 10²⁹⁰ times the squares of column {names[j]!r}; "
            "multiply that by a power of ten"
        )


def check_theta(theta: FloatArray, names: Sequence[str], target: str) -> None:
    """Raise ValueError for coefficients that are not finite."""
    beyond = ~np.isfinite(theta)
    if beyond.any():
        j = int(np.argmax(beyond)) - len(theta) + len(names)
        raise ValueError(
            f"the coefficient of column {names[j]!r} overflows: multiply the column by a power "
            f"of ten, or divide {target!r} by one"
            if j >= 0
            else f"the intercept overflows: divide column {target!r} by a power of ten"
        )


def beyond_range(solution: Solution, sse: float, names: Sequence[str], target: str) -> list[str]:
    """Name the columns whose sum of squares, coefficient or variance leaves float64's range."""
    first = len(solution.theta) - len(names)
    slopes = solution.theta[first:]
    sums = np.array([sse, solution.sst])
    columns = (slopes != 0) & _beyond(slopes)
    noisy = not solution.perfect  # else SSE is rounding, and may well underflow
    if solution.cov_unscaled is not None:
        variance = np.diag(solution.cov_unscaled)[first:]
        columns |= _beyond(variance)
        with np.errstate(over="ignore", under="ignore"):
            sums = np.append(sums, sse * variance[~columns])
    of_target = np.isinf(sums).any() or (noisy and _beyond(sums).any())
    return [*itertools.compress(names, columns), *([target] if of_target else [])]


def _beyond(a: FloatArray | float) -> NDArray[np.bool_]:
    """Overflown, or without all of its digits."""
    return np.asarray(~np.isfinite(a) | (np.abs(a) < SMALLEST))
