"""Bounds of nonlinear fits: their forms, what is refused, and where a fit ends."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy_objective import NumpyModel, NumpyObjective, fit

from fastmse.fitting import RankWarning
from fastmse.fitting.bounds import checked_bounds, parameters

INF = np.inf
DECAY = "b1*exp(-b2*x) + b3"
NAMES = ("b1", "b2", "b3")
START = np.array([1.0, 0.7, 0.0])


def decay(seed, noise=0.05, n=30):
    """x, y of 2 exp(−x) + 0.5 + noise."""
    x = np.linspace(0, 4, n)
    return x, 2 * np.exp(-x) + 0.5 + noise * np.random.default_rng(seed).normal(size=n)


@pytest.mark.parametrize(
    ("given", "lower", "upper"),
    [
        (None, [-INF, -INF, -INF], [INF, INF, INF]),
        (([0, 0.5, -1], [2, 3, 4]), [0, 0.5, -1], [2, 3, 4]),
        ((np.array([0, 0.5, -1]), INF), [0, 0.5, -1], [INF, INF, INF]),
        ((-2, 5), [-2, -2, -2], [5, 5, 5]),
        ((None, [None, 3, INF]), [-INF, -INF, -INF], [INF, 3, INF]),
        ([(0, 2), None, (None, 4)], [0, -INF, -INF], [2, INF, 4]),
        (np.array([[0, 2], [0, 3], [-1, 4]]), [0, 0, -1], [2, 3, 4]),
        (((0, 2), (0, 3), (-1, 4)), [0, 0, -1], [2, 3, 4]),
        ({"b3": (0, None), "b1": [None, 2]}, [-INF, -INF, 0], [2, INF, INF]),
        ({}, [-INF, -INF, -INF], [INF, INF, INF]),
    ],
)
def test_forms(given, lower, upper):
    bounds = checked_bounds(given, NAMES, START)
    np.testing.assert_array_equal(bounds.lower, lower)
    np.testing.assert_array_equal(bounds.upper, upper)


@pytest.mark.parametrize(
    "given", [[(0, 2), (1, 3)], ([0, 1], [2, 3]), {"b2": (1, 3), "b1": (0, 2)}]
)
def test_of_two_parameters_a_tuple_is_two_sides_and_a_list_two_pairs(given):
    bounds = checked_bounds(given, ("b1", "b2"), np.array([1.0, 1.0]))
    assert bounds.lower.tolist() == [0, 1]
    assert bounds.upper.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([(0, 1), (0, 1)], ValueError, "want None, a tuple (lower, upper), a list of pairs"),
        (([0, 1], [2, 3, 4]), ValueError, "got 2 numbers on a side; want 3, for b1, b2, b3"),
        ("abc", TypeError, "bounds: got 'abc'; want None, a tuple"),
        (5, TypeError, "bounds: got 5; want None, a tuple"),
        ([(0, 1), (0, 1, 2), None], ValueError, "bounds: 'b2' got (0, 1, 2); want a pair"),
        ([(0, 1), 5, None], ValueError, "bounds: 'b2' got 5; want a pair"),
        ({"b4": (0, 1)}, ValueError, "bounds: got 'b4'; the parameters are b1, b2, b3"),
        ({"b2": ("0", 1)}, TypeError, "bounds: 'b2' got '0'; want a real number"),
        ({"b2": (True, 1)}, TypeError, "bounds: 'b2' got True; want a real number"),
        ({"b2": (0, np.nan)}, ValueError, "bounds: 'b2' got (0.0, nan); want lower <= upper"),
        ({"b2": (3, 2)}, ValueError, "bounds: 'b2' got (3.0, 2.0); want lower <= upper"),
        ({"b2": (INF, INF)}, ValueError, "bounds: 'b2' got (inf, inf); no number lies within"),
        ({"b2": (2, 3)}, ValueError, "start: 'b2' got 0.7, outside of its bounds (2.0, 3.0)"),
        ({"b3": (None, -1)}, ValueError, "start: 'b3' got 0.0, outside of its bounds (-inf, -1.0)"),
    ],
)
def test_refused(given, error, message):
    with pytest.raises(error, match=re.escape(message)):
        checked_bounds(given, NAMES, START)


def test_starts():
    assert parameters({"b2": 2, "b1": 1, "b3": np.float32(0.5)}, NAMES).tolist() == [1, 2, 0.5]
    assert parameters((1, 2, 3), NAMES).tolist() == [1, 2, 3]
    given = np.array([1, 2, 3])
    assert parameters(given, NAMES) is not given


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([1, 2], ValueError, "start: got shape (2,); want (3,): a number for each of b1, b2, b3"),
        (1.0, ValueError, "start: got shape (); want (3,)"),
        ([[1, 2, 3]], ValueError, "start: got shape (1, 3); want (3,)"),
        ({"b1": 1, "b2": 2}, ValueError, "start: 'b3' is missing; want b1, b2, b3"),
        ({"b1": 1, "b2": 2, "c": 3}, ValueError, "start: got 'c'; the parameters are b1, b2, b3"),
        ([1, np.nan, 3], ValueError, "start: 'b2' got nan; want a finite number"),
        ([1, 2, -INF], ValueError, "start: 'b3' got -inf; want a finite number"),
        ([1, 2j, 3], TypeError, "start: 'b1' got np.complex"),
        (["1", 2, 3], TypeError, "start: 'b1' got '1'; want a real number"),
        ([1, None, 3], TypeError, "start: 'b2' got None; want a real number"),
        ([1, 2, 10**400], TypeError, "start: 'b3' got 1000"),
    ],
)
def test_starts_refused(given, error, message):
    if isinstance(given, list) and 2j in given:
        given = np.array(given)
    with pytest.raises(error, match=re.escape(message)):
        parameters(given, NAMES)


def test_a_bound_that_is_met_holds_its_parameter():
    """It ends exactly there, the others at the minimum of the smaller model, with its errors."""
    x, y = decay(1)
    fitted = fit(DECAY, NAMES, x, y, START, bounds={"b2": (None, 0.75)})
    smaller = fit("b1*exp(-0.75*x) + b3", ("b1", "b3"), x, y, [1, 0])
    assert fitted.converged
    assert fitted.theta[1] == 0.75
    assert fitted.rank == 2
    assert "held by a bound: 'b2' at 0.75" in fitted.message
    np.testing.assert_allclose(fitted.theta[[0, 2]], smaller.theta, rtol=1e-13)
    np.testing.assert_allclose(fitted.stderr[[0, 2]], smaller.stderr, rtol=1e-13)
    assert np.isnan(fitted.stderr[1])
    assert np.isnan(fitted.conf_int()[1]).all()
    assert fitted.aic == pytest.approx(smaller.aic, rel=1e-14)
    for interval in ("confidence", "prediction"):
        np.testing.assert_allclose(
            fitted.predict(x, interval), smaller.predict(x, interval), rtol=1e-12
        )
    np.testing.assert_allclose(fitted.robust()[[0, 2]], smaller.robust(), rtol=1e-12)
    assert np.isnan(fitted.robust()[1])
    assert "nan" in fitted.summary()


def test_equal_bounds_fix_a_parameter():
    x, y = decay(2)
    fitted = fit(DECAY, NAMES, x, y, [1, 0.75, 0], bounds={"b2": (0.75, 0.75)})
    smaller = fit("b1*exp(-0.75*x) + b3", ("b1", "b3"), x, y, [1, 0])
    assert fitted.converged
    assert fitted.theta[1] == 0.75
    np.testing.assert_allclose(fitted.theta[[0, 2]], smaller.theta, rtol=1e-13)
    assert np.isnan(fitted.stderr[1])


def test_all_parameters_held():
    x, y = decay(3)
    fitted = fit(DECAY, NAMES, x, y, [1, 1, 0], bounds=([1, 1, 0], [1, 1, 0]))
    assert fitted.converged
    assert fitted.theta.tolist() == [1, 1, 0]
    assert fitted.rank == 0
    assert np.isnan(fitted.stderr).all()


def test_bounds_that_are_not_met_change_no_answer():
    x, y = decay(4)
    free = fit(DECAY, NAMES, x, y, START)
    bounded = fit(DECAY, NAMES, x, y, START, bounds=(-10, 10))
    np.testing.assert_allclose(bounded.theta, free.theta, rtol=1e-13)
    assert bounded.message == ""
    # Bounds on the way, inside of which the minimum lies.
    lower, upper = free.theta - 0.3, free.theta + 0.4
    near = fit(DECAY, NAMES, x, y, np.clip(START, lower, upper), bounds=(lower, upper))
    np.testing.assert_allclose(near.theta, free.theta, rtol=1e-12)
    assert near.message == ""


def numbers(low, high):
    """0 or, in size, 10⁻⁹ and more: less is the matter of the next test."""
    return st.floats(low, high).filter(lambda v: v == 0 or abs(v) > 1e-9)


WIDTHS = st.sampled_from([0.0, 0.1, 0.5, 1.0, 4.0, INF])


@settings(max_examples=40)
@example(lower=[0.0, 0.0, 0.75], width=[1.0, INF, 1.0], at=[1.24e-4, 0.0, 0.0], seed=1)
@example(lower=[0.0, -1.0, 3.79e-33], width=[0.1, 0.1, 0.0], at=[0.0, 0.0, 0.0], seed=0)
@given(
    lower=st.lists(numbers(-2, 2), min_size=3, max_size=3),
    width=st.lists(WIDTHS, min_size=3, max_size=3),
    at=st.lists(numbers(0, 1), min_size=3, max_size=3),
    seed=st.integers(0, 5),
)
def test_the_end_meets_the_conditions_of_a_minimum(lower, width, at, seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RankWarning)  # b1 = 0 or b2 = 0 leave others undetermined
        fitted = meets_the_conditions(lower, width, at, seed)
    assert fitted.converged or fitted.message.startswith("rank")


@settings(max_examples=40)
@given(
    lower=st.lists(st.floats(-300, -20).map(lambda e: 10.0**e), min_size=3, max_size=3),
    width=st.lists(WIDTHS, min_size=3, max_size=3),
)
def test_a_start_of_next_to_nothing_is_mastered_or_told(lower, width):
    """Of b1 = 10⁻⁴⁰ derivatives by b2 are as small, and no step is of the right size for both."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = meets_the_conditions(lower, width, np.zeros(3), 0)
    assert fitted.converged or fitted.message


