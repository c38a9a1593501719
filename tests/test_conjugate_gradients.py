"""method="cg": the fits of the Gram matrix, by passes over the data, in O(d) memory."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pandas as pd
import pytest

import fastmse as fm
from fastmse.fitting import survey as surveying


def data(n=2000, d=12, seed=0):
    """Columns of wild scales, some far from 0, and correlated: condition about 10."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) @ (np.eye(d) + 0.3 * rng.standard_normal((d, d)))
    X = X * 10.0 ** rng.integers(-4, 5, d)
    X += X.std(axis=0) * rng.choice([0.0, 20.0], d)
    y = X @ (rng.standard_normal(d) / X.std(axis=0)) + 50 + rng.standard_normal(n)
    return X, y, rng.uniform(0, 2, n) * (rng.random(n) > 0.1)


def both(X, y, *, intercept=True, **options):
    model = fm.Linear(intercept=intercept)
    return model.fit(X, y, method="cg", **options), model.fit(X, y, **options)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weight_type", [None, "frequency", "precision"])
@pytest.mark.parametrize("l2", [0.0, 30.0, "many"])
def test_is_the_fit_of_the_gram_matrix(intercept, weight_type, l2):
    X, y, weight = data()
    options = {"l2": np.geomspace(1e-3, 1e9, 12) if l2 == "many" else l2}
    if weight_type:
        options |= {"sample_weight": weight, "weight_type": weight_type}
    cg, exact = both(X, y, intercept=intercept, **options)
    assert (cg.method, cg.converged, cg.message) == ("cg", True, "")
    # Of the scaled coefficients; the gradient is down by 1e-10, which kappa² may amplify.
    scale = np.ones(len(exact.theta))
    scale[intercept:] = X.std(axis=0)
    error = np.abs(cg.theta - exact.theta) * scale
    if intercept:
        error = error[1:]
    size = (np.abs(exact.theta) * scale)[intercept:].max()
    assert error.max() <= 1e-10 * exact.condition**2 * size
    assert cg.sse == pytest.approx(exact.sse, rel=1e-10)
    assert cg.sst == pytest.approx(exact.sst, rel=1e-13)
    for name in ("n", "p", "rank", "df_resid", "intercept", "weight_type", "names", "penalised"):
        assert getattr(cg, name) == getattr(exact, name), name
    assert cg.log_weight_sum == pytest.approx(exact.log_weight_sum, rel=1e-13)
    if not cg.penalised:
        assert cg.condition == pytest.approx(exact.condition, rel=0.05)
        assert cg.aic == pytest.approx(exact.aic, rel=1e-10)
        assert cg.f_pvalue == pytest.approx(exact.f_pvalue, rel=1e-8)


def test_has_no_standard_errors_and_says_so():
    X, y, _ = data(100, 3)
    cg, exact = both(X, y)
    assert cg.cov is cg.stderr is cg.tvalues is cg.pvalues is cg.conf_int() is None
    assert cg.robust() is None
    with pytest.raises(ValueError, match=r"no intervals: .* or its method 'cg'"):
        cg.predict(X, interval="confidence")
    np.testing.assert_allclose(cg.predict(X), exact.predict(X), rtol=1e-8)
    assert "cg, " in cg.summary()
    assert cg.to_dict()["n_iter"] == cg.n_iter


def test_one_pass_an_iteration(monkeypatch):
    X, y, _ = data()
    passes = []
    evaluate = fm.Linear.evaluate

    def counting(self, X, y, theta, **options):
        passes.append(np.shape(theta))
        return evaluate(self, X, y, theta, **options)

    monkeypatch.setattr(fm.Linear, "evaluate", counting)
    seen = []
    cg = fm.Linear(intercept=True).fit(X, y, method="cg", callback=lambda *at: seen.append(at))
    assert len(passes) == cg.n_iter + 2  # at the start, at the end
    assert cg.passes == cg.n_iter + 3  # and the columns' lengths
    assert [k for k, _ in seen] == list(range(1, cg.n_iter + 1))
    assert seen[-1][1] <= 1e-10 < seen[-2][1]
    assert all(type(k) is int and type(g) is float for k, g in seen)


