"""fm.SufficientStatistics: the gate, evaluation from G and random trees of merges."""

from __future__ import annotations

import functools
import operator
import pickle

import mpmath
import numpy as np
import pandas as pd
import polars as pl
import pytest
from chunks import N, bits, data, gathered
from fit_problems import digits, exact_fit, fewest_digits, problem
from mpmath import mpf

import fastmse as fm

PRECISIONS = ["double", "double-double"]
SSE_ULP = {"double": 8, "double-double": 4}

# Chunks in any order


def random_tree(parts, rng):
    parts = list(parts)
    while len(parts) > 1:
        i, j = rng.choice(len(parts), 2, replace=False)
        both = parts[i] + parts[j]
        parts = [part for k, part in enumerate(parts) if k not in (i, j)] + [both]
    return parts[0]


@pytest.mark.parametrize("noise", [1.0, 1e-2, 1e-5])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_hundred_chunks_in_twenty_random_trees(precision, intercept, noise):
    """Each within 4 ulp of SSE and 1e-13 (1 + kappa) of theta; "double" 8 ulp, at any R²."""
    rng = np.random.default_rng([5, intercept])
    X, y, weight = data(12_500, 4, 1, noise)
    truth = gathered(X, y, weight, intercept=intercept, precision="double-double").fit()
    assert digits(1 - truth.r2, 0.2 * noise**2) > -1  # the noise is what R² lacks
    cuts = np.sort(rng.choice(np.arange(1, len(y)), 99, replace=False))
    chunks = [
        gathered(X[r], y[r], weight[r], intercept=intercept, precision=precision)
        for r in np.split(np.arange(len(y)), cuts)
    ]
    for _ in range(20):
        fitted = random_tree(chunks, rng).fit()
        assert fitted.n == truth.n
        assert abs(fitted.sse - truth.sse) <= SSE_ULP[precision] * np.spacing(truth.sse)
        bound = 1e-13 * (1 + truth.condition) * np.abs(truth.theta)
        assert (np.abs(fitted.theta - truth.theta) <= bound).all()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_truth_of_the_trees_is_that_of_sixty_digits(precision):
    X, y, weight = data(400, 3, 2, 1e-4)
    exact = exact_fit(X, y, intercept=True, weight=weight)
    fitted = gathered(X, y, weight, precision=precision).fit()
    assert digits(fitted.sse, exact["sse"]) >= 15
    assert fewest_digits(fitted.theta, exact["theta"]) >= 13


def test_sums_and_merges_leave_their_parts_alone():
    X, y, weight = data()
    one, two = gathered(X[:5000], y[:5000]), gathered(X[5000:], y[5000:], weight[5000:])
    before = bits(one), bits(two)
    both = one + two
    assert (bits(one), bits(two)) == before
    both.update(X, y)
    one.merge(two)
    assert bits(two) == before[1]
    assert one.n == 5000 + np.count_nonzero(weight[5000:])


def test_a_statistic_of_nothing_is_the_neutral_element():
    X, y, _ = data()
    nothing = fm.SufficientStatistics(3, intercept=True)
    whole = bits(gathered(X, y))
    assert bits(nothing + gathered(X, y)) == bits(gathered(X, y) + nothing) == whole
    assert nothing.n == nothing.weight_sum == 0
    with pytest.raises(ValueError, match="X: got no row of weight > 0"):
        nothing.fit()
    with pytest.raises(ValueError, match="X: got no row of weight > 0"):
        nothing.evaluate(np.zeros(4))


def test_merging_with_itself_doubles():
    X, y, weight = data()
    statistics = gathered(X, y, weight)
    once = statistics.fit()
    statistics.merge(statistics)
    assert statistics.n == 2 * once.n
    assert statistics.fit().sse == pytest.approx(2 * once.sse, rel=1e-15)


def test_later_rows_unlike_the_first_cost_digits_not_more():
    """The provisional fit is of y = 0; the bound then is that of sums of y itself."""
    X, y, _ = data(12_000, 2, 3, 1e-2)
    y[:4096] = 0.0
    exact = gathered(X, y, precision="double-double").fit()
    assert gathered(X, y).fit().sse == pytest.approx(exact.sse, rel=1e-13)


# The gate


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_tables_give_their_names_and_keep_them(kind):
    X, y, _ = data(300)
    table = kind(dict(zip("abc", X.T, strict=True)))
    statistics = fm.SufficientStatistics(3, intercept=True)
    statistics.update(table[:100], y[:100])
    statistics.update(X[100:200], y[100:200])
    statistics.update(table[200:], y[200:])
    assert statistics.fit().names == ("intercept", "a", "b", "c")
    assert bits(statistics) == bits(gathered(X, y))
    with pytest.raises(ValueError, match="X: got 'c', 'b', 'a' from column 0 on; want 'a', 'b'"):
        statistics.update(table[["c", "b", "a"]], y)
    with pytest.raises(ValueError, match=r"other: got a statistic of \(\('a', 'b', 'z'\)"):
        statistics.merge(fm.SufficientStatistics(3, intercept=True, names=("a", "b", "z")))
    parts = [gathered(X, y), gathered(table, y)]
    whole = functools.reduce(operator.add, parts, fm.SufficientStatistics(3, intercept=True))
    assert whole.names == ("a", "b", "c")


