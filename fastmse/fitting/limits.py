"""What ends an iteration, as a user gives it."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any


def checked_limits(tol: Any, max_iter: Any, callback: Any, signature: str) -> tuple[float, int]:
    """The tolerance and the most iterations; TypeError or ValueError for another domain."""
    if isinstance(tol, bool) or not isinstance(tol, Real):
        raise TypeError(f"tol: got {tol!r} of type {type(tol).__name__}; want a number >= 0")
    if not 0 <= float(tol) < 1:
        raise ValueError(f"tol: got {tol!r}; want a number in [0, 1)")
    if isinstance(max_iter, bool) or not isinstance(max_iter, Integral):
        raise TypeError(f"max_iter: got {max_iter!r}; want an integer >= 1")
    if max_iter < 1:
        raise ValueError(f"max_iter: got {max_iter}; want an integer >= 1")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback: got {callback!r}; want {signature}")
    return float(tol), int(max_iter)
