"""Bounds on parameters, and where a fit starts, as a user gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from fastmse.gaussian import FloatArray

FORMS = "None, a tuple (lower, upper), a list of pairs (lower, upper), or a dict of pairs by name"


NUMBERS = (Real, Decimal, np.integer, np.floating)


class Bounds(NamedTuple):
    """lower ≤ θ ≤ upper, (p,) each; ∓inf where there is none."""

    lower: FloatArray
    upper: FloatArray

    def put(self, theta: FloatArray, step: FloatArray) -> FloatArray:
        """θ + step, exactly on a bound where the step reaches it."""
        moved = theta + step
        moved = np.where(step <= self.lower - theta, self.lower, moved)
        moved = np.where(step >= self.upper - theta, self.upper, moved)
        return np.clip(np.where(step == 0, theta, moved), self.lower, self.upper)


def parameters(start: Any, names: Sequence[str]) -> FloatArray:
    """Where a fit starts, (p,): from an array_like, or a dict by name. Errors name the parameter.

    Raises
    ------
    TypeError, ValueError
        For another shape, unknown or missing names, and what is no finite real number.
    """
    values = _by_name(start, names, "start") if isinstance(start, Mapping) else start
    if np.ndim(values) != 1 or len(values) != len(names):
        raise ValueError(
            f"start: got shape {np.shape(values)}; want ({len(names)},): a number for each of "
            f"{', '.join(names)}, or a dict"
        )
    numbers = [_real(v, "start", name) for v, name in zip(values, names, strict=True)]
    for value, name in zip(numbers, names, strict=True):
        if not np.isfinite(value):
            raise ValueError(f"start: {name!r} got {value}; want a finite number")
    return np.array(numbers)


def checked_bounds(bounds: Any, names: Sequence[str], start: FloatArray) -> Bounds:
    """Bounds as a tuple (lower, upper) of arrays or numbers, a list of p pairs, or a dict of pairs.

    None, for a number or a pair, and infinity are no bound; nor has a name that the dict lacks one.

    Raises
    ------
    TypeError, ValueError
        For another form, lower > upper, and a start outside of them, naming the parameter.
    """
    lower, upper = _sides(bounds, names)
    for name, low, high, value in zip(names, lower, upper, start, strict=True):
        if not low <= high:
            raise ValueError(f"bounds: {name!r} got ({low}, {high}); want lower <= upper")
        if low == np.inf or high == -np.inf:
            raise ValueError(f"bounds: {name!r} got ({low}, {high}); no number lies within")
        if not low <= value <= high:
            raise ValueError(
                f"start: {name!r} got {value}, outside of its bounds ({low}, {high}); want a "
                "start within"
            )
    return Bounds(lower, upper)


def _sides(bounds: Any, names: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """Lower and upper bounds, (p,) each."""
    if isinstance(bounds, tuple) and len(bounds) == 2:
        return _side(bounds[0], names, -np.inf), _side(bounds[1], names, np.inf)
    if bounds is None or isinstance(bounds, Mapping):
        pairs = [(bounds or {}).get(name) for name in _known(bounds or {}, names, "bounds")]
    else:
        pairs = _list(bounds)
    if len(pairs) != len(names):
        raise ValueError(f"bounds: got {bounds!r:.200}; want {FORMS}, for {', '.join(names)}")
    split = [_pair(pair, name) for pair, name in zip(pairs, names, strict=True)]
    lower, upper = zip(*split, strict=True)
    return _side(lower, names, -np.inf), _side(upper, names, np.inf)


def _side(side: Any, names: Sequence[str], none: float) -> FloatArray:
    """One bound for each parameter, (p,): from as many, or from one for all; None is `none`."""
    values = _list(side) if np.ndim(side) else [side] * len(names)
    if len(values) != len(names):
        raise ValueError(
            f"bounds: got {len(values)} numbers on a side; want {len(names)}, for "
            f"{', '.join(names)}"
        )
    return np.array(
        [
            none if value is None else _real(value, "bounds", name)
            for value, name in zip(values, names, strict=True)
        ]
    )


def _list(values: Any) -> list[Any]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"bounds: got {values!r:.200}; want {FORMS}")
    return list(values)


def _pair(pair: Any, name: str) -> tuple[Any, Any]:
    if pair is None:
        return None, None
    if np.ndim(pair) != 1 or len(pair) != 2:
        raise ValueError(f"bounds: {name!r} got {pair!r:.200}; want a pair (lower, upper)")
    return pair[0], pair[1]


def _known(given: Mapping[str, Any], names: Sequence[str], argument: str) -> Sequence[str]:
    """The names, after a check that the dict has no others."""
    other = [key for key in given if key not in names]
    if other:
        raise ValueError(f"{argument}: got {other[0]!r}; the parameters are {', '.join(names)}")
    return names


def _by_name(given: Mapping[str, Any], names: Sequence[str], argument: str) -> list[Any]:
    missing = [name for name in _known(given, names, argument) if name not in given]
    if missing:
        raise ValueError(f"{argument}: {missing[0]!r} is missing; want {', '.join(names)}")
    return [given[name] for name in names]


def _real(value: Any, argument: str, name: str) -> float:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool | np.bool_) or not isinstance(value, NUMBERS):
        raise TypeError(f"{argument}: {name!r} got {value!r:.200}; want a real number")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{argument}: {name!r} got {value!r:.200}; want a real number") from None