def meets_the_conditions(lower, width, at, seed):
    """Karush, Kuhn and Tucker's: −g points out of the box where a bound is met, else g is 0."""
    x, y = decay(seed, noise=0.3)
    lower, upper = np.array(lower), np.add(lower, width)
    start = np.minimum(lower + np.multiply(at, np.minimum(width, 1.0)), upper)
    fitted = fit(DECAY, NAMES, x, y, start, bounds=(lower, upper))
    theta = fitted.theta
    assert ((lower <= theta) & (theta <= upper)).all()
    if not fitted.converged:
        return fitted
    sums = NumpyObjective(NumpyModel(DECAY, NAMES, ("x",)), x, y).normal(theta)
    # In units of |r| |∂f|: the cosine between both, up to the tolerance.
    lengths = np.sqrt(sums.sse * np.diag(sums.normal))
    cosine = np.divide(sums.gradient, lengths, out=np.zeros(3), where=lengths > 0)
    at_lower, at_upper = theta == lower, theta == upper
    assert (np.abs(cosine[~at_lower & ~at_upper]) < 1e-9).all()
    assert (cosine[at_lower & ~at_upper] > -1e-9).all()
    assert (cosine[at_upper & ~at_lower] < 1e-9).all()
    return fitted


@pytest.mark.parametrize("seed", range(6))
def test_the_minimum_is_that_of_scipy(seed):
    from scipy.optimize import least_squares

    rng = np.random.default_rng(seed)
    x, y = decay(seed, noise=0.2)
    lower = np.array([-1, 0.1, -1]) + rng.uniform(0, 0.5, 3)
    upper = lower + rng.uniform(0.3, 3, 3)
    start = (lower + upper) / 2
    fitted = fit(DECAY, NAMES, x, y, start, bounds=(lower, upper))
    found = least_squares(
        lambda b: b[0] * np.exp(-b[1] * x) + b[2] - y, start, bounds=(lower, upper), ftol=1e-15,
        xtol=1e-15, gtol=1e-15,
    )  # fmt: skip
    assert fitted.converged, fitted.message
    # scipy's stays off the bounds.
    assert fitted.sse <= 2 * found.cost * (1 + 1e-12)
    assert fitted.sse == pytest.approx(2 * found.cost, rel=1e-6)
