"""Least-squares problems of a chosen condition, and their solution in 60 digits."""

from __future__ import annotations

import mpmath
import numpy as np
from mpmath import mpf

DIGITS = 60


def problem(
    rng: np.random.Generator, n: int, d: int, *, condition: float, noise: float, shift: float
) -> tuple[np.ndarray, np.ndarray]:
    """X (n, d) with singular values from 1 to 1/condition, columns of wild scales, and y (n,)."""
    U, _ = np.linalg.qr(rng.standard_normal((n, d)))
    V, _ = np.linalg.qr(rng.standard_normal((d, d)))
    X = U * np.geomspace(1, 1 / condition, d) @ V.T * np.sqrt(n) * 10.0 ** rng.integers(-6, 7, d)
    slopes = rng.standard_normal(d) / np.abs(X).max(axis=0)
    y = X @ slopes + noise * rng.standard_normal(n) + rng.choice([0.0, 3.0, 1e6])
    return X + shift, y


def exact_fit(
    X: np.ndarray,
    y: np.ndarray,
    *,
    intercept: bool,
    weight: np.ndarray | None = None,
    l2: float = 0.0,
) -> dict[str, np.ndarray | mpf]:
    """theta, the inverse of X'WX (+ l2) and SSE, taking the float64 values as exact."""
    with mpmath.workdps(DIGITS):
        ones = np.ones((len(y), int(intercept)))
        Z = mpmath.matrix(np.hstack((ones, X)).tolist())
        w = np.ones(len(y)) if weight is None else weight
        WZ = mpmath.matrix([[mpf(w[i]) * Z[i, j] for j in range(Z.cols)] for i in range(Z.rows)])
        G = Z.T * WZ
        for j in range(int(intercept), Z.cols):
            G[j, j] += mpf(l2)
        target = mpmath.matrix(y.tolist())
        inverse = G**-1
        theta = inverse * (WZ.T * target)
        r = target - Z * theta
        sse = mpmath.fsum(mpf(w[i]) * r[i] ** 2 for i in range(len(y)))
        return {"theta": np.array(theta), "inverse": np.array(inverse.tolist()), "sse": sse}


def digits(value: float, exact: mpf | str) -> float:
    """Log relative error, -log10(|value - exact| / |exact|), capped at 16."""
    with mpmath.workdps(DIGITS):
        exact = mpf(exact)
        error = abs(mpf(float(value)) - exact) / (abs(exact) or 1)
        return 16.0 if error == 0 else min(16.0, -float(mpmath.log10(error)))


def fewest_digits(values: np.ndarray, exact: np.ndarray) -> float:
    """Of the worst element."""
    pairs = zip(np.ravel(values), np.ravel(exact), strict=True)
    return min(digits(value, reference) for value, reference in pairs)
