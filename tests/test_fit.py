"""Linear fits against 60-digit solutions: accuracy, weights, ridge, refusals."""

from __future__ import annotations

import warnings

import ml_dtypes
import numpy as np
import pytest
from fit_problems import digits, exact_fit, fewest_digits, problem

from fastmse.fitting import AccuracyWarning, fit_rows


def fit(X, y, weight=None, *, intercept=True, **options):
    return fit_rows(lambda: iter([(X, y, weight)]), X.shape[1], intercept=intercept, **options)


# Accuracy


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_ten_digits_up_to_condition_1e5(seed, intercept):
    rng = np.random.default_rng([seed, intercept])
    shift = rng.choice([0.0, 1.0, 1e4, 1.7e9]) if intercept else 0.0
    X, y = problem(
        rng,
        int(rng.choice([12, 60, 200])),
        int(rng.integers(1, 6)),
        condition=10 ** rng.uniform(0, 5),
        noise=10.0 ** rng.integers(-8, 5),
        shift=shift,
    )
    if shift == 1.7e9:  # columns of size 1e-6 would drown in the rounding of 1.7e9
        X = np.round((X - shift) / np.abs(X - shift).max(axis=0) * 1e6) + shift
    fitted = fit(X, y, intercept=intercept)
    exact = exact_fit(X, y, intercept=intercept)
    assert fewest_digits(fitted.theta, exact["theta"]) >= 10, fitted.method
    assert fewest_digits(np.diag(fitted.cov_unscaled), np.diag(exact["inverse"])) >= 10
    assert digits(fitted.sse, exact["sse"]) >= 10


@pytest.mark.parametrize("condition", [1e6, 1e8, 1e10])
def test_double_double_gives_14_digits_far_beyond(condition):
    X, y = problem(np.random.default_rng(1), 60, 5, condition=condition, noise=1.0, shift=0.0)
    fitted = fit(X, y)
    exact = exact_fit(X, y, intercept=True)
    assert fitted.method == "gram2"
    assert fitted.condition == pytest.approx(condition, rel=3)
    assert fewest_digits(fitted.theta, exact["theta"]) >= (14 if condition < 1e9 else 12)


def test_timestamps_are_no_matter():
    rng = np.random.default_rng(2)
    t = 1.7e9 + np.sort(rng.uniform(0, 100, 500))
    y = 3.0 - 0.25 * (t - 1.7e9) + rng.standard_normal(500)
    fitted = fit(t[:, None], y)
    exact = exact_fit(t[:, None], y, intercept=True)
    assert fitted.condition == pytest.approx(1.0)
    assert fewest_digits(fitted.theta, exact["theta"]) >= 11
    assert digits(fitted.sse, exact["sse"]) >= 14


def test_an_outlying_first_row_is_no_matter():
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((300, 2)), rng.standard_normal(300)
    X[0] = y[0] = 1e9
    exact = exact_fit(X, y, intercept=True)
    assert fewest_digits(fit(X, y).theta, exact["theta"]) >= 10


def test_auto_reads_well_conditioned_data_once_and_others_twice():
    rng = np.random.default_rng(4)
    X = rng.standard_normal((500, 3))
    y = X.sum(axis=1) + rng.standard_normal(500)
    easy, hard = fit(X, y), fit(np.column_stack((X, X[:, 0] + 1e-4 * X[:, 1] ** 2)), y)
    assert (easy.method, easy.passes) == ("gram", 1)
    assert (hard.method, hard.passes) == ("gram2", 2)
    assert fit(X, y, method="gram2").passes == 1


@pytest.mark.parametrize("method", ["gram", "gram2"])
@pytest.mark.parametrize("size", [0.01, 1e7])
@pytest.mark.filterwarnings("ignore::fastmse.fitting.AccuracyWarning")
def test_rows_unlike_the_first_are_read_once_more_where_sse_would_suffer(size, method):
    """A column of zeros in the first rows, which explains nearly all of y in the others."""
    rng = np.random.default_rng(9)
    X, noise = rng.integers(-50, 50, (9000, 2)) * 1.0, rng.integers(-50, 50, 9000) * 1.0
    X[:5000, 0] = 0.0
    fitted = fit(X, X @ [size, 1.0] + noise, method=method)
    assert fitted.passes == (2 if method == "gram" and size > 1 else 1)
    exact = exact_fit(X, X @ [size, 1.0] + noise, intercept=True)
    assert digits(fitted.sse, exact["sse"]) >= 15


def test_condition_is_that_of_the_scaled_columns():
    rng = np.random.default_rng(5)
    X, y = problem(rng, 80, 4, condition=1e3, noise=1.0, shift=7.0)
    centred = X - X.mean(axis=0)
    assert fit(X, y).condition == pytest.approx(
        np.linalg.cond(centred / np.linalg.norm(centred, axis=0)), rel=1e-6
    )
    assert fit(X, y, intercept=False).condition == pytest.approx(
        np.linalg.cond(X / np.linalg.norm(X, axis=0)), rel=1e-6
    )


