"""The measured errors that docs/numerics.md quotes.

python tests/errors.py
"""

from __future__ import annotations

from fractions import Fraction

import exact
import numpy as np

import fastmse as fm

SHAPES = [(4097, 3), (4000, 17), (3000, 50), (1300, 300), (30_000, 1), (9000, 8)]


def sse_of_predictions(equal: bool) -> float:
    """Largest error in ulp over random values, all rows alike or not."""
    rng = np.random.default_rng(0)
    worst = 0.0
    for n in (128, 256, 4096, 5000, 30_000):
        for _ in range(100 if equal else 5):
            f = np.full(n, rng.random()) if equal else rng.random(n)
            squares = n * Fraction(f[0]) ** 2 if equal else sum(Fraction(v) ** 2 for v in f)
            worst = max(worst, exact.ulps(fm.evaluate(np.zeros(n), f).sse, Fraction(squares)))
    return worst


def gradient_of_linear(equal: bool) -> float:
    """Largest error in eps of 2/W sum |r x|; residuals are exact, products and sums round."""
    rng = np.random.default_rng(0)
    worst = 0.0
    for n, d in SHAPES:
        X = rng.integers(-(2**30), 2**30, (1 if equal else n, d))
        theta, y = rng.integers(-32, 32, d), rng.integers(-(2**42), 2**42, len(X))
        r = X @ theta - y
        X, y, r = (np.repeat(a, n // len(a), axis=0) for a in (X, y, r))
        for order in "CF":
            e = fm.Linear().evaluate(np.array(X, float, order=order), y, theta)
            for j in range(0, d, 1 + d // 5):
                terms = [int(a) * int(b) for a, b in zip(r, X[:, j], strict=True)]
                error = abs(Fraction(e.grad[j]) - Fraction(2 * sum(terms), n))
                worst = max(worst, float(error / Fraction(2 * sum(map(abs, terms)), n)))
    return worst / exact.EPS


if __name__ == "__main__":
    for name, equal in (("equal rows", True), ("random rows", False)):
        print(f"sse, {name}: {sse_of_predictions(equal):.1f} ulp")
        print(f"grad, {name}: {gradient_of_linear(equal):.1f} eps of 2/W sum |w r x|")
