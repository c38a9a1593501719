"""The works that are timed, each with its rivals: ours, plain NumPy, NumPy without temporaries."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import fastmse as fm
from benchmarks import exact

Array = NDArray[np.float64]


class Work(Protocol):
    """Data in memory, and three ways to get the same numbers from it."""

    arrays: tuple[Array, ...]  # what one pass must touch; its read is the roof
    result: Array | None  # where numpy_in_place leaves the gradient

    def ours(self, backend: str, n_threads: int) -> fm.Evaluation: ...
    def numpy(self) -> tuple[float, Array | None]: ...
    def numpy_in_place(self) -> float: ...
    def exact_sse(self) -> Fraction: ...


class Predictions:
    """MSE of `n` predictions: a read of 16 bytes per element; with the gradient 8 more, written."""

    def __init__(self, n: int, *, grad: bool) -> None:
        rng = np.random.default_rng(n)
        self.y = rng.standard_normal(n)
        self.f = self.y + rng.standard_normal(n)
        self.buffer = np.zeros(n)
        self.result = self.buffer if grad else None
        self.arrays = (self.y, self.f, self.buffer) if grad else (self.y, self.f)

    def ours(self, backend: str, n_threads: int) -> fm.Evaluation:
        options: dict[str, Any] = {"backend": backend, "n_threads": n_threads}
        if self.result is None:
            return fm.evaluate(self.y, self.f, grad=False, **options)
        return fm.evaluate(self.y, self.f, out=self.result, **options)

    def numpy(self) -> tuple[float, Array | None]:
        residual = self.f - self.y
        mse = float((residual**2).mean())
        return mse, None if self.result is None else 2 / self.y.size * residual

    def numpy_in_place(self) -> float:
        residual = np.subtract(self.f, self.y, out=self.buffer)
        mse = float(residual @ residual) / self.y.size
        if self.result is not None:
            residual *= 2 / self.y.size
        return mse

    def exact_sse(self) -> Fraction:
        return exact.sse(self.y, self.f)


class LinearRows:
    """MSE and ∇θ MSE of f = θᵀx: a read of X (n, d) in `order`, 8d bytes a row, and of y."""

    def __init__(self, n: int, d: int, order: str) -> None:
        rng = np.random.default_rng(d)
        memory = rng.standard_normal((n, d) if order == "C" else (d, n))
        self.X = memory if order == "C" else memory.T
        self.theta = rng.standard_normal(d) / d**0.5  # as much signal as noise
        self.y = self.X @ self.theta + rng.standard_normal(n)
        self.buffer = np.zeros(n)
        self.result: Array | None = np.zeros(d)
        self.arrays = (self.X, self.y)
        self.model = fm.Linear()

    def ours(self, backend: str, n_threads: int) -> fm.Evaluation:
        return self.model.evaluate(self.X, self.y, self.theta, backend=backend, n_threads=n_threads)

    def numpy(self) -> tuple[float, Array | None]:
        residual = self.X @ self.theta - self.y
        return float((residual**2).mean()), 2 / self.y.size * (residual @ self.X)

    def numpy_in_place(self) -> float:
        residual = np.dot(self.X, self.theta, out=self.buffer)
        residual -= self.y
        np.dot(residual, self.X, out=self.result)
        self.result *= 2 / self.y.size
        return float(residual @ residual) / self.y.size

    def exact_sse(self) -> Fraction:
        return exact.linear_sse(self.X, self.y, self.theta)


def table_works() -> dict[str, Callable[[int], Work]]:
    """Name -> maker of the work whose largest array has the given number of values."""
    makers: dict[str, Callable[[int], Work]] = {
        "predictions, value": lambda values: Predictions(values, grad=False),
        "predictions, value + gradient": lambda values: Predictions(values, grad=True),
    }
    for d in (8, 50, 200, 2000):
        for order in "CF":
            makers[f"linear, d = {d}, {order} order"] = linear_maker(d, order)
    return makers


def linear_maker(d: int, order: str) -> Callable[[int], LinearRows]:
    """Maker of linear rows, as many as fit into the given number of values of X."""
    return lambda values: LinearRows(max(values // d, 2), d, order)
