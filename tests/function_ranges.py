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


def near_one(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    """1 ± 2^-k, k from 1 to 52 as often as any other, but never 1."""
    return (1 + rng.uniform(0.5, 1, n) * np.ldexp(rng.choice([-1, 1], n), -rng.integers(1, 52, n)),)


def turns(offset: float = 0.0, count: int = 2**21) -> Draw:
    """The floats next to (k + offset) π/2: where the difference loses most bits."""

    def draw(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
        with mpmath.workprec(200):
            at = [float((k + offset) * mpmath.pi / 2) for k in rng.integers(-count, count, n)]
        return (np.array(at),)

    return draw


def powers(base: Draw, low: float, high: float) -> Draw:
    """x, and y with low < log2(x^y) < high."""

    def draw(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
        (x,) = base(rng, n)
        return x, rng.uniform(low, high, n) / np.log2(x)

    return draw


def whole_powers(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    return rng.uniform(-10, 10, n), rng.integers(-20, 21, n).astype(float)


LN2 = float(np.log(2.0))
POSITIVE = any_size(signs=False)

ANGLES: dict[str, Draw] = {
    "models": uniform(-10, 10),
    "near": uniform(-(2.0**22), 2.0**22),
    "small": any_size(high=0),
    "quarter turns": turns(),
    "eighths": turns(0.5),
}

FAR: dict[str, Draw] = {
    "edge": beside(2.0**22, 2),
    "any size": any_size(low=22),
    "quarter turns": turns(0.0, 2**62),
}
"""Angles for the functions of every float."""

RANGES: dict[str, dict[str, Draw]] = {
    "exp": {
        "models": uniform(-20, 20),
        "all": uniform(-745.2, 709.8),
        "subnormal": uniform(-745.2, -708),
        "any size": any_size(high=9),
        "between two k": beside(LN2, 1022, 0.5),
        "powers of two": beside(LN2, 1022),
        "ends": lambda rng, n: (
            np.array([709.782712893384, -745.1332191019411, -708.3964185322641]),
        ),
    },
    "log": {
        "models": uniform(0, 100),
        "any size": POSITIVE,
        "subnormal": any_size(high=-1022, signs=False),
        "around 1": uniform(0.6, 1.6),
        "near 1": near_one,
        "between two k": lambda rng, n: (
            np.ldexp(beside(0.5**0.5, 2)(rng, n)[0].clip(0.5), rng.integers(-1000, 1000, n)),
        ),
    },
    "sin": ANGLES,
    "cos": ANGLES,
    "tan": ANGLES,
    "sinh": {
        "models": uniform(-3, 3),
        "between two k": uniform(0.3, 0.45),
        "any size": any_size(high=8),
        "all": uniform(-710.4758, 710.4758),
        "large k": uniform(30, 45),
    },
    "cosh": {
        "models": uniform(-3, 3),
        "any size": any_size(high=8),
        "all": uniform(-710.4758, 710.4758),
    },
    "tanh": {
        "models": uniform(-3, 3),
        "between two k": uniform(0.15, 0.2),
        "any size": any_size(high=5),
        "saturated": uniform(15, 25),
    },
    "power": {
        "models": lambda rng, n: (rng.uniform(0, 10, n), rng.uniform(-5, 5, n)),
        "any": powers(POSITIVE, -1022, 1024),
        "near 1": powers(near_one, -1022, 1024),
        "around 1": powers(uniform(0.6, 1.6), -1022, 1024),
        "overflow": powers(POSITIVE, 1020, 1024),
        "underflow": powers(POSITIVE, -1075, -1020),
        "whole": whole_powers,
    },
}

EXACT: dict[str, Callable[..., mpmath.mpf]] = {
    name: getattr(mpmath, name) for name in RANGES if name != "power"
}
EXACT["power"] = mpmath.power
