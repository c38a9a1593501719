"""Polynomials on [-9, -3], where powers of x are nearly dependent, and their exact fits."""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def problem(degree: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """x in [-9, -3] and a noisy y, of float64 whose values count as exact."""
    rng = np.random.default_rng([degree, seed])
    x = rng.uniform(-9, -3, n)
    shape = np.polynomial.chebyshev.chebval((x + 6) / 3, rng.standard_normal(degree + 1))
    return x, 0.8 + 0.1 * shape + 0.003 * rng.standard_normal(n)


def powers(x: np.ndarray, degree: int) -> np.ndarray:
    """The columns x, x², ... as a user would build them: rounded."""
    return x[:, None] ** np.arange(1, degree + 1)


def exact_powers(x: np.ndarray, degree: int) -> list[list[Fraction]]:
    return [[Fraction(value) ** k for k in range(1, degree + 1)] for value in x]


def exact_fit(rows: list[list[Fraction]], y: np.ndarray) -> tuple[list[Fraction], Fraction]:
    """theta, the intercept first, and SSE in rational arithmetic."""
    Z = [[Fraction(1), *row, Fraction(value)] for row, value in zip(rows, y, strict=True)]
    m = len(Z[0])
    G = [[sum(row[i] * row[j] for row in Z) for j in range(m)] for i in range(m)]
    for k in range(m - 1):  # Gauss-Jordan, symmetric and positive: no pivots
        G[k] = [value / G[k][k] for value in G[k]]
        for i in set(range(m)) - {k}:
            factor = G[i][k]
            G[i] = [a - factor * b for a, b in zip(G[i], G[k], strict=True)]
    return [G[k][m - 1] for k in range(m - 1)], G[m - 1][m - 1]
