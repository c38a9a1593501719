"""Fit as a table, a dictionary, a copy and a line."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle

import numpy as np
import pytest
from regressions import Problem, cars, each_problem

from fastmse.results import Fit


def coefficient_lines(table: str) -> list[str]:
    lines = table.splitlines()
    start = next(i for i, line in enumerate(lines) if "estimate" in line)
    return lines[start : lines.index(lines[1], start)]


@each_problem
def test_summary_prints_eleven_digits_of_what_was_estimated(problem):
    fit, table = problem.fit, problem.fit.summary()
    rows = [line.split() for line in coefficient_lines(table)[1:]]
    assert [row[0] for row in rows] == list(fit.names)
    np.testing.assert_allclose([float(r[1]) for r in rows], fit.theta, rtol=5.1e-11)
    np.testing.assert_allclose([float(r[2]) for r in rows], fit.stderr, rtol=5.1e-11)
    np.testing.assert_allclose([float(r[3]) for r in rows], fit.tvalues, rtol=5.1e-4)
    np.testing.assert_allclose([float(r[4]) for r in rows], fit.pvalues, rtol=5.1e-3)
    ends = [[float(end) for end in r[5:]] for r in rows]
    np.testing.assert_allclose(ends, fit.conf_int(), rtol=5.1e-6)
    for label, value in {
        "sigma^2 (ML)": fit.sigma2,
        "s (residual)": fit.s2**0.5,
        "R^2": fit.r2,
        "log-likelihood": fit.loglik,
        "AIC": fit.aic,
        "BIC": fit.bic,
    }.items():
        assert f"{value:#.11g}" in next(
            line for line in table.splitlines() if line.startswith(label) or f"  {label} " in line
        )


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
@pytest.mark.parametrize("name", ["x", "a name of more than forty characters, with spaces", "a\nb"])
@pytest.mark.parametrize("digits", [3, 11, 17])
def test_summary_is_aligned_whatever_it_holds(scale, name, digits):
    problem = Problem("origin")
    fit = problem.make(theta=problem.expected.params * scale, names=("x0", name, "x2"))
    table = fit.summary(digits)
    lines = table.splitlines()
    widths = {len(line) for line in coefficient_lines(table)}
    assert len(widths) == 1
    assert max(map(len, lines)) == len(lines[1])
    assert table.isascii()
    assert [line for line in lines if set(line) == {"-"}] == [lines[1]] * 4


def test_summary_shows_weights_messages_and_what_is_missing():
    problem = Problem("precision")
    table = problem.make(message="two words " * 20, cov_unscaled=None, converged=False).summary()
    line = next(line for line in table.splitlines() if "precision weights, sum" in line)
    assert float(line.split()[-1]) == pytest.approx(problem.w.sum(), rel=1e-9)
    assert "gram, 2 passes, not converged" in table
    assert coefficient_lines(table)[1].split()[2:] == ["-"] * 5
    note = table.splitlines()[-3:]
    assert note[0].startswith("note: two words")
    assert max(map(len, note)) <= len(table.splitlines()[1])
    assert "weights" not in Problem("intercept").fit.summary()
    assert "frequency weights, sum" in Problem("frequency").fit.summary()


@each_problem
def test_dictionary_holds_the_fields(problem):
    fit = problem.fit
    values = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    for name, value in values.items():
        actual = fit.conf_int() if name == "conf_int" else getattr(fit, name)
        np.testing.assert_array_equal(value, actual, err_msg=name)  # JSON keeps every bit
    primary = {field.name for field in dataclasses.fields(Fit)}
    derived = {name for name, value in vars(Fit).items() if isinstance(value, property)}
    left_out = {"rows", "cov_unscaled", "sst", "log_weight_sum", "_df", "count", "df_model"}
    left_out |= {"penalised", "mean", "model"}
    assert set(values) == (primary | derived | {"conf_int"}) - left_out


def test_dictionary_has_none_for_nan_and_infinity():
    fit = Problem("intercept").make(n=4, weight_sum=4.0, sse=0.0, condition=np.float64(np.inf))
    values = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    assert values["s2"] is values["loglik"] is values["condition"] is None
    assert values["stderr"] == [None] * 4
    assert values["conf_int"] == [[None, None]] * 4


def test_a_fit_is_frozen():
    problem = Problem("intercept")
    theta = problem.expected.params.copy()
    fit = problem.make(theta=theta)
    theta[0] = 99
    assert fit.theta[0] != 99
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.n = 3
    for array in (fit.theta, fit.cov_unscaled):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda fit: pickle.loads(pickle.dumps(fit))])
def test_a_copy_is_the_same_fit_without_the_data(copied):
    fit = Problem("precision").make(rows=list)
    again = copied(fit)
    assert again.to_dict() == fit.to_dict()
    assert again.rows is None
    assert not again.theta.flags.writeable


def test_a_fit_shows_itself():
    assert repr(cars()) == "Fit(target='dist', p=2, n=50, s=15.3796, r2=0.651079)"
