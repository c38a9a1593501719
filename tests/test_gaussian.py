"""The noise model against its naive form and mpmath at 50 digits."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmse import gaussian

EPS = np.finfo(float).eps

location = st.floats(-1e6, 1e6)
variance = st.floats(1e-12, 1e12)
weight = st.floats(0.01, 1e9)


def exact_logpdf(y, mean, sigma2):
    y, mean, sigma2 = map(mpmath.mpf, (y, mean, sigma2))
    return -mpmath.log(2 * mpmath.pi * sigma2) / 2 - (y - mean) ** 2 / (2 * sigma2)


def exact_log_likelihood(sse, weight_sum, sigma2):
    """l and the sum of the magnitudes of its terms, the scale of its rounding."""
    sse, w, sigma2 = map(mpmath.mpf, (sse, weight_sum, sigma2))
    terms = -w / 2 * mpmath.log(2 * mpmath.pi), -w / 2 * mpmath.log(sigma2), -sse / (2 * sigma2)
    return sum(terms), sum(map(abs, terms))


@pytest.fixture(autouse=True)
def fifty_digits():
    with mpmath.workdps(50):
        yield


@given(mean=location, z=st.floats(-30, 30), sigma2=variance)
def test_pdf_is_exact_to_the_rounding_of_its_exponent(mean, z, sigma2):
    y = mean + z * math.sqrt(sigma2)
    exact = exact_logpdf(y, mean, sigma2)
    z2 = float((mpmath.mpf(y) - mpmath.mpf(mean)) ** 2 / sigma2)
    with mpmath.workdps(50):
        density = mpmath.exp(exact)
    # The bound of the docstring: exp turns the rounding of z²/2 into a relative error.
    assert abs(gaussian.pdf(y, mean, sigma2) / density - 1) <= (4 + z2) * EPS


@given(y=location, mean=location, sigma2=variance)
def test_logpdf_is_exact_to_the_rounding_of_its_terms(y, mean, sigma2):
    terms = mpmath.log(2 * mpmath.pi), mpmath.log(sigma2), (mpmath.mpf(y) - mean) ** 2 / sigma2
    error = abs(gaussian.logpdf(y, mean, sigma2) - exact_logpdf(y, mean, sigma2))
    assert error <= 2 * EPS * sum(map(abs, terms))  # three roundings of halves of the terms


def test_densities_integrate_to_one():
    y = np.linspace(-40, 40, 4001)
    # The trapezoidal rule converges exponentially on an analytic integrand that dies out.
    assert np.trapezoid(gaussian.pdf(y, 1.0, 4.0), y) == pytest.approx(1, abs=1e-14)


def test_pdf_underflows_where_logpdf_does_not():
    assert gaussian.pdf(1e3, 0.0, 1.0) == 0
    assert gaussian.logpdf(1e3, 0.0, 1.0) == pytest.approx(-500000.9189385332, rel=EPS)


def test_arrays_and_scalars_mix_and_keep_their_shape():
    y = np.arange(6.0).reshape(2, 3)
    sigma2 = np.linspace(1, 2, 6).reshape(2, 3)
    for function in (gaussian.pdf, gaussian.logpdf):
        together = function(y, 1.5, sigma2)
        alone = [function(a, 1.5, b) for a, b in zip(y.flat, sigma2.flat, strict=True)]
        # exp and log may take another path for arrays than for numbers: 1 ulp.
        np.testing.assert_allclose(together.ravel(), alone, rtol=2 * EPS)
        assert together.shape == (2, 3)
        assert all(type(value) is float for value in alone)


@pytest.mark.parametrize("dtype", ["f4", "f2", "i4", "u1", "?", ">f8"])
def test_narrow_arrays_are_computed_in_float64(dtype):
    y = np.array([0, 1, 1], dtype)
    np.testing.assert_array_equal(
        gaussian.logpdf(y, 0.25, 0.1), gaussian.logpdf(y.astype(float), 0.25, 0.1)
    )


@pytest.mark.parametrize("function", [gaussian.pdf, gaussian.logpdf])
@pytest.mark.parametrize("shapes", [((3,), (3, 1)), ((3,), (1,)), ((3,), (4,)), ((2, 3), (3,))])
def test_two_shapes_never_broadcast(function, shapes):
    with pytest.raises(ValueError, match=r"y: got shape \(.*mean: got shape \(.*want one shape"):
        function(np.ones(shapes[0]), np.ones(shapes[1]), 1.0)


@pytest.mark.parametrize(
    "y",
    [
        "1.0",
        ["a"],
        1j,
        np.array([1.0], object),
        np.array(["2020"], "M8[Y]"),
        np.longdouble(1),
        None,
    ],
)
def test_what_is_not_real_numbers_is_named(y):
    with pytest.raises(TypeError, match=r"y: got .*; want .*float64"):
        gaussian.pdf(y, 0.0, 1.0)


def test_masks_are_not_dropped():
    with pytest.raises(TypeError, match="mean: got a masked array"):
        gaussian.logpdf(np.ones(2), np.ma.masked_invalid([1.0, np.nan]), 1.0)


@given(sse=variance, weight_sum=weight, sigma2=variance)
def test_log_likelihood_is_exact_to_the_rounding_of_its_terms(sse, weight_sum, sigma2):
    exact, scale = exact_log_likelihood(sse, weight_sum, sigma2)
    # log, its sum with log 2pi, the product with W and the last sum: four roundings.
    assert abs(gaussian.log_likelihood(sse, weight_sum, sigma2) - exact) <= 4 * EPS * scale


@given(sse=variance, weight_sum=weight)
def test_log_likelihood_at_its_maximum(sse, weight_sum):
    sigma2 = mpmath.mpf(sse) / mpmath.mpf(weight_sum)
    exact, scale = exact_log_likelihood(sse, weight_sum, sigma2)
    # As above, and W/2 eps/2 for the rounding of the variance under the logarithm.
    error = abs(gaussian.log_likelihood(sse, weight_sum) - exact)
    assert error <= 4 * EPS * scale + EPS * weight_sum
    best = gaussian.log_likelihood(sse, weight_sum)
    assert best > gaussian.log_likelihood(sse, weight_sum, 1.01 * float(sigma2))
    assert best > gaussian.log_likelihood(sse, weight_sum, 0.99 * float(sigma2))


@given(sse=variance, weight_sum=weight, sigma2=variance)
def test_score_is_exact_to_the_rounding_of_its_terms(sse, weight_sum, sigma2):
    s, w, v = map(mpmath.mpf, (sse, weight_sum, sigma2))
    terms = -w / (2 * v), s / (2 * v**2)
    error = abs(gaussian.score_sigma2(sse, weight_sum, sigma2) - sum(terms))
    assert error <= 3 * EPS * sum(map(abs, terms))  # two divisions and a difference


def test_score_is_the_derivative_of_the_log_likelihood():
    sse, w, sigma2, h = 7.0, 12.5, 0.8, 1e-3
    ahead = [gaussian.log_likelihood(sse, w, sigma2 + k * h) for k in (-2, -1, 1, 2)]
    slope = (ahead[0] - 8 * ahead[1] + 8 * ahead[2] - ahead[3]) / (12 * h)
    # The error of the difference is l^(5) h⁴/30, of order W h⁴.
    assert gaussian.score_sigma2(sse, w, sigma2) == pytest.approx(slope, abs=1e-10)


def test_log_likelihood_is_the_sum_of_logpdf():
    rng = np.random.default_rng(2)
    y, mean = rng.normal(size=(2, 500))
    sse = math.fsum((y - mean) ** 2)
    naive = math.fsum(gaussian.logpdf(y, mean, 0.7))
    assert gaussian.log_likelihood(sse, 500, 0.7) == pytest.approx(naive, rel=8 * EPS)


def test_frequencies_are_repeated_rows():
    y, mean, w = np.array([1.0, 4.0]), np.array([0.5, 6.0]), [3, 2]
    sse = float(w @ (y - mean) ** 2)
    repeated = gaussian.logpdf(y.repeat(w), mean.repeat(w), 2.0).sum()
    assert gaussian.log_likelihood(sse, 5.0, 2.0) == pytest.approx(repeated, rel=4 * EPS)


def test_variance_is_where_the_score_is_zero():
    assert gaussian.sigma2_hat(6.0, 4.0) == 1.5
    assert gaussian.score_sigma2(6.0, 4.0) == 0
    assert gaussian.score_sigma2(6.0, 4.0, 1.4) > 0 > gaussian.score_sigma2(6.0, 4.0, 1.6)


def test_a_perfect_fit_is_infinitely_likely():
    assert gaussian.sigma2_hat(0.0, 3.0) == 0
    assert gaussian.log_likelihood(0.0, 3.0) == math.inf
    assert math.isnan(gaussian.score_sigma2(0.0, 3.0))
    assert gaussian.log_likelihood(0.0, 3.0, 1.0) == -1.5 * gaussian.LOG_2PI


@pytest.mark.parametrize("given_sigma2", [None, 1.0])
def test_nan_and_infinity_propagate(given_sigma2):
    assert math.isnan(gaussian.log_likelihood(math.nan, 3.0, given_sigma2))
    assert math.isnan(gaussian.score_sigma2(math.nan, 3.0, given_sigma2))
    assert gaussian.log_likelihood(math.inf, 3.0, given_sigma2) == -math.inf
    assert math.isnan(gaussian.log_likelihood(1.0, 3.0, math.nan))
    assert math.isnan(gaussian.pdf(math.nan, 0.0, 1.0))
    assert math.isnan(gaussian.sigma2_hat(0.0, 0.0))


@pytest.mark.parametrize("sigma2", [1e-300, 1e300])
def test_extreme_variances_neither_overflow_nor_underflow(sigma2):
    exact, _ = exact_log_likelihood(sigma2, 2.0, sigma2)
    assert gaussian.log_likelihood(sigma2, 2.0, sigma2) == pytest.approx(float(exact), rel=4 * EPS)
    # (SSE/σ² − W)/(2σ²) with SSE = σ²: the σ⁴ of the textbook's form would leave the range.
    assert gaussian.score_sigma2(sigma2, 2.0, sigma2) == pytest.approx(-0.5 / sigma2, rel=EPS)


@pytest.mark.parametrize("sigma2", [0.0, -1.0, -math.inf, np.array([1.0, 0.0])])
def test_a_given_variance_must_be_positive(sigma2):
    sse = np.ones(np.shape(sigma2))
    for call in (
        lambda: gaussian.log_likelihood(sse, 3.0, sigma2),
        lambda: gaussian.score_sigma2(sse, 3.0, sigma2),
        lambda: gaussian.pdf(sse, 0.0, sigma2),
        lambda: gaussian.logpdf(sse, 0.0, sigma2),
    ):
        with pytest.raises(ValueError, match=r"sigma2: got .*; want > 0"):
            call()


def test_many_sums_at_once_are_the_sums_one_by_one():
    sse = np.array([1.0, 0.0, math.nan, 1e200, 3.5])
    for function in (gaussian.sigma2_hat, gaussian.log_likelihood, gaussian.score_sigma2):
        together = function(sse, 7.0)
        np.testing.assert_array_max_ulp(together, np.array([function(s, 7.0) for s in sse]), 1)
    curve = gaussian.log_likelihood(2.0, 7.0, sigma2=np.array([0.1, 0.2]))
    assert curve.shape == (2,)
    with pytest.raises(ValueError, match="want one shape"):
        gaussian.log_likelihood(sse, 7.0, np.ones(4))
    assert type(gaussian.log_likelihood(np.float64(2), 7)) is float
