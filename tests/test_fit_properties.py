"""What holds for any linear fit: exact solutions, repeated rows, permuted and scaled columns."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction

import numpy as np
import polynomials
import pytest
from fit_problems import digits, exact_fit, fewest_digits, problem
from hypothesis import example, given, settings
from hypothesis import strategies as st

import fastmse as fm

seeds = st.integers(0, 2**32 - 1)
methods = st.sampled_from(["auto", "gram", "gram2"])


def draw(seed: int, condition: float, n: int = 40):
    """X, y, weights and whether the model has an intercept."""
    rng = np.random.default_rng(seed)
    noise = 10.0 ** rng.integers(-6, 2)
    d = int(rng.integers(1, 7))
    X, y = problem(rng, n, d, condition=condition, noise=noise, shift=0.0)
    weight = rng.uniform(0.1, 2, n) if rng.random() < 0.5 else None
    return X, y, weight, bool(rng.integers(2))


def fit(X, y, weight=None, *, intercept, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return fm.Linear(intercept=intercept).fit(X, y, sample_weight=weight, **options)


def tolerance(*fits) -> float:
    """Relative, of two fits that differ by rounding alone: what their messages promise."""
    if all(fit.method == "gram2" for fit in fits):
        return 1e-13
    digits = min(int(fit.message.split()[0]) if fit.message else 10 for fit in fits)
    return 2 * 10.0**-digits


@settings(max_examples=60)
@given(seeds, st.floats(0, 12), st.sampled_from([8, 40, 200]))
@example(2272, 4.0, 200)  # θ has 12 digits in float64, its standard errors 9
def test_equals_the_solution_in_sixty_digits(seed, log_condition, n):
    """Ten digits without a warning, and what double-double leaves of 31 once kappa took its share.

    Normal equations in 106 bits lose two digits for each of kappa; the data themselves, rounded to
    float64, hold 16 - log10(kappa), which is less from kappa = 1 on to 10^15.
    """
    X, y, weight, intercept = draw(seed, 10.0**log_condition, n)
    fitted = fit(X, y, weight, intercept=intercept, weight_type="precision")
    exact = exact_fit(X, y, intercept=intercept, weight=weight)
    left = 31 - 2 * math.log10(fitted.condition) - 1.5
    floor = min(10.0, left) if fitted.message else 10.0
    assert fewest_digits(fitted.theta, exact["theta"]) >= floor, fitted.message
    assert fewest_digits(np.diag(fitted.cov_unscaled), np.diag(exact["inverse"])) >= floor
    assert digits(fitted.sse, exact["sse"]) >= 12
    assert log_condition > 10 or not fitted.message


@given(seeds, methods)
def test_weights_are_repeated_rows(seed, method):
    X, y, _, intercept = draw(seed, 10.0)
    weight = np.random.default_rng(seed).integers(0, 4, len(y))
    weighted = fit(X, y, weight, intercept=intercept, method=method)
    repeated = fit(
        np.repeat(X, weight, axis=0), np.repeat(y, weight), intercept=intercept, method=method
    )
    assert weighted.weight_sum == repeated.n
    rtol = tolerance(weighted, repeated)
    for name in ("theta", "stderr", "sse", "sst", "loglik", "aic", "tvalues"):
        ours, theirs = getattr(weighted, name), getattr(repeated, name)
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-300, err_msg=name)


@given(seeds, methods)
def test_permuting_columns_permutes_the_answer(seed, method):
    X, y, weight, intercept = draw(seed, 100.0)
    order = np.random.default_rng(seed).permutation(X.shape[1])
    plain = fit(X, y, weight, intercept=intercept, method=method)
    permuted = fit(X[:, order], y, weight, intercept=intercept, method=method)
    places = np.concatenate(([0] * intercept, order + intercept)).astype(int)
    rtol = tolerance(plain, permuted)
    np.testing.assert_allclose(permuted.theta, plain.theta[places], rtol=rtol)
    np.testing.assert_allclose(permuted.stderr, plain.stderr[places], rtol=rtol)
    assert permuted.sse == pytest.approx(plain.sse, rel=1e-14)


@given(seeds, methods, st.integers(-498, 498))
def test_scaling_a_column_by_a_power_of_two_changes_no_bit(seed, method, power):
    """A column between -1 and 1: its variance, 2^996 times another, is still in float64's range."""
    X, y, weight, intercept = draw(seed, 1e3)
    X, y = X / np.abs(X).max(axis=0), y / np.abs(y).max()
    y += np.random.default_rng(seed).standard_normal(len(y))
    powers = np.zeros(X.shape[1], int)
    powers[seed % X.shape[1]] = power
    plain = fit(X, y, weight, intercept=intercept, method=method)
    scaled = fit(np.ldexp(X, powers), y, weight, intercept=intercept, method=method)
    back = np.concatenate(([0] * intercept, powers)).astype(int)
    assert np.ldexp(scaled.theta, back).tobytes() == plain.theta.tobytes()
    assert np.ldexp(scaled.stderr, back).tobytes() == plain.stderr.tobytes()
    for name in ("sse", "sst", "loglik", "condition", "method", "message"):
        assert getattr(scaled, name) == getattr(plain, name), name
    of_y = fit(X, np.ldexp(y, power), weight, intercept=intercept, method=method)
    assert np.ldexp(of_y.theta, -power).tobytes() == plain.theta.tobytes()
    assert math.ldexp(of_y.sse, -2 * power) == plain.sse
    assert of_y.condition == plain.condition


@pytest.mark.parametrize("exponent", [-498, 498])
@pytest.mark.parametrize("precision", ["double", "double-double"])
def test_scaling_a_column_of_statistics_changes_no_bit(precision, exponent):
    X, y = np.random.default_rng(3).standard_normal((2, 5000))
    X = np.column_stack((X, X + 0.1 * y**2, X**2))
    fits = []
    for power in (0, exponent):
        statistics = fm.SufficientStatistics(X.shape[1], intercept=True, precision=precision)
        statistics.update(np.ldexp(X, [power] + [0] * (X.shape[1] - 1)), y)
        fits.append(statistics.fit())
    plain, scaled = fits
    back = [0, exponent] + [0] * (X.shape[1] - 1)
    assert np.ldexp(scaled.theta, back).tobytes() == plain.theta.tobytes()
    assert scaled.sse == plain.sse


# Polynomials, as Filip's of NIST, from the powers of x as a user would build them


def lre(value: float | Fraction, exact: Fraction) -> float:
    error = abs(Fraction(value) - exact) / abs(exact)
    return 17.0 if error == 0 else -math.log10(error)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("degree", range(8, 13))
def test_polynomials_as_well_as_their_rounded_powers_allow(degree, seed):
    x, y = polynomials.problem(degree, 60, seed)
    columns = polynomials.powers(x, degree)
    theta, sse = polynomials.exact_fit(polynomials.exact_powers(x, degree), y)
    rows = [[Fraction(value) for value in row] for row in columns]
    of_rounded, sse_of_rounded = polynomials.exact_fit(rows, y)
    ceiling = min(map(lre, of_rounded, theta))
    fitted = fit(columns, y, intercept=True)
    assert ceiling < 11  # else this tests nothing
    assert min(map(lre, fitted.theta, theta)) >= ceiling - 1
    assert lre(fitted.sse, sse) >= min(14, lre(sse_of_rounded, sse) - 1)
    assert min(map(lre, fitted.theta, of_rounded)) >= 8
