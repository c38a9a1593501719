"""Fit.robust: standard errors that allow for unequal variances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from regressions import Problem, each_problem

EPS = np.finfo(float).eps
KINDS = ["HC0", "HC1", "HC2", "HC3"]


@each_problem
@pytest.mark.parametrize("kind", KINDS)
def test_robust_agrees_with_statsmodels(problem, kind):
    # sm.OLS(...).fit().HC3_se and so on, of the repeated rows or of WLS. Both compute
    # (X'WX)⁻¹x: rounding κ eps, with κ about 4, under squares and sums of 60 rows.
    expected = getattr(problem.expected, f"{kind}_se")
    np.testing.assert_allclose(problem.fit.robust(kind), expected, rtol=64 * EPS)
    assert kind != "HC3" or (problem.fit.robust() == problem.fit.robust("HC3")).all()


@pytest.mark.parametrize("case", ["frequency", "precision"])
def test_robust_drops_rows_of_weight_zero(case):
    problem = Problem(case)

    def rows_and_a_hole():
        yield from problem.rows()
        yield np.full((2, 3), np.nan), np.array([np.nan, 1.0]), np.zeros(2)

    expected = problem.fit.robust()
    np.testing.assert_array_equal(problem.make(rows=rows_and_a_hole).robust(), expected)


def test_robust_says_what_it_cannot_do():
    problem = Problem("intercept")
    with pytest.raises(ValueError, match="kind: got 'HC9'; want one of HC0, HC1, HC2, HC3"):
        problem.fit.robust("HC9")
    with pytest.raises(ValueError, match="passes over the data again, and this fit holds none"):
        problem.make(rows=None).robust()
    assert problem.make(cov_unscaled=None).robust() is None


def test_a_row_that_nothing_checks_is_infinite_or_nan():
    X, y = np.array([[0.0], [0.0], [1.0]]), np.array([1.0, 2.0, 5.0])
    fit = Problem("intercept").make(
        theta=np.array([1.5, 3.5]),
        cov_unscaled=np.array([[0.5, -0.5], [-0.5, 1.5]]),
        rows=lambda: [(X, y, None)],
    )
    assert fit.robust("HC0") == pytest.approx([math.sqrt(0.125), math.sqrt(0.125)])
    assert np.isnan(fit.robust("HC3")).all()  # row 2 has leverage 1, residual 0: 0/0