@pytest.mark.parametrize("intercept", [False, True])
def test_ends_after_as_many_iterations_as_there_are_eigenvalues(intercept):
    """Exact steps: with orthogonal columns of length one, one iteration."""
    rng = np.random.default_rng(1)
    Q, _ = np.linalg.qr(np.column_stack((np.ones(64), rng.standard_normal((64, 6)))))
    X, y = Q[:, 1:] * 10.0 ** np.arange(6), rng.standard_normal(64)
    cg, exact = both(X, y, intercept=intercept)
    assert cg.n_iter == 1
    np.testing.assert_allclose(cg.theta, exact.theta, rtol=1e-12)


def test_the_tolerance_is_of_the_gradient():
    X, y, _ = data(2000, 40)
    w = X - X.mean(axis=0)
    w /= np.linalg.norm(w, axis=0)
    start = np.linalg.norm(w.T @ (y - y.mean()))
    iterations = []
    for tol in (1e-2, 1e-5, 1e-9):
        cg = fm.Linear(intercept=True).fit(X, y, method="cg", tol=tol)
        gradient = np.linalg.norm(w.T @ (y - cg.predict(X)))
        assert gradient <= tol * start * 1.001
        iterations.append(cg.n_iter)
    assert iterations[0] < iterations[1] < iterations[2]


# Storage


