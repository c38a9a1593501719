"""The arguments at which the vector functions are tested, by function and range."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np

Array = np.ndarray
Draw = Callable[[np.random.Generator, int], tuple[Array, ...]]


def uniform(low: float, high: float) -> Draw:
    return lambda rng, n: (rng.uniform(low, high, n),)


def any_size(low: int = -1074, high: int = 1023, signs: bool = True) -> Draw:
    """Every exponent from `low` to `high` as often as any other."""

    def draw(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
        size = np.ldexp(rng.uniform(1, 2, n), rng.integers(low, high + 1, n))
        return (size * rng.choice([-1.0, 1.0] if signs else [1.0], n),)

    return draw


def beside(step: float, count: int, offset: float = 0.0) -> Draw:
    """A few floats beside (k + offset) step, for |k| < count."""

    def draw(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
        at = (rng.integers(1 - count, count, n) + offset) * step
        return (at + rng.integers(-4, 5, n) * np.spacing(at),)

    return draw


LN2 = float(np.log(2.0))

RANGES: dict[str, dict[str, Draw]] = {
    "exp": {
        "models": uniform(-20, 20),
        "all": uniform(-745.2, 709.8),
        "subnormal": uniform(-745.2, -708),
        "any size": any_size(high=9),
        "between two k": beside(LN2, 1022, 0.5),
        "powers of two": beside(LN2, 1022),
    },
}

EXACT: dict[str, Callable[..., mpmath.mpf]] = {"exp": mpmath.exp}
