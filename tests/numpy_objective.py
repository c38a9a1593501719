"""Models written as text, differentiated by SymPy and evaluated by NumPy: the plain definition."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import sympy

from fastmse.fitting import fit_model
from fastmse.results import Fit
from fastmse.weighting import Weighting


class Derivatives(NamedTuple):
    """f (n,), ∂f (n, p) and ∂²f (n, p, p) at rows x (n, q)."""

    f: np.ndarray
    first: np.ndarray
    second: np.ndarray


@cache
def compiled(text: str, parameters: tuple[str, ...], variables: tuple[str, ...]) -> Any:
    """A NumPy function (x_1 .. x_q, theta_1 .. theta_p) of all derivatives up to the second."""
    theta, x = sympy.symbols(parameters), sympy.symbols(variables)
    names = dict(zip((*parameters, *variables), (*theta, *x), strict=True))
    f = sympy.sympify(text, names | {"arctan": sympy.atan})
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
        weight = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=float)
        kept = weight > 0
        self.y, self.weight = np.asarray(y, dtype=float)[kept], weight[kept]
        self.x = np.asarray(x, dtype=float).reshape(len(y), -1)[kept]
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


class NumpyMean:
    """What a `Fit` predicts by."""

    linear, centred = False, True

    def __init__(self, model: NumpyModel) -> None:
        self.model = model

    def features(self, X: Any) -> np.ndarray:
        X = np.asarray(X)
        return X if X.ndim == 2 else X[:, None]

    def at(self, X: np.ndarray, theta: np.ndarray) -> np.ndarray:
        return self.model(X, theta).f

    def jacobian(self, X: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        d = self.model(X, theta)
        return d.f, d.first


def fit(
    text: str,
    parameters: Sequence[str],
    x: Any,
    y: Any,
    start: Any,
    *,
    variables: Sequence[str] = ("x",),
    weight: Any = None,
    hessian: bool = True,
    **options: Any,
) -> Fit:
    """The fit of a text by the sums of NumPy."""
    model = NumpyModel(text, parameters, variables)
    y, X = np.asarray(y, dtype=float), np.asarray(x, dtype=float).reshape(len(y), -1)
    objective = NumpyObjective(model, X, y, weight)
    if not hessian:
        objective.hessian = None  # type: ignore[method-assign, assignment]
    w = objective.weight
    return fit_model(
        objective,
        NumpyMean(model),
        (X, y, None if weight is None else np.asarray(weight, dtype=float)),
        Weighting(len(w), float(w.sum())),
        start,
        names=model.parameters,
        variables=model.variables,
        **options,
    )
