"""The sums of a nonlinear model, straight from a kernel, and a model whose sums are integers."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from fastmse.kernels.scalars import Scalar, Sums
from fastmse.models.expression import Expression, FormulaScalar
from fastmse.models.passes import Passes, Totals
from fastmse.statistics import MODEL_BLOCK, Stream

Q, P = 2, 3


def polynomial(order: int, functions: Any) -> Scalar:
    """f = a b x + a² z + c, with the derivatives up to `order`."""

    def value(x, theta):
        a, b, c = theta
        return (a * b * x[0] + a * a * x[1] + c,)

    def first(x, theta):
        a, b, c = theta
        f = a * b * x[0] + a * a * x[1] + c
        return (f, b * x[0] + 2 * a * x[1], a * x[0], 1.0)

    def second(x, theta):
        a, b, c = theta
        f = a * b * x[0] + a * a * x[1] + c
        return (f, b * x[0] + 2 * a * x[1], a * x[0], 1.0, 2 * x[1], x[0], 0.0, 0.0, 0.0, 0.0)

    return (value, first, second)[order]


@cache
def scalar() -> FormulaScalar:
    """Compiled once for all tests."""
    return FormulaScalar(Q, P, polynomial)


def rational(order: int, functions: Any) -> Scalar:
    """f = a / (1 + ((x - b) / c)²) + z, whose every operation rounds."""

    def value(x, theta):
        a, b, c = theta
        z = (x[0] - b) / c
        return (a / (1 + z * z) + x[1],)

    def first(x, theta):
        a, b, c = theta
        z = (x[0] - b) / c
        d = 1 / (1 + z * z)
        slope = 2 * a * z * d * d / c
        return (a / (1 + z * z) + x[1], d, slope, slope * z)

    def second(x, theta):  # what stands for second derivatives need not be them
        a, b, c = theta
        z = (x[0] - b) / c
        d = 1 / (1 + z * z)
        slope = 2 * a * z * d * d / c
        rest = (z * d, d * d, slope * d, z / 3, slope / 7, x[1] * z)
        return (a / (1 + z * z) + x[1], d, slope, slope * z, *rest)

    return (value, first, second)[order]


@cache
def rounding_scalar() -> FormulaScalar:
    """Compiled once for all tests."""
    return FormulaScalar(Q, P, rational)


@cache
def own_functions() -> FormulaScalar:
    """Compiled once for all tests."""
    formula = "a*exp(-((x - b)/8)**2) + log(2 + sin(c*z)**2)*b**2"
    return Expression(formula, ["a", "b", "c"], ["x", "z"])._scalar(Q, False)


def at_once(
    rows: list[Any],
    theta: np.ndarray,
    sums: Sums,
    *,
    backend: str = "cython",
    n_threads: int = 1,
    model: FormulaScalar | None = None,
) -> Totals:
    passes = Passes(rows, model or scalar(), backend=backend, n_threads=n_threads)
    return passes(theta, sums)


def streamed(
    rows: list[Any], chunks: list[slice], theta: np.ndarray, sums: Sums, **options: Any
) -> np.ndarray:
    """The node of all rows, which came in chunks."""
    model = options.pop("model", None) or scalar()
    passes = Passes(rows, model, **{"n_threads": 2, "backend": "cython", **options})
    held = passes.held(len(theta), sums)
    stream = Stream(held.counter(), passes.counting(theta, sums), MODEL_BLOCK, MODEL_BLOCK)
    for chunk in chunks:
        stream.update([None if column is None else column[chunk] for column in rows])
    return stream.total()


def whole(rows: list[Any], theta: np.ndarray, sums: Sums, **options: Any) -> np.ndarray:
    """The node of all rows at once."""
    return streamed(rows, [slice(None)], theta, sums, **options)


def exact(x: np.ndarray, y: np.ndarray, w: np.ndarray | None, theta: np.ndarray) -> Any:
    """Of integers: SSE, G, N, and N with second derivatives, as Python's integers."""
    weights = [1] * len(y) if w is None else [int(v) for v in w]
    outputs = polynomial(2, None)
    sse, G = 0, [0] * P
    N, H = np.zeros((2, P, P), object)
    for row, target, weight in zip(x.tolist(), y.tolist(), weights, strict=True):
        if weight:
            values = outputs([int(v) for v in row], [int(v) for v in theta])
            f, *g = [int(v) for v in values[: 1 + P]]
            h = [int(v) for v in values[1 + P :]]
            r = f - int(target)
            sse += weight * r * r
            for j in range(P):
                G[j] += weight * r * g[j]
                for k in range(P):
                    low = max(j, k) * (max(j, k) + 1) // 2 + min(j, k)
                    N[j, k] += weight * g[j] * g[k]
                    H[j, k] += weight * (g[j] * g[k] + r * h[low])
    return sse, np.array(G, float), N.astype(float), H.astype(float)
