"""NIST's certified linear and univariate sets, from the columns as a user would build them."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from fit_problems import digits
from nist import LINEAR, linear_problem, numbers

import fastmse as fm
from fastmse.fitting import fit_rows

UNIVARIATE = [
    "PiDigits", "Lottery", "Lew", "Mavro", "Michelso", "NumAcc1", "NumAcc2", "NumAcc3", "NumAcc4",
]  # fmt: skip


def fit_linear(shared, name, n, method):
    X, y, intercept = linear_problem(shared, name, n)
    return fit_rows(lambda: iter([(X, y, None)]), X.shape[1], intercept=intercept, method=method)


@pytest.fixture(scope="module")
def certified(shared):
    return json.loads((shared / "strd" / "reference.json").read_text())


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize("method", ["auto", "gram2"])
def test_linear(shared, certified, name, method):
    """14 digits, or half a digit less than NIST's data hold once rounded to float64."""
    reference = certified[name]
    ceiling = reference["ceiling_data"]
    fitted = fit_linear(shared, name, reference["n"], method)
    assert fitted.message == ""
    lre = [digits(a, b) for a, b in zip(fitted.theta, reference["params"], strict=True)]
    assert min(lre) >= min(14.0, ceiling["params"] - 0.5)
    # Certified zeros (Wampler1's residuals) are left out: float64 data leave 1e-10 of rounding.
    if float(reference["rss"]) > 0:
        of_stderr = [
            digits(a, b) for a, b in zip(fitted.stderr, reference["param_sds"], strict=True)
        ]
        assert min(of_stderr) >= 12
        assert digits(math.sqrt(fitted.s2), reference["resid_sd"]) >= 12
        assert digits(fitted.loglik, reference["loglik"]) >= 12


@pytest.mark.parametrize("name", LINEAR)
def test_linear_statistics(shared, certified, name):
    """The same from chunks of a row each, merged, and without a second look at the data."""
    reference = certified[name]
    X, y, intercept = linear_problem(shared, name, reference["n"])
    whole, odd = (
        fm.SufficientStatistics(X.shape[1], intercept=intercept, precision="double-double")
        for _ in range(2)
    )
    for i in range(len(y)):
        (odd if i % 2 else whole).update(X[i : i + 1], y[i : i + 1])
    fitted = (whole + odd).fit()
    lre = [digits(a, b) for a, b in zip(fitted.theta, reference["params"], strict=True)]
    assert min(lre) >= min(14.0, reference["ceiling_data"]["params"] - 0.5)
    if float(reference["rss"]) > 0:
        assert digits(math.sqrt(fitted.s2), reference["resid_sd"]) >= 12


@pytest.mark.parametrize("name", UNIVARIATE)
@pytest.mark.parametrize("method", ["auto", "gram2"])
def test_univariate(shared, name, method):
    folder = shared / "strd" / "univariate"
    reference = json.loads((folder / "reference.json").read_text())[name]
    y = numbers(folder / f"{name}.dat", reference["n"])[:, 0]
    X = np.empty((len(y), 0))
    fitted = fit_rows(lambda: iter([(X, y, None)]), 0, intercept=True, method=method)
    of_mean, of_sd, _ = reference["ceiling_data"]
    assert digits(fitted.theta[0], reference["mean"]) >= min(15.0, of_mean - 0.5)
    assert digits(math.sqrt(fitted.s2), reference["sd"]) >= min(14.5, of_sd - 0.5)