def test_gram_where_it_cannot_carry_says_how_many_digits():
    X, y = problem(np.random.default_rng(6), 60, 3, condition=1e6, noise=1.0, shift=0.0)
    with pytest.warns(AccuracyWarning, match="digits to expect"):
        fitted = fit(X, y, method="gram")
    promised = int(fitted.message.split()[0])
    exact = exact_fit(X, y, intercept=True)
    assert promised <= fewest_digits(fitted.theta, exact["theta"]) < 10
    assert "gram2" in fitted.message


@pytest.mark.parametrize("method", ["gram", "gram2"])
@pytest.mark.parametrize("d", [1, 3, 12, 129])
def test_the_bits_are_the_same_on_any_number_of_threads(d, method):
    rng = np.random.default_rng(d)
    X, weight = rng.standard_normal((9001, d)), rng.uniform(0.5, 2, 9001)
    y = X.sum(axis=1) + rng.standard_normal(9001)
    for w in (None, weight):
        fits = [fit(X, y, w, method=method, n_threads=k) for k in (1, 2, 5)]
        assert len({(f.theta.tobytes(), f.cov_unscaled.tobytes(), f.sse, f.sst) for f in fits}) == 1


# Weights


@pytest.mark.parametrize("method", ["gram", "gram2"])
def test_frequency_weights_equal_repeated_rows(method):
    rng = np.random.default_rng(7)
    X, y = rng.standard_normal((200, 3)), rng.standard_normal(200)
    weight = rng.integers(0, 4, 200)
    one = fit(X, y, weight, method=method)
    repeated = fit(np.repeat(X, weight, axis=0), np.repeat(y, weight), method=method)
    np.testing.assert_allclose(one.theta, repeated.theta, rtol=1e-11)
    np.testing.assert_allclose(one.stderr, repeated.stderr, rtol=1e-12)
    assert one.sse == pytest.approx(repeated.sse, rel=1e-14)
    assert one.sst == pytest.approx(repeated.sst, rel=1e-14)
    assert (one.n, one.weight_sum) == (np.count_nonzero(weight), repeated.n)


@pytest.mark.parametrize("method", ["gram", "gram2"])
def test_weighted_fit_is_exact(method):
    rng = np.random.default_rng(8)
    X, y = rng.standard_normal((50, 2)), rng.standard_normal(50)
    weight = rng.uniform(0.1, 3, 50)
    fitted = fit(X, y, weight, method=method, weight_type="precision")
    exact = exact_fit(X, y, intercept=True, weight=weight)
    assert fewest_digits(fitted.theta, exact["theta"]) >= 13
    assert digits(fitted.sse, exact["sse"]) >= 15
    assert fitted.log_weight_sum == pytest.approx(np.log(weight).sum(), rel=1e-14)


def test_zero_weight_drops_its_row_nan_and_all():
    rng = np.random.default_rng(9)
    X, y = rng.standard_normal((9000, 3)), rng.standard_normal(9000)
    weight = np.ones(9000)
    dropped = [0, 5, 4095, 8999]
    X[dropped], weight[dropped] = np.nan, 0.0
    y[5] = np.inf
    kept = weight > 0
    for method in ("gram", "gram2"):
        ours, without = fit(X, y, weight, method=method), fit(X[kept], y[kept], method=method)
        assert ours.theta.tobytes() == without.theta.tobytes()
        assert (ours.sse, ours.n) == (without.sse, 8996)


# Ridge


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("l2", [1e-8, 0.5, 1e4])
def test_ridge_equals_the_augmented_problem(l2, intercept):
    rng = np.random.default_rng(10)
    X, y = problem(rng, 60, 4, condition=1e3, noise=1.0, shift=0.0)
    X /= np.abs(X).max(axis=0)
    fitted = fit(X, y, intercept=intercept, l2=l2)
    exact = exact_fit(X, y, intercept=intercept, l2=l2)
    assert fewest_digits(fitted.theta, exact["theta"]) >= 10
    assert digits(fitted.sse, exact["sse"]) >= 10
    assert fitted.stderr is None


def test_ridge_makes_a_deficient_rank_whole():
    X = np.repeat(np.random.default_rng(11).standard_normal((30, 1)), 2, axis=1)
    fitted = fit(X, X[:, 0] * 2, l2=1.0)
    assert fitted.rank == 3
    assert fitted.theta[1] == pytest.approx(fitted.theta[2], rel=1e-14)


@pytest.mark.parametrize("l2", [-1.0, np.nan, np.inf])
def test_ridge_refuses(l2):
    with pytest.raises(ValueError, match="l2: got"):
        fit(np.eye(3), np.ones(3), l2=l2)


# Small and degenerate


def test_intercept_alone():
    y = np.array([1.0, 2.0, 4.0])
    fitted = fit(np.empty((3, 0)), y)
    assert fitted.theta == pytest.approx([7 / 3], rel=1e-15)
    assert (fitted.names, fitted.rank, fitted.condition) == (("intercept",), 1, 1.0)
    assert fitted.sse == fitted.sst == pytest.approx(14 / 3, rel=1e-15)


