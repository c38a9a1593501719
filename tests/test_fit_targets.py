"""Several targets from the passes of one: each the fit of its own."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
from fit_problems import exact_fit, fewest_digits, problem

import fastmse as fm


def data(n=300, d=4, k=3, seed=0, condition=10.0):
    rng = np.random.default_rng(seed)
    X, _ = problem(rng, n, d, condition=condition, noise=1.0, shift=0.0)
    Y = X / np.abs(X).max(axis=0) @ rng.standard_normal((d, k)) + rng.standard_normal((n, k))
    return X, Y * 10.0 ** np.arange(k) + 5, rng.uniform(0, 2, n) * (rng.random(n) > 0.1)


FIELDS = ["stderr", "tvalues", "pvalues", "sse", "sst", "s2", "loglik", "r2", "condition", "rank"]


@pytest.mark.parametrize("method", ["auto", "gram", "gram2"])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_each_is_the_fit_of_its_own(method, intercept, weighted):
    X, Y, weight = data()
    model = fm.Linear(intercept=intercept)
    options = {"method": method}
    if weighted:
        options |= {"sample_weight": weight, "weight_type": "precision"}
    fits = model.fit(X, Y, **options)
    assert isinstance(fits, tuple)
    assert [fit.target for fit in fits] == ["y0", "y1", "y2"]
    rtol = 1e-14 if fits[0].method == "gram2" else 1e-9
    for fit, y in zip(fits, Y.T, strict=True):
        alone = model.fit(X, y, **options)
        np.testing.assert_allclose(fit.theta, alone.theta, rtol=rtol)
        for name in FIELDS:
            value, expected = getattr(fit, name), getattr(alone, name)
            np.testing.assert_allclose(value, expected, rtol=10 * rtol, err_msg=name)
        assert fit.sse == pytest.approx(alone.sse, rel=1e-14)
        assert (fit.names, fit.n, fit.method) == (alone.names, alone.n, alone.method)
        np.testing.assert_allclose(fit.robust("HC3"), alone.robust("HC3"), rtol=1e-8)
        np.testing.assert_allclose(fit.predict(X[:5]), alone.predict(X[:5]), rtol=1e-8)


@pytest.mark.parametrize("condition", [10.0, 1e7])
def test_each_has_its_digits(condition):
    X, Y, _ = data(60, 3, 2, 1, condition)
    for fit, y in zip(fm.Linear(intercept=True).fit(X, Y), Y.T, strict=True):
        exact = exact_fit(X, y, intercept=True)
        assert fewest_digits(fit.theta, exact["theta"]) >= 14
        assert fewest_digits([fit.sse], [exact["sse"]]) >= 15


def test_is_what_lstsq_and_scikit_learn_give():
    """numpy.linalg.lstsq(X, Y): its columns are theta; LinearRegression: rows of coef_ (k, d)."""
    X, Y, _ = data(10_000, 4, 5)
    fits = fm.Linear().fit(X, Y)
    expected = np.linalg.lstsq(X, Y, rcond=None)[0]
    np.testing.assert_allclose(np.stack([fit.theta for fit in fits]), expected.T, rtol=1e-9)


@pytest.mark.parametrize("l2", [2.0, [0.0, 1.0, 2.0, 1e3]])
def test_ridge(l2):
    X, Y, _ = data()
    X = X / np.abs(X).max(axis=0)
    model = fm.Linear(intercept=True)
    for fit, y in zip(model.fit(X, Y, l2=l2), Y.T, strict=True):
        alone = model.fit(X, y, l2=l2)
        np.testing.assert_allclose(fit.theta, alone.theta, rtol=1e-9)
        assert fit.sse == pytest.approx(alone.sse, rel=1e-13)
        assert fit.stderr is None


def test_deficient_rank_names_the_features_for_each_target():
    X, Y, _ = data(50, 3, 2)
    X[:, 2] = X[:, 0]
    with pytest.warns(fm.RankWarning, match="rank 3 of 4: column 'x2'"):
        fits = fm.Linear(intercept=True).fit(X, Y)
    for fit, y in zip(fits, Y.T, strict=True):
        with pytest.warns(fm.RankWarning):
            alone = fm.Linear(intercept=True).fit(X, y)
        assert fit.rank == 3
        np.testing.assert_allclose(fit.theta, alone.theta, rtol=1e-12)


def test_targets_may_depend_on_each_other_and_on_the_features():
    """They stand among the features while products are summed, not when the rank is told."""
    X, Y, _ = data(300, 2, 3)
    Y[:, 1], Y[:, 2] = Y[:, 0], 3 * X[:, 0]
    one, two, perfect = fm.Linear(intercept=True).fit(X, Y)
    np.testing.assert_allclose(one.theta, two.theta, rtol=1e-14)
    assert one.sse == two.sse
    assert (one.rank, one.message) == (3, "")
    np.testing.assert_allclose(perfect.theta[1], 3.0, rtol=1e-13)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_tables_name_features_and_targets(kind):
    X, Y, weight = data(9000, 2, 2)
    features = kind(dict(zip("ab", X.T, strict=True)))
    targets = kind(dict(zip("pq", Y.T, strict=True)))
    fits = fm.Linear(intercept=True).fit(features, targets, sample_weight=weight)
    plain = fm.Linear(intercept=True).fit(X, Y, sample_weight=weight)
    for fit, expected, name in zip(fits, plain, "pq", strict=True):
        assert (fit.target, fit.names) == (name, ("intercept", "a", "b"))
        assert fit.theta.tobytes() == expected.theta.tobytes()
        assert fit.robust().tobytes() == expected.robust().tobytes()


@pytest.mark.parametrize("dtype", ["f4", "i2", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_equal_values_give_equal_bits(dtype, order):
    rng = np.random.default_rng(2)
    X, Y = (np.asarray(rng.integers(-99, 99, (5000, m)), dtype, order=order) for m in (3, 2))
    narrow, wide = fm.Linear().fit(X, Y), fm.Linear().fit(X.astype(float), Y.astype(float))
    for one, other in zip(narrow, wide, strict=True):
        assert (one.theta.tobytes(), one.sse) == (other.theta.tobytes(), other.sse)


def test_zero_weight_drops_its_row_nan_and_all():
    X, Y, _ = data(200, 2, 2)
    weight = np.ones(200)
    Y[3, 1], X[5, 0], weight[[3, 5]] = np.nan, np.inf, 0.0
    kept = weight > 0
    fits = fm.Linear().fit(X, Y, sample_weight=weight)
    for fit, without in zip(fits, fm.Linear().fit(X[kept], Y[kept]), strict=True):
        np.testing.assert_allclose(fit.theta, without.theta, rtol=1e-14)
        assert fit.n == 198


def test_memory_does_not_grow_with_the_rows():
    X = np.random.default_rng(3).standard_normal((300_000, 6), np.float32)
    Y = X[:, :3] + 1
    tracemalloc.start()
    fm.Linear(intercept=True).fit(X, Y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12e6  # both in float64 would be 21 MB


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("k", [0, 2])
def test_refuses_what_is_not_finite_naming_the_target(bad, k):
    X, Y, _ = data(9000, 2, 3)
    Y[7000, k] = bad
    with pytest.raises(ValueError, match=rf"y: column 'y{k}' holds \w+ in row 7000"):
        fm.Linear(intercept=True).fit(X, Y)
    Y[7000, k], X[8000, 1] = 1.0, bad
    with pytest.raises(ValueError, match=r"X: column 'x1' holds \w+ in row 8000"):
        fm.Linear(intercept=True).fit(X, Y)


def test_refuses_shapes():
    X, Y, _ = data(20, 2, 2)
    with pytest.raises(ValueError, match="y: got 19 rows; want 20, as X has"):
        fm.Linear().fit(X, Y[1:])
    with pytest.raises(ValueError, match=r"y: got shape \(20, 1\); want one dimension, .*ravel"):
        fm.Linear().fit(X, Y[:, :1])
    with pytest.raises(ValueError, match=r"y: got shape \(20, 2, 1\); want one dimension"):
        fm.Linear().fit(X, Y[:, :, None])
    for call in (
        lambda: fm.Linear().fit(X, Y, method="cg"),
        lambda: fm.Linear().fit_path(X, Y, [1.0]),
        lambda: fm.Linear().evaluate(X, Y, [1.0, 1.0]),
    ):
        with pytest.raises(ValueError, match=r"y: got shape \(20, 2\); want one dimension"):
            call()


def test_a_target_too_large_is_named():
    X, Y, _ = data(9000, 2, 2)
    Y[5000, 0] = 1e200
    with pytest.raises(ValueError, match="column 'y0' has values over"):
        fm.Linear().fit(X, Y)
