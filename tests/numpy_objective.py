"""Models written as text, differentiated by SymPy and evaluated by NumPy: the plain definition."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import sympy


class Derivatives(NamedTuple):
    """f (n,), ∂f (n, p) and ∂²f (n, p, p) at rows x (n, q)."""

    f: np.ndarray
    first: np.ndarray
    second: np.ndarray


@lru_cache(maxsize=None)
def compiled(text: str, parameters: tuple[str, ...], variables: tuple[str, ...]) -> Any:
    """A NumPy function (x_1 .. x_q, theta_1 .. theta_p) of all derivatives up to the second."""
    theta, x = sympy.symbols(parameters), sympy.symbols(variables)
    f = sympy.sympify(text, dict(zip((*parameters, *variables), (*theta, *x), strict=True)))
    first = [sympy.diff(f, t) for t in theta]
    second = [sympy.diff(d, t) for d in first for t in theta]
    return sympy.lambdify((*x, *theta), [f, *first, *second], "numpy", cse=True)


class NumpyModel:
    """y = f(x; θ) of a text: all that a fit asks of a model."""

    def __init__(self, text: str, parameters: Sequence[str], variables: Sequence[str]) -> None:
        self.text, self.parameters, self.variables = text, tuple(parameters), tuple(variables)

    @np.errstate(all="ignore")
    def __call__(self, x: np.ndarray, theta: np.ndarray) -> Derivatives:
        n, p = len(x), len(self.parameters)
        values = compiled(self.text, self.parameters, self.variables)(*x.T, *theta)
        f, *rest = (np.broadcast_to(np.asarray(value, dtype=float), n) for value in values)
        return Derivatives(f, np.stack(rest[:p], axis=1), np.stack(rest[p:], 1).reshape(n, p, p))


class Sums(NamedTuple):
    """What `Objective.normal` and `Objective.hessian` return."""

    sse: float
    gradient: np.ndarray
    normal: np.ndarray


class NumpyObjective:
    """Least squares of a model on rows at hand; counts its evaluations."""

    def __init__(self, model: NumpyModel, x: Any, y: Any, weight: Any = None) -> None:
        self.model = model
        self.y = np.asarray(y, dtype=float)
        self.x = np.asarray(x, dtype=float).reshape(len(self.y), -1)
        self.weight = np.ones(len(self.y)) if weight is None else np.asarray(weight, dtype=float)
        self.calls: list[str] = []

    @np.errstate(all="ignore")
    def _at(self, theta: np.ndarray) -> tuple[Sums, Derivatives, np.ndarray]:
        d = self.model(self.x, theta)
        r = d.f - self.y
        weighted = self.weight[:, None] * d.first
        return Sums(float(self.weight @ r**2), weighted.T @ r, d.first.T @ weighted), d, r

    def normal(self, theta: np.ndarray) -> Sums:
        self.calls.append("normal")
        return self._at(theta)[0]

    @np.errstate(all="ignore")
    def hessian(self, theta: np.ndarray) -> Sums:
        self.calls.append("hessian")
        sums, d, r = self._at(theta)
        return sums._replace(normal=sums.normal + np.tensordot(self.weight * r, d.second, 1))
