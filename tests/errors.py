"""The measured errors that docs/numerics.md quotes.

python tests/errors.py
"""

from __future__ import annotations

from fractions import Fraction

import exact
import numpy as np

import fastmse as fm

SHAPES = [
    (4097, 3),
    (30_000, 1),
    (9000, 8),
    (1023, 9),
    (4000, 17),
    (3000, 50),
    (1300, 300),
    (300, 600),
]


def sse_of_predictions(equal: bool) -> float:
    """Largest error in ulp over random values and weights, all rows alike or not."""
    rng = np.random.default_rng(0)
    worst = 0.0
    for n in (128, 256, 4096, 5000, 30_000):
        for draw in range(120 if equal else 4):
            rows = 1 if equal else n
            f, w = rng.random(rows), rng.random(rows) if draw % 2 else np.ones(rows)
            # Multiples of 2^-53 all.
            whole = zip(*((a * 2**53).astype(int).tolist() for a in (f, w)), strict=True)
            squares = Fraction(sum(b * a * a for a, b in whole), 2**159)
            f, w = (np.repeat(a, n // rows) for a in (f, w))
            e = fm.evaluate(np.zeros(n), f, sample_weight=w)
            worst = max(worst, exact.ulps(e.sse, squares * (n // rows)))
    return worst


def gradient_of_linear(equal: bool) -> float:
    """Largest error in eps of 2/W sum |w r x|; residuals are exact, products and sums round."""
    rng = np.random.default_rng(0)
    worst = 0.0
    for n, d in SHAPES * (10 if equal else 1):
        rows = 1 if equal else n
        X, theta = rng.integers(-(2**30), 2**30, (rows, d)), rng.integers(-32, 32, d)
        y, w = rng.integers(-(2**42), 2**42, rows), rng.integers(2**52, 2**53, rows)
        for weights in (np.ones(rows, np.int64), w):
            c = weights.astype(object) * (X @ theta - y)
            total = sum(weights.tolist())
            exact_gradient = [Fraction(2 * g, total) for g in c @ X.astype(object)]
            spread = [Fraction(2 * g, total) for g in abs(c) @ abs(X).astype(object)]
            repeated = [np.repeat(a, n // rows, axis=0) for a in (X, y, weights)]
            worst = max(worst, largest_error(*repeated, theta, exact_gradient, spread))
    return worst / exact.EPS


def largest_error(X, y, w, theta, gradient: list[Fraction], spread: list[Fraction]) -> float:
    """In units of the spread, in rows and in columns."""
    errors = [0.0]
    for order in "CF":
        e = fm.Linear().evaluate(np.array(X, float, order=order), y, theta, sample_weight=w)
        for found, expected, size in zip(e.grad.tolist(), gradient, spread, strict=True):
            errors.append(float(abs(Fraction(found) - expected) / size))
    return max(errors)


if __name__ == "__main__":
    for name, equal in (("equal rows", True), ("random rows", False)):
        print(f"sse, {name}: {sse_of_predictions(equal):.1f} ulp")
        print(f"grad, {name}: {gradient_of_linear(equal):.1f} eps of 2/W sum |w r x|")