@pytest.mark.parametrize("dtype", ["f4", "i2", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_equal_values_give_equal_bits_in_any_dtype(dtype, order):
    rng = np.random.default_rng(2)
    X, y = rng.integers(-99, 99, (3000, 5)).astype(dtype), rng.integers(0, 9, 3000).astype(dtype)
    X = np.asarray(X, order=order)
    model = fm.Linear(intercept=True)
    narrow = model.fit(X, y, method="cg")
    wide = model.fit(X.astype(float, order=order), y.astype(float), method="cg")
    assert narrow.theta.tobytes() == wide.theta.tobytes()
    assert narrow.sse == wide.sse


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(200_000, 40), (200, 40_000)])
def test_memory_does_not_grow_with_the_rows(order, shape):
    """Of 32 MB in float32: a tile, and some vectors of d."""
    X = np.asarray(np.random.default_rng(3).standard_normal(shape, np.float32), order=order)
    y = X[:, 0] + np.arange(len(X)) % 7
    tracemalloc.start()
    cg = fm.Linear(intercept=True).fit(X, y, method="cg", l2=1.0, tol=0.9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert cg.converged
    assert peak < 6e6 + 100 * 8 * shape[1]


def test_takes_a_table_and_its_names():
    X, y, _ = data(500, 3)
    table = pd.DataFrame(dict(zip("abc", X.T, strict=True)))
    cg = fm.Linear(intercept=True).fit(table, pd.Series(y), method="cg")
    assert cg.names == ("intercept", "a", "b", "c")
    np.testing.assert_allclose(cg.theta, fm.Linear(intercept=True).fit(X, y).theta, rtol=1e-7)


def test_a_zero_weight_drops_its_row_nan_and_all():
    X, y, _ = data(300, 3)
    weight = np.ones(300)
    X[[0, 7, 299]], weight[[0, 7, 299]], y[7] = np.nan, 0.0, np.inf
    kept = weight > 0
    cg = fm.Linear(intercept=True).fit(X, y, method="cg", sample_weight=weight)
    without = fm.Linear(intercept=True).fit(X[kept], y[kept], method="cg")
    np.testing.assert_allclose(cg.theta, without.theta, rtol=1e-8)
    assert cg.n == 297


def test_more_columns_than_a_gram_matrix_would_fit():
    """16 d² bytes would be 14 GB."""
    rng = np.random.default_rng(4)
    X = rng.standard_normal((300, 30_000), np.float32)
    y = X[:, :5].sum(axis=1) + rng.standard_normal(300)
    cg = fm.Linear(intercept=True).fit(X, y, method="cg", l2=1e4)
    assert cg.converged
    # The same by the 300 x 300 matrix of the dual problem.
    centred = X - X.mean(axis=0, dtype=float)
    dual = np.linalg.solve(centred @ centred.T + 1e4 * np.eye(300), y - y.mean())
    theta = centred.T @ dual
    np.testing.assert_allclose(cg.theta[1:], theta, atol=1e-8 * np.abs(theta).max())


# Degenerate


def test_a_constant_column_has_no_part():
    X, y, _ = data(200, 3)
    X[:, 1] = 0.1
    with pytest.warns(fm.RankWarning, match="rank 3 of 4: column 'x1' is a linear combination"):
        cg = fm.Linear(intercept=True).fit(X, y, method="cg")
    assert (cg.theta[2], cg.rank) == (0.0, 3)
    without = fm.Linear(intercept=True).fit(np.delete(X, 1, axis=1), y)
    np.testing.assert_allclose(np.delete(cg.theta, 2), without.theta, rtol=1e-8)


def test_fewer_rows_than_parameters():
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((20, 50)) * 10.0 ** rng.integers(-3, 4, 50), rng.standard_normal(20)
    with pytest.warns(fm.RankWarning, match="rank 20 of 50 at most: .* of least norm"):
        cg = fm.Linear().fit(X, y, method="cg")
    length = np.linalg.norm(X, axis=0)
    np.testing.assert_allclose(cg.theta * length, np.linalg.pinv(X / length) @ y, atol=1e-8)
    assert cg.rank == 20
    assert math.isnan(cg.s2)


def test_a_constant_target_and_an_intercept_alone():
    X = np.random.default_rng(6).standard_normal((40, 2))
    cg = fm.Linear(intercept=True).fit(X, np.full(40, 0.1), method="cg")
    assert (cg.theta.tolist(), cg.sse, cg.n_iter) == ([0.1, 0.0, 0.0], 0.0, 0)
    assert math.isnan(cg.condition)
    alone = fm.Linear(intercept=True).fit(np.empty((3, 0)), [1.0, 2.0, 4.0], method="cg")
    assert alone.theta == pytest.approx([7 / 3], rel=1e-15)
    assert alone.sse == pytest.approx(14 / 3, rel=1e-15)


def test_too_few_iterations_warn():
    X, y, _ = data()
    with pytest.warns(
        fm.ConvergenceWarning, match="not converged: after 2 iterations .* raise max"
    ):
        cg = fm.Linear(intercept=True).fit(X, y, method="cg", max_iter=2)
    assert (cg.converged, cg.n_iter) == (False, 2)
    assert "not converged" in cg.summary()
    exact = fm.Linear(intercept=True).fit(X, y)
    assert exact.sse < cg.sse < cg.sst
    direct = fm.Linear(intercept=True).evaluate(X, y, cg.theta)
    assert cg.sse == direct.sse  # SSE is that of theta, not of the recurrence


def test_what_rounding_keeps_it_from_is_told():
    rng = np.random.default_rng(7)
    t = 1.7e9 + rng.uniform(0, 100, 500)
    y = 3 - 0.25 * (t - 1.7e9) + rng.standard_normal(500)
    with pytest.warns(fm.ConvergenceWarning, match="rounding lets it fall no further; shift col"):
        cg = fm.Linear(intercept=True).fit(t[:, None], y, method="cg", tol=0.0)
    exact = fm.Linear(intercept=True).fit(t[:, None], y)
    assert cg.n_iter < 50
    assert cg.theta[1] == pytest.approx(exact.theta[1], rel=1e-5)


def test_an_ill_conditioned_problem_starts_anew_until_it_is_solved():
    """What the steps carry along has drifted when it ends: the true gradient decides."""
    rng = np.random.default_rng(8)
    U, _ = np.linalg.qr(rng.standard_normal((400, 30)))
    V, _ = np.linalg.qr(rng.standard_normal((30, 30)))
    X = U * np.geomspace(1, 1e-4, 30) @ V.T
    y = X @ rng.standard_normal(30) + 1e-3 * rng.standard_normal(400)
    cg = fm.Linear().fit(X, y, method="cg", tol=1e-12)
    exact = fm.Linear().fit(X, y)
    length = np.linalg.norm(X, axis=0)
    gradient = np.linalg.norm(X.T @ (y - X @ cg.theta) / length)
    assert gradient <= 2e-12 * np.linalg.norm(X.T @ y / length)
    assert cg.sse == pytest.approx(exact.sse, rel=1e-9)
    assert cg.condition == pytest.approx(exact.condition, rel=0.05)


# Refusals


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("bad", "word"), [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_refuses_what_is_not_finite_naming_column_and_row(bad, word, order):
    X, y = np.asarray(np.ones((6000, 40)), order=order), np.ones(6000)
    X[5000, 33] = bad
    with pytest.raises(ValueError, match=f"X: column 'x33' holds {word} in row 5000"):
        fm.Linear(intercept=True).fit(X, y, method="cg")
    X[5000, 33], y[4096] = 1.0, bad
    with pytest.raises(ValueError, match=f"y: column 'y' holds {word} in row 4096"):
        fm.Linear(intercept=True).fit(X, y, method="cg")


def test_refuses_squares_that_overflow():
    X = np.ones((9, 2))
    X[4, 1] = 1e200
    with pytest.raises(ValueError, match="column 'x1': the sum of squares overflows"):
        fm.Linear().fit(X, np.ones(9), method="cg")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tol": "1"}, TypeError, "tol: got '1' of type str"),
        ({"tol": 1.0}, ValueError, r"tol: got 1.0; want a number in \[0, 1\)"),
        ({"tol": math.nan}, ValueError, "tol: got nan"),
        ({"max_iter": 0}, ValueError, "max_iter: got 0; want an integer >= 1"),
        ({"max_iter": 2.0}, TypeError, "max_iter: got 2.0"),
        ({"callback": 3}, TypeError, r"callback: got 3; want callable\(iteration, gradient\)"),
        ({"l2": -1.0}, ValueError, "l2: got -1.0"),
        ({"weight_type": "w"}, ValueError, "weight_type: got 'w'"),
        ({"sample_weight": [-1.0] * 5}, ValueError, "sample_weight: got -1.0 in row 0"),
        ({"n_threads": 0}, ValueError, "n_threads"),
    ],
)
def test_checks_its_arguments(options, error, message):
    with pytest.raises(error, match=message):
        fm.Linear().fit(np.ones((5, 1)), np.arange(5.0), method="cg", **options)