@pytest.mark.parametrize("dtype", ["f4", "i2", ">f8", "u1"])
def test_equal_values_of_any_dtype_and_layout_give_equal_bits(dtype):
    X, y = np.random.default_rng(3).integers(0, 99, (2, 5000, 3)).astype(dtype)
    reference = bits(gathered(X.astype(float), y[:, 0].astype(float)))
    assert bits(gathered(X, y[:, 0])) == reference
    assert bits(gathered(np.asfortranarray(X), y[::1, 0])) == reference


def test_an_empty_chunk_is_no_matter():
    X, y, _ = data(100)
    statistics = gathered(X, y)
    statistics.update(X[:0], y[:0])
    assert statistics.n == 100


def refusals():
    X, y = np.ones((6, 2)), np.ones(6)
    with_nan = X.copy()
    with_nan[4, 1] = np.nan
    yield (X[:, :1], y, None), ValueError, r"X: got shape \(6, 1\); want \(6, 2\)"
    yield (X, y[:5], None), ValueError, "y: got 5 rows; want 6, as X has"
    yield (X, y[:, None], None), ValueError, r"y: got shape \(6, 1\); want one dimension"
    yield (X.astype(complex), y, None), TypeError, "X: got dtype complex128"
    yield (X, y, -y), ValueError, "sample_weight: got -1.0 in row 0"
    yield (X, y, np.full(6, np.inf)), ValueError, "sample_weight: got inf in row 0"
    yield (with_nan, y, None), ValueError, "X: column 'x1' holds NaN in row 6004"
    yield (X, with_nan[:, 1], None), ValueError, "y: column 'y' holds NaN in row 6004"


@pytest.mark.parametrize(("arguments", "error", "message"), list(refusals()))
def test_a_refused_chunk_leaves_no_trace(arguments, error, message):
    X, y, _ = data(6000, 2)
    statistics = gathered(X, y)
    before = bits(statistics)
    with pytest.raises(error, match=message):
        statistics.update(*arguments)
    assert bits(statistics) == before


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_chunk_refused_in_its_second_block_leaves_no_trace(precision):
    X, y, _ = data(6000, 2)
    statistics = gathered(X, y, precision=precision)
    state = pickle.dumps(statistics)
    bad = np.vstack((X, X))
    bad[-1] = np.nan
    with pytest.raises(ValueError, match="holds NaN in row 17999, counted"):
        statistics.update(bad, np.concatenate((y, y)))
    assert pickle.dumps(statistics) == state
    statistics.update(X, y)
    again = pickle.loads(state)
    again.update(X, y)
    assert bits(statistics) == bits(again)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_features": 2.0}, TypeError, "n_features: got 2.0; want an integer"),
        ({"n_features": True}, TypeError, "n_features: got True"),
        ({"n_features": -1, "intercept": True}, ValueError, "n_features: got -1"),
        ({"n_features": 0}, ValueError, "n_features: got 0; want at least one parameter"),
        ({"n_features": 1, "intercept": 1}, TypeError, "intercept: got 1; want True or False"),
        ({"n_features": 1, "precision": "single"}, ValueError, "precision: got 'single'"),
        ({"n_features": 1, "weight_type": "w"}, ValueError, "weight_type: got 'w'"),
        ({"n_features": 1, "names": ("a", "b")}, ValueError, "names: got 2; want one for each"),
        ({"n_features": 1, "n_threads": 0}, ValueError, "n_threads"),
    ],
)
def test_arguments_are_checked(arguments, error, message):
    with pytest.raises(error, match=message):
        fm.SufficientStatistics(**arguments)


def test_merging_wants_a_statistic():
    statistics = gathered(*data(50)[:2])
    with pytest.raises(TypeError, match="other: got int; want SufficientStatistics"):
        statistics.merge(1)
    with pytest.raises(TypeError, match="unsupported operand"):
        statistics + 1


# Evaluation