def test_constant_target():
    X = np.random.default_rng(12).standard_normal((40, 2))
    fitted = fit(X, np.full(40, 0.1))
    assert fitted.theta.tolist() == [0.1, 0.0, 0.0]
    assert (fitted.sse, fitted.sst, fitted.method) == (0.0, 0.0, "gram")


def test_as_many_rows_as_parameters():
    X, y = np.array([[1.0], [3.0]]), np.array([5.0, 11.0])
    fitted = fit(X, y)
    assert fitted.theta == pytest.approx([2.0, 3.0], rel=1e-14)
    assert fitted.sse == pytest.approx(0.0, abs=1e-25)
    assert np.isnan(fitted.s2)


@pytest.mark.parametrize("exponent", [-498, 498])
def test_scale_is_no_matter(exponent):
    rng = np.random.default_rng(13)
    X, y = problem(rng, 50, 3, condition=1e4, noise=1.0, shift=0.0)
    plain, scaled = fit(X, y), fit(np.ldexp(X, [exponent, 0, 0]), y)
    assert np.ldexp(scaled.theta, [0, exponent, 0, 0]).tobytes() == plain.theta.tobytes()
    assert scaled.sse == plain.sse


# Refusals


@pytest.mark.parametrize(
    ("bad", "word"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")]
)
def test_refuses_what_is_not_finite_naming_column_and_row(bad, word):
    X, y = np.ones((6000, 2)), np.ones(6000)
    X[5000, 1] = bad
    with pytest.raises(ValueError, match=rf"X: column 'b' holds {word} in row 5000"):
        fit(X, y, names=("a", "b"))
    with pytest.raises(ValueError, match=rf"y: column 'price' holds {word} in row 5000"):
        fit(X[:, :1], X[:, 1], target="price")


def test_the_row_named_counts_those_of_zero_weight():
    X, y = np.ones((10, 1)), np.ones(10)
    X[7], y[2] = np.nan, np.nan
    weight = np.array([0, 1, 0, 0, 1, 1, 1, 1, 1, 1.0])
    with pytest.raises(ValueError, match="'x0' holds NaN in row 7"):
        fit(X, y, weight)


def test_refuses_squares_that_overflow_and_no_rows():
    X = np.ones((9000, 1))
    X[5000] = 1e200
    with pytest.raises(ValueError, match="column 'x0' has values over"):
        fit(X, np.ones(9000))
    with pytest.raises(ValueError, match="no row of weight > 0"):
        fit(np.ones((3, 1)), np.ones(3), np.zeros(3))
    with pytest.raises(ValueError, match="method: got 'qr'"):
        fit(X, np.ones(9000), method="qr")
    with pytest.raises(ValueError, match="weight_type: got 'robust'"):
        fit(X, np.ones(9000), weight_type="robust")


# Storage


@pytest.mark.parametrize(
    "dtype", ["f4", "f2", ">f8", "i4", "u1", "i8", ml_dtypes.bfloat16], ids=str
)
def test_equal_values_give_equal_bits_in_any_dtype_and_layout(dtype):
    rng = np.random.default_rng(14)
    X, y = rng.integers(0, 100, (5000, 3)).astype(dtype), rng.integers(0, 9, 5000).astype(dtype)
    reference = fit(X.astype(float), y.astype(float))
    wide = np.zeros((10000, 6), dtype)
    wide[::2, ::2] = X
    for variant in (X, np.asfortranarray(X), wide[::2, ::2], X[::-1].copy()[::-1]):
        fitted = fit(variant, y)
        assert fitted.theta.tobytes() == reference.theta.tobytes()
        assert fitted.sse == reference.sse


def test_inputs_are_not_modified_and_the_fit_is_silent():
    X, y = np.random.default_rng(15).standard_normal((2, 5000))
    X = X[:, None]
    X.flags.writeable = y.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fit(X, y).message == ""


@pytest.mark.parametrize("l2", ["1", None, True, ["1", "2", "3"], [True] * 3, 1j])
def test_a_penalty_that_is_no_number_is_named(l2):
    with pytest.raises(TypeError, match=r"l2: got .*; want a finite number >= 0"):
        fit(np.eye(3), np.ones(3), l2=l2)


@pytest.mark.parametrize(
    ("l2", "message"),
    [
        ([1.0], r"got shape \(1,\); .* for each feature, \(3,\)"),
        ([[1.0] * 3], r"got shape \(1, 3\)"),
        ([1.0, 2.0, -3.0], "got -3.0 for feature 2"),
        ([1.0, np.nan, 0.0], "got nan for feature 1"),
    ],
)
def test_penalties_of_another_number_or_sign_are_named(l2, message):
    with pytest.raises(ValueError, match=f"l2: {message}"):
        fit(np.eye(3), np.ones(3), l2=l2)
