"""NIST's nonlinear models as formulas, at their starts and certified values."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from fit_problems import digits
from nist import numbers
from nist_models import MODELS

from fastmse import formulas


@pytest.fixture(scope="module")
def reference(shared):
    path = shared / "strd" / "reference.json"
    if not path.exists():
        pytest.skip(f"no NIST reference at {path}")
    return json.loads(path.read_text())


@pytest.mark.parametrize("at", ["start1", "start2", "certified"])
@pytest.mark.parametrize("name", MODELS)
def test_mse_and_gradient(shared, reference, name, at):
    """MSE to 12 digits, gradient component j within 1e-11 of 2/n Σ |r_i ∂_j f_i|."""
    model, point = MODELS[name], reference[name]["points"][at]
    rows = numbers(shared / "strd" / "nonlinear" / f"{name}.dat", reference[name]["n"])
    y, x = rows[:, 0], tuple(rows[:, 1:].T)
    y = np.log(y) if model.log_y else y
    formula = formulas.parse(model.text, model.parameters)
    theta = tuple(float.fromhex(b) for b in point["b"])
    f, *slopes = formula.scalar(1, formulas.numpy_functions())(x, theta)
    r = f - y
    assert digits(math.fsum(r * r) / len(y), point["mse"]) >= 12
    for slope, exact in zip(slopes, point["grad"], strict=True):
        terms = r * slope
        bound = 1e-11 * 2 / len(y) * math.fsum(abs(terms * np.ones_like(y)))
        got = 2 / len(y) * math.fsum(terms * np.ones_like(y))
        assert abs(Fraction(got) - Fraction(exact)) <= bound
