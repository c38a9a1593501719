"""Exact oracles: integers scaled by powers of two, so that no rounding is their own."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

EPS = 2.0**-52
THETA_BITS = 18


def sse(r: np.ndarray, w: np.ndarray | None, scale: int = 0) -> Fraction:
    """Sum of w r^2 for integers r, in units of 2^-scale each."""
    weights = np.ones(len(r), np.int64) if w is None else w
    total = sum(int(a) * int(b) * int(b) for a, b in zip(weights, r, strict=True))
    return Fraction(total, 4**scale)


def ulps(value: float, exact: Fraction) -> float:
    """Distance in units of the last place of the exact value; 0 for 0 against 0."""
    if exact == 0:
        return 0.0 if value == 0 else np.inf
    return float(abs(Fraction(value) - exact) / Fraction(np.spacing(abs(float(exact)))))


def random_theta(rng: np.random.Generator, p: int) -> np.ndarray:
    """Integers of 18 bits; theta is 2^-18 times them."""
    return rng.integers(-(2**THETA_BITS), 2**THETA_BITS, p)