def exactly(X, y, w, theta, intercept):
    """SSE and gradient at theta in 60 digits."""
    with mpmath.workdps(60):
        D = np.column_stack((np.ones(len(y)), X)) if intercept else X
        D, t = mpmath.matrix(D.tolist()), mpmath.matrix(list(theta))
        r = D * t - mpmath.matrix(y.tolist())
        wr = mpmath.matrix([mpf(w[i]) * r[i] for i in range(len(y))])
        total = mpmath.fsum(map(mpf, w))
        return (r.T * wr)[0], np.array([2 * g / total for g in D.T * wr])


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_evaluation_is_that_of_the_rows(precision, intercept):
    X, y, weight = data(300, 3, 4)
    X[:, 0] = 1e3 + X[:, 0] / X[:, 0].std()
    statistics = gathered(X, y, weight, intercept=intercept, precision=precision)
    thetas = np.random.default_rng(0).standard_normal((4, 3 + intercept))
    thetas[0] = statistics.fit().theta
    many = statistics.evaluate(thetas)
    rows = fm.Linear(intercept=intercept).evaluate(X, y, thetas, sample_weight=weight)
    assert (many.n, many.sse.shape, many.grad.shape) == (rows.n, (4,), thetas.shape)
    assert many.weight_sum == pytest.approx(rows.weight_sum, rel=1e-15)
    for k, theta in enumerate(thetas):
        sse, grad = exactly(X, y, weight, theta, intercept)
        assert digits(many.sse[k], sse) >= (15 if precision == "double-double" else 13.5)
        if k:  # at the fit it is rounding of theta
            assert fewest_digits(many.grad[k], grad) >= (13 if precision == "double" else 15)
        alone = statistics.evaluate(theta)
        assert isinstance(alone.sse, float)
        assert (alone.sse, alone.grad.tobytes()) == (many.sse[k], many.grad[k].tobytes())


@pytest.mark.parametrize("n", [300, N])
def test_evaluation_near_the_fit_keeps_its_digits_at_any_r2(n):
    """The bound is u (l_r + ...)², whatever y is: with sums of y, six digits would be left."""
    X, y, _ = data(n, 3, 5, 1e-5)
    one, two = (gathered(X, y, precision=precision) for precision in PRECISIONS)
    theta = two.fit().theta
    assert two.fit().r2 > 1 - 1e-9
    assert one.evaluate(theta).sse == pytest.approx(two.evaluate(theta).sse, rel=1e-14)


def test_evaluation_stays_within_its_bound():
    X, y, _ = data(5000, 3, 6, 1e-2)
    statistics = gathered(X, y)
    exact = gathered(X, y, precision="double-double")
    theta0 = gathered(X[:4096], y[:4096]).fit().theta  # what the first block gives
    rest = fm.Linear(intercept=True).evaluate(X, y, theta0)
    lengths = np.sqrt(np.append(5000.0, ((X - X[0]) ** 2).sum(axis=0)))
    rng = np.random.default_rng(1)
    for size in 10.0 ** rng.uniform(-3, 3, 50):
        theta = theta0 + size * rng.standard_normal(4) / lengths
        error = abs(statistics.evaluate(theta).sse - exact.evaluate(theta).sse)
        step = np.abs(theta - theta0)
        step[0] = abs(step[0] + (theta - theta0)[1:] @ X[0])
        bound = 5 * 2.0**-53 * (np.sqrt(rest.sse) + step @ lengths) ** 2
        assert error <= bound + np.spacing(rest.sse)


def test_evaluation_checks_theta_and_the_squares():
    statistics = gathered(*data(50)[:2])
    with pytest.raises(ValueError, match=r"theta: got shape \(3,\); want \(4,\) or \(K, 4\)"):
        statistics.evaluate(np.zeros(3))
    X = np.ones((9000, 1))
    X[5000] = 1e200
    with pytest.raises(ValueError, match="column 'x0' has values over"):
        gathered(X, np.ones(9000)).evaluate([0.0, 0.0])


def test_minimising_the_evaluation_is_the_fit():
    from scipy.optimize import minimize

    X, y, _ = data(500, 3, 7)
    X /= X.std(axis=0)
    statistics = gathered(X - X.mean(axis=0), y)

    def value_and_gradient(theta):
        at = statistics.evaluate(theta)
        return at.mse, at.grad

    found = minimize(value_and_gradient, np.zeros(4), jac=True, tol=1e-12)
    np.testing.assert_allclose(found.x, statistics.fit().theta, atol=1e-6)


# Fits


def test_a_fit_of_statistics_has_no_rows():
    fitted = gathered(*data(50)).fit()
    with pytest.raises(ValueError, match="made from sufficient statistics"):
        fitted.robust()
    assert fitted.predict(data(5)[0], interval="confidence").shape == (5, 3)


def test_a_warning_knows_the_way_out():
    X, y = problem(np.random.default_rng(6), 60, 3, condition=1e7, noise=1.0, shift=0.0)
    with pytest.warns(fm.AccuracyWarning, match='precision="double-double" has more'):
        gathered(X, y).fit()
