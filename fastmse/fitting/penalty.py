"""The ridge penalty, Σⱼ λⱼ θⱼ²: one λ for all slopes, or one for each; the intercept has none."""

from __future__ import annotations

from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from fastmse.gaussian import FloatArray

Penalty: TypeAlias = float | FloatArray

WANT = "want a finite number >= 0, or one for each feature"


def checked(l2: Any, n_features: int) -> Penalty:
    """`l2` as a float or as a read-only (d,) array.

    Raises TypeError or ValueError for anything but real numbers that are finite and >= 0.
    """
    if isinstance(l2, Real) and not isinstance(l2, bool):
        numbers = np.array(float(l2))
    else:
        numbers = _array(l2, n_features)
    wrong = ~(np.isfinite(numbers) & (numbers >= 0))
    if wrong.any():
        where = f" for feature {int(np.argmax(wrong))}" if numbers.ndim else ""
        raise ValueError(f"l2: got {float(numbers[wrong][0])!r}{where}; {WANT}")
    numbers.flags.writeable = False
    return numbers if numbers.ndim else float(numbers)


def _array(l2: Any, n_features: int) -> FloatArray:
    try:
        given = np.asarray(l2)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"l2: got a {type(l2).__name__} that is no array ({error}); {WANT}"
        ) from None
    if given.dtype.kind not in "fiu":
        raise TypeError(f"l2: got {l2!r} of type {type(l2).__name__}; {WANT}")
    if given.shape not in ((), (n_features,)):
        raise ValueError(f"l2: got shape {given.shape}; {WANT}, ({n_features},)")
    return np.array(given, dtype=np.float64)