@pytest.mark.parametrize("name", ["tol", "max_iter", "callback"])
def test_the_other_methods_have_no_iterations(name):
    with pytest.raises(ValueError, match=f"{name}: got 1; only method='cg' has iterations"):
        fm.Linear().fit(np.ones((5, 1)), np.arange(5.0), **{name: 1})


def test_an_error_in_the_callback_ends_it():
    def fail(iteration, gradient):
        raise KeyboardInterrupt

    X, y, _ = data(100, 3)
    with pytest.raises(KeyboardInterrupt):
        fm.Linear().fit(X, y, method="cg", callback=fail)


# The survey


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(1, 3), (5000, 70), (3, 50_000), (9, 0)])
def test_the_survey_finds_means_and_lengths(shape, order, centred):
    rng = np.random.default_rng(9)
    X = np.asarray(rng.standard_normal(shape) + 1e6, order=order)
    y, weight = rng.standard_normal(len(X)), rng.integers(0, 3, len(X))
    weight[0] = 1
    found = surveying.survey(X, y, weight, tuple(map(str, range(shape[1]))), "y", centred=centred)
    for values, mean, length in (
        (X, found.mean[:-1], found.length[:-1]),
        (y[:, None], found.mean[-1:], found.length[-1:]),
    ):
        expected = weight @ values / weight.sum() * centred
        np.testing.assert_allclose(mean, expected, rtol=1e-12, atol=1e-14)
        spread = np.sqrt(weight @ (values - expected) ** 2)
        np.testing.assert_allclose(length, spread, rtol=1e-8, atol=1e-9)
    assert found.weight_sum == weight.sum()
