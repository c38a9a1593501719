"""NIST's sets at their starting points and certified values: every kernel against 80 digits."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from fit_problems import digits
from nist import LINEAR, linear_problem, numbers
from numpy import arctan, cos, exp, expm1, log1p, pi, sin

import fastmse as fm
from fastmse.results import Evaluation

STEP = 1e-200


def gauss(x, b1, b2, b3, b4, b5, b6, b7, b8):
    peaks = b3 * exp(-(((x - b4) / b5) ** 2)) + b6 * exp(-(((x - b7) / b8) ** 2))
    return b1 * exp(-b2 * x) + peaks


def enso(x, b1, b2, b3, b4, b5, b6, b7, b8, b9):
    year, second, third = (2 * pi * x / period for period in (12, b4, b7))
    waves = b5 * cos(second) + b6 * sin(second) + b8 * cos(third) + b9 * sin(third)
    return b1 + b2 * cos(year) + b3 * sin(year) + waves


# Misra1's differences 1 - (1 + u)^-k, u ~ 0.01, are written without their cancellation: as they
# stand their rounding, not a kernel's, leaves Misra1c 12.5 digits of the certified MSE.
NONLINEAR = {
    "BoxBOD": lambda x, b1, b2: -b1 * expm1(-b2 * x),
    "Chwirut2": lambda x, b1, b2, b3: exp(-b1 * x) / (b2 + b3 * x),
    "DanWood": lambda x, b1, b2: b1 * x**b2,
    "ENSO": enso,
    "Eckerle4": lambda x, b1, b2, b3: b1 / b2 * exp(-(((x - b3) / b2) ** 2) / 2),
    "Gauss1": gauss,
    "Gauss3": gauss,
    "Kirby2": lambda x, b1, b2, b3, b4, b5: (b1 + b2 * x + b3 * x**2) / (1 + b4 * x + b5 * x**2),
    "Lanczos3": lambda x, b1, b2, b3, b4, b5, b6: (
        b1 * exp(-b2 * x) + b3 * exp(-b4 * x) + b5 * exp(-b6 * x)
    ),
    "MGH09": lambda x, b1, b2, b3, b4: b1 * (x**2 + x * b2) / (x**2 + x * b3 + b4),
    "Misra1a": lambda x, b1, b2: -b1 * expm1(-b2 * x),
    "Misra1b": lambda x, b1, b2: -b1 * expm1(-2 * log1p(b2 * x / 2)),
    "Misra1c": lambda x, b1, b2: -b1 * expm1(-log1p(2 * b2 * x) / 2),
    "Nelson": lambda x, b1, b2, b3: b1 - b2 * x[0] * exp(-b3 * x[1]),
    "Rat42": lambda x, b1, b2, b3: b1 / (1 + exp(b2 - b3 * x)),
    "Roszman1": lambda x, b1, b2, b3, b4: b1 - b2 * x - arctan(b3 / (x - b4)) / pi,
}


@pytest.fixture(scope="module")
def reference(shared):
    path = shared / "strd" / "reference.json"
    if not path.exists():
        pytest.skip(f"no NIST reference at {path}")
    return json.loads(path.read_text())


def parameters(point: dict) -> np.ndarray:
    return np.array([float.fromhex(b) for b in point["b"]])


def check(e: Evaluation, grad: np.ndarray, J: np.ndarray, r: np.ndarray, point: dict) -> None:
    """MSE and ℓ to 12 digits; gradient component j within 1e-11 of 2/n Σ |r_i ∂_j f_i|."""
    assert digits(e.mse, point["mse"]) >= 12
    if point["loglik"] is None:  # a perfect fit
        assert e.loglik == np.inf
    else:
        assert digits(e.loglik, point["loglik"]) >= 12
    bounds = 1e-11 * 2 / len(r) * (abs(J).T @ abs(r))
    for value, exact, bound in zip(grad, point["grad"], bounds, strict=True):
        assert abs(Fraction(value) - Fraction(exact)) <= Fraction(bound)


@pytest.mark.parametrize("backend", ["cython", "numpy", "numba"])
@pytest.mark.parametrize("at", ["zero", "certified"])
@pytest.mark.parametrize("name", LINEAR)
def test_linear(shared, reference, name, at, backend):
    X, y, intercept = linear_problem(shared, name, reference[name]["n"])
    point = reference[name]["points"][at]
    b = parameters(point)
    e = fm.Linear(intercept=intercept).evaluate(X, y, b, backend=backend)
    J = np.hstack((np.ones((len(y), int(intercept))), X))
    check(e, e.grad, J, J @ b - y, point)


@pytest.mark.parametrize("backend", ["cython", "numpy", "numba"])
@pytest.mark.parametrize("at", ["start1", "start2", "certified"])
@pytest.mark.parametrize("name", NONLINEAR)
def test_predictions(shared, reference, name, at, backend):
    rows = numbers(shared / "strd" / "nonlinear" / f"{name}.dat", reference[name]["n"])
    y, x = rows[:, 0], rows[:, 1:].T.squeeze()
    y = np.log(y) if name == "Nelson" else y
    model, point = NONLINEAR[name], reference[name]["points"][at]
    b = parameters(point)
    f = model(x, *b)
    # The complex step, ∂_j f = Im f(b + ih e_j) / h, has no differences to cancel.
    J = np.stack([model(x, *c).imag / STEP for c in b + 1j * STEP * np.eye(len(b))], axis=1)
    e = fm.evaluate(y, f, backend=backend)
    check(e, J.T @ e.grad, J, f - y, point)
