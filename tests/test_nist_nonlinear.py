"""NIST's certified nonlinear sets, from both starts, by defaults only."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fit_problems import digits
from nist import numbers
from nist_models import MODELS

import fastmse as fm

STARTS = ("start1", "start2")
CERTIFIED = 11
"""Digits that NIST certifies."""


@pytest.fixture(scope="module")
def reference(shared):
    path = shared / "strd" / "reference.json"
    if not path.exists():
        pytest.skip(f"no NIST reference at {path}")
    return json.loads(path.read_text())


def fitted(shared, reference, name, start, backend):
    model, exact = MODELS[name], reference[name]
    rows = numbers(shared / "strd" / "nonlinear" / f"{name}.dat", exact["n"])
    y = np.log(rows[:, 0]) if model.log_y else rows[:, 0]
    theta = [float.fromhex(b) for b in exact["points"][start]["b"]]
    expression = fm.Expression(model.text, model.parameters)
    return expression.fit(rows[:, 1:], y, theta, backend=backend)


def check(fit, exact):
    """The digits of the worst parameter, after a check of all that NIST certifies."""
    assert fit.converged, fit.message
    assert fit.message == ""
    of_theta = min(digits(a, b) for a, b in zip(fit.theta, exact["params"], strict=True))
    assert of_theta >= min(CERTIFIED, exact["ceiling_data"]["params"] - 0.5)
    # The covariance has 4 κ² eps up to 10⁻¹⁰, and beyond that κ eps: κ = 10⁴ of Lanczos3.
    assert min(digits(a, b) for a, b in zip(fit.stderr, exact["param_sds"], strict=True)) >= 11
    assert digits(fit.sse, exact["rss"]) >= 11
    assert digits(np.sqrt(fit.s2), exact["resid_sd"]) >= 11
    assert digits(fit.loglik, exact["loglik"]) >= 11
    assert fit.df_resid == exact["dof"]
    return of_theta


@pytest.mark.parametrize("name", MODELS)
def test_by_numpy(shared, reference, name):
    """All digits that are certified, and half a digit less than the data hold."""
    for start in STARTS:
        check(fitted(shared, reference, name, start, "numpy"), reference[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_compiled(shared, reference, name):
    """The same by the compiled sums."""
    for start in STARTS:
        check(fitted(shared, reference, name, start, "auto"), reference[name])
