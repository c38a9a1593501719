"""Ridge penalties: one for each column, and paths of them, against 60 digits and scikit-learn's."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from fit_problems import digits, fewest_digits, problem
from mpmath import mpf

import fastmse as fm


def exact_ridge(X, y, penalties, weight, intercept):
    """theta and SSE in 60 digits."""
    with mpmath.workdps(60):
        Z = mpmath.matrix(np.hstack((np.ones((len(y), int(intercept))), X)).tolist())
        W = mpmath.diag([mpf(w) for w in weight])
        target = mpmath.matrix(y.tolist())
        G = Z.T * W * Z
        for j, penalty in enumerate(penalties):
            G[j + intercept, j + intercept] += mpf(penalty)
        theta = mpmath.lu_solve(G, Z.T * W * target)
        r = target - Z * theta
        return np.array(theta), (r.T * W * r)[0]


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    X, y = problem(rng, 40, 3, condition=100.0, noise=1.0, shift=0.0)
    X /= np.abs(X).max(axis=0)
    return X + 0.5, y, rng.uniform(0.2, 3, 40)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("penalties", [[0.0, 0.0, 2.0], [1e-6, 3.0, 1e6], [0.5, 0.5, 0.5]])
def test_one_penalty_for_each_column(data, penalties, intercept):
    X, y, weight = data
    fitted = fm.Linear(intercept=intercept).fit(X, y, sample_weight=weight, l2=penalties)
    theta, sse = exact_ridge(X, y, penalties, weight, intercept)
    assert fewest_digits(fitted.theta, theta) >= 10
    assert digits(fitted.sse, sse) >= 13
    assert fitted.l2.tolist() == penalties
    assert fitted.stderr is fitted.aic is fitted.fvalue is None


def test_equal_penalties_are_one_penalty(data):
    X, y, _ = data
    one, many = (fm.Linear(intercept=True).fit(X, y, l2=l2) for l2 in (2, np.full(3, 2)))
    assert one.theta.tobytes() == many.theta.tobytes()
    assert (one.sse, one.l2) == (many.sse, 2.0)


def test_penalties_of_zero_are_none(data):
    X, y, _ = data
    fitted = fm.Linear(intercept=True).fit(X, y, l2=[0.0, 0.0, 0.0])
    assert fitted.stderr.tobytes() == fm.Linear(intercept=True).fit(X, y).stderr.tobytes()


def test_a_penalty_scales_with_its_column(data):
    X, y, _ = data
    plain = fm.Linear(intercept=True).fit(X, y, l2=[1.0, 2.0, 3.0])
    scaled = fm.Linear(intercept=True).fit(X * [1, 4, 1], y, l2=[1.0, 32.0, 3.0])
    assert (scaled.theta * [1, 1, 4, 1]).tobytes() == plain.theta.tobytes()


def test_ridge_equals_scikit_learn():
    """scikit-learn 1.9: Ridge(alpha=2.5).fit(X, y), and with sample_weight=w."""
    X = np.array([[-1.0, 3.0], [1.0, 3.0], [-1.0, -1.0], [1.0, -1.0], [0.0, 0.0], [0.0, 2.0]])
    y = np.array([1.0, 3.0, 1.0, 2.5, 1.0, 2.0])
    w = np.array([1.0, 2.0, 1.0, 3.0, 1.0, 0.5])
    model = fm.Linear(intercept=True)
    plain, weighted = model.fit(X, y, l2=2.5), model.fit(X, y, sample_weight=w, l2=2.5)
    theta = [1.6524390243902438, 0.5384615384615384, 0.09756097560975607]
    np.testing.assert_allclose(plain.theta, theta, rtol=1e-14)
    theta = [1.7672582722132018, 0.6427971558143442, 0.09165220312412518]
    np.testing.assert_allclose(weighted.theta, theta, rtol=1e-14)


# Paths


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("method", ["auto", "gram", "gram2"])
def test_a_path_is_its_fits(data, method, intercept):
    X, y, weight = data
    l2s = [3.0, 0.0, [1.0, 0.0, 1e3], 1e-9, 1e9]
    options = {"sample_weight": weight, "method": method}
    model = fm.Linear(intercept=intercept)
    path, passes = model.fit_path(X, y, l2s, **options), []
    for fitted, l2 in zip(path, l2s, strict=True):
        alone = model.fit(X, y, l2=l2, **options)
        passes.append(alone.passes)
        assert (fitted.stderr is None) == (alone.stderr is None) == bool(np.any(l2))
        assert fitted.theta.tobytes() == alone.theta.tobytes()
        assert np.all(fitted.l2 == np.array(l2))
        # By Pythagoras, and X'r of the smallest penalty is 0 but for what G rounds.
        assert fitted.sse == pytest.approx(alone.sse, rel=4e-15 if method == "gram2" else 1e-13)
    assert {fitted.passes for fitted in path} == {max(passes)}
    assert min(passes) == (2 if method == "auto" else 1)


def test_a_path_without_least_squares_has_exact_sums(data):
    """SSE of each follows from that of the smallest penalty, where X'r = l2 theta."""
    X, y, weight = data
    l2s = [1e3, 10.0, [500.0, 4.0, 20.0]]
    for fitted in fm.Linear(intercept=True).fit_path(X, y, l2s, sample_weight=weight):
        penalties = np.broadcast_to(fitted.l2, 3)
        _, sse = exact_ridge(X, y, penalties, weight, True)
        assert digits(fitted.sse, sse) >= 14.5


def test_a_path_takes_the_method_that_its_hardest_fit_needs():
    X = np.repeat(np.random.default_rng(2).standard_normal((50, 1)), 2, axis=1)
    y = X[:, 0] + np.random.default_rng(3).standard_normal(50)
    with pytest.warns(fm.RankWarning):
        one, two = fm.Linear(intercept=True).fit_path(X, y, [0.0, 1.0])
    assert (one.rank, two.rank) == (2, 3)
    assert one.method == two.method == "gram2"
    np.testing.assert_allclose(two.theta, fm.Linear(intercept=True).fit(X, y, l2=1.0).theta)


def test_a_path_of_statistics(data):
    X, y, _ = data
    statistics = fm.SufficientStatistics(3, intercept=True)
    statistics.update(X, y)
    path = statistics.fit_path(iter([0.0, 5.0]))
    for fitted, l2 in zip(path, [0.0, 5.0], strict=True):
        assert fitted.theta.tobytes() == statistics.fit(l2).theta.tobytes()
        alone = fm.Linear(intercept=True).fit(X, y, l2=l2)
        np.testing.assert_allclose(fitted.theta, alone.theta, rtol=1e-11)
        assert fitted.sse == pytest.approx(alone.sse, rel=1e-13)


def test_no_penalty_no_fit(data):
    X, y, _ = data
    assert fm.Linear().fit_path(X, y, []) == ()


def test_the_path_is_read_once(data):
    """Passes over the data do not grow with the penalties."""
    X, y, _ = data
    reads = []

    class Column:
        def __array__(self, dtype=None, copy=None):
            reads.append(1)
            return y

    fm.Linear().fit_path(X, Column(), np.geomspace(1, 100, 50))
    assert len(reads) == 1


def test_the_summary_shows_penalties(data):
    X, y, _ = data
    assert "l2 penalty" in fm.Linear().fit(X, y, l2=2.0).summary()
    assert "1 to 3" in fm.Linear().fit(X, y, l2=[1, 2, 3]).summary()
    assert fm.Linear().fit(X, y, l2=[1, 2, 3]).to_dict()["l2"] == [1.0, 2.0, 3.0]
