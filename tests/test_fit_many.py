"""`fit_many` against SciPy, against its own twin in NumPy, and against the truth."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from curves import (
    DECAY,
    PEAK,
    ROOT,
    TWINS,
    decay,
    least_squares,
    peak,
    peaks,
    values,
)

from fastmse.results.fit_many import (
    CONVERGED,
    MAX_ITER,
    NOT_FINITE,
    SINGULAR,
    STALLED,
    TOO_FEW,
)

EPS = np.finfo(float).eps


def agree(many, other, digits=1e-9):
    """To `digits` of the standard errors: the two sum in another order."""
    assert many.status.tolist() == other.status.tolist()
    assert many.n_iter.tolist() == other.n_iter.tolist()
    scale = np.where(np.isfinite(other.stderr), other.stderr, 1.0)
    np.testing.assert_allclose(many.theta / scale, other.theta / scale, rtol=1e-12, atol=digits)
    np.testing.assert_allclose(many.stderr, other.stderr, rtol=1e-9)
    np.testing.assert_allclose(many.sse, other.sse, rtol=1e-11)


def test_scipys_answer():
    x, Y, start, _ = peaks(60)
    many = PEAK.fit_many(x, Y, start)
    assert many.converged.all()
    for i in range(60):
        theta, stderr, sse = least_squares(peak, x, Y[i], start[i])
        # SciPy's own answer is good to some 1e-8 standard errors: sqrt(eps) of SSE.
        np.testing.assert_array_less(np.abs(many.theta[i] - theta), 3e-7 * stderr)
        np.testing.assert_allclose(many.stderr[i], stderr, rtol=1e-6)
        np.testing.assert_allclose(many.sse[i], sse, rtol=1e-12)


def test_the_gradient_vanishes():
    """To tol of the standard errors, whatever the noise: the Gauss-Newton step left is short."""
    for noise in (1e-3, 0.3, 2.0):
        x, Y, start, _ = peaks(200, noise=noise)
        many = PEAK.fit_many(x, Y, start)
        f, *slopes = peak(np.exp)((x[None, :],), tuple(many.theta.T[:, :, None]))
        J = np.stack([np.broadcast_to(s, Y.shape) for s in slopes], axis=2)
        r = np.array(f) - Y
        for i in np.flatnonzero(many.converged):
            step = np.linalg.lstsq(J[i], r[i], rcond=None)[0]
            left = np.linalg.norm(J[i] @ step) / math.sqrt(many.s2[i])
            rounding = 64 * EPS * np.linalg.norm(Y[i]) / math.sqrt(many.s2[i])
            assert left <= 1e-7 + rounding, (noise, i, left)
        assert many.converged.mean() > 0.97


@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("weights", ["none", "shared", "own"])
def test_the_twin(bounded, weights):
    x, Y, start, _ = peaks(20, seed=3)
    rng = np.random.default_rng(4)
    w = {"none": None, "shared": rng.uniform(0.1, 3, 17), "own": rng.uniform(0.1, 3, Y.shape)}
    bounds = ([6.0, -0.5, 0.2, -5.0], [11.0, 0.5, 1.1, 5.0]) if bounded else None
    begin = np.clip(start, *bounds) if bounded else start
    for kind in ("frequency", "precision"):
        options = {"bounds": bounds, "sample_weight": w[weights], "weight_type": kind}
        many = PEAK.fit_many(x, Y, begin, **options)
        agree(many, PEAK.fit_many(x, Y, begin, backend="numpy", **options))
        if bounded:
            assert (many.theta >= bounds[0]).all()
            assert (many.theta <= bounds[1]).all()
            assert np.isnan(many.stderr).any()


def test_more_points_than_stay_in_memory():
    x, Y, start, _ = peaks(5, n=300, seed=5)
    w = np.random.default_rng(6).integers(0, 3, Y.shape)
    agree(PEAK.fit_many(x, Y, start), PEAK.fit_many(x, Y, start, backend="numpy"))
    many = PEAK.fit_many(x, Y, start, sample_weight=w)
    agree(many, PEAK.fit_many(x, Y, start, sample_weight=w, backend="numpy"))


def test_bounds_are_scipys():
    x, Y, start, _ = peaks(20, seed=7)
    lower, upper = np.array([6.0, -0.5, 0.2, -5.0]), np.array([11.0, 0.5, 1.1, 5.0])
    begin = np.clip(start, lower + 1e-3, upper - 1e-3)
    many = PEAK.fit_many(x, Y, begin, bounds=(lower, upper))
    on_bound = (many.theta == lower) | (many.theta == upper)
    assert on_bound.any(axis=1).sum() > 5
    assert (np.isnan(many.stderr) == on_bound).all()
    for i in range(20):
        tight = {"method": "trf", "bounds": (lower, upper), "max_nfev": 1000}
        theta, _, sse = least_squares(peak, x, Y[i], begin[i], **tight)
        assert many.sse[i] <= sse * (1 + 1e-12)  # trf stays inside of the bounds
        np.testing.assert_allclose(many.theta[i], theta, rtol=1e-3, atol=1e-3)


def test_data_without_noise_give_the_truth():
    x, Y, start, truth = peaks(100, noise=0.0)
    many = PEAK.fit_many(x, Y, start)
    assert many.converged.all()
    # Rounding of y, 16 eps of its size, through the least determined direction: condition < 20.
    assert np.abs(many.theta - truth).max() <= 20 * 16 * 16 * EPS
    assert (many.sse <= (1e-14 * 17) ** 2 * 16**2).all()


def test_one_start_for_all_and_a_dict():
    x, Y, _, _ = peaks(10)
    one = PEAK.fit_many(x, Y, [10.0, 0.1, 1.0, 0.0])
    each = PEAK.fit_many(x, Y, np.tile([10.0, 0.1, 1.0, 0.0], (10, 1)))
    named = PEAK.fit_many(x, Y, {"w": 1.0, "a": 10.0, "c": 0.1, "b": 0.0})
    assert np.array_equal(one.theta, each.theta)
    assert np.array_equal(one.theta, named.theta)


def test_weights_are_repeated_rows():
    x, Y, start, _ = peaks(10)
    w = np.random.default_rng(8).integers(0, 4, 17)
    weighted = PEAK.fit_many(x, Y, start, sample_weight=w)
    repeated = PEAK.fit_many(np.repeat(x, w), np.repeat(Y, w, axis=1), start)
    assert (weighted.n, weighted.weight_sum, weighted.count) == ((w > 0).sum(), w.sum(), w.sum())
    for name in ("theta", "stderr", "sse", "sigma2", "s2", "loglik"):
        np.testing.assert_allclose(
            getattr(weighted, name), getattr(repeated, name), rtol=1e-9, atol=1e-9
        )


def test_precisions_are_known_variances():
    x, Y, start, _ = peaks(10)
    w = np.random.default_rng(9).uniform(0.5, 2, Y.shape)
    w[:, 3] = 0
    many = PEAK.fit_many(x, Y, start, sample_weight=w, weight_type="precision")
    assert (many.n == 16).all()
    np.testing.assert_allclose(many.weight_sum, w.sum(axis=1), rtol=4 * EPS)
    for i in range(10):
        kept = w[i] > 0
        theta, stderr, sse = least_squares(peak, x[kept], Y[i, kept], start[i], w[i, kept])
        np.testing.assert_allclose(many.theta[i], theta, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(many.stderr[i], stderr, rtol=1e-6)
        loglik = -8 * (math.log(2 * math.pi * sse / 16) + 1) + np.log(w[i, kept]).sum() / 2
        assert many.loglik[i] == pytest.approx(loglik, rel=1e-12)


def test_missing_points_may_hold_nan():
    x, Y, start, _ = peaks(40)
    present = np.random.default_rng(10).random(Y.shape) < 0.7
    holed = np.where(present, Y, np.nan)
    many = PEAK.fit_many(x, holed, start, sample_weight=present)
    for i in range(40):
        kept = present[i]
        alone = PEAK.fit_many(x[kept], Y[i : i + 1, kept], start[i])
        np.testing.assert_allclose(many.theta[i], alone.theta[0], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(many.stderr[i], alone.stderr[0], rtol=1e-9)


def test_a_point_that_all_miss_may_be_nan_in_x():
    x, Y, start, _ = peaks(5)
    w = np.ones(17)
    w[4] = 0
    holed = np.where(w > 0, x, np.nan)
    a = PEAK.fit_many(holed, Y, start, sample_weight=w)
    b = PEAK.fit_many(x, Y, start, sample_weight=w)
    assert np.array_equal(a.theta, b.theta)


# How fits end


@pytest.mark.parametrize("backend", ["cython", "numpy"])
def test_each_status(backend):
    x, Y, start, _ = peaks(6)
    Y[1, 5], Y[2, 0], start[3, 1] = np.nan, -np.inf, np.nan
    w = np.ones(Y.shape)
    w[4, 3:] = 0
    many = PEAK.fit_many(x, Y, start, sample_weight=w, backend=backend)
    assert many.status.tolist() == [CONVERGED, *[NOT_FINITE] * 3, TOO_FEW, CONVERGED]
    assert np.isnan(many.theta[1:5]).all()
    assert np.isnan(many.stderr[1:5]).all()
    assert np.isnan(many.sse[1:5]).all()
    few = PEAK.fit_many(x, Y[:1], start[:1], max_iter=2, backend=backend)
    assert (few.status.tolist(), few.n_iter.tolist()) == ([MAX_ITER], [2])
    assert np.isfinite(few.theta).all()
    assert np.isnan(few.stderr).all()
    assert not few.converged.any()


@pytest.mark.parametrize("backend", ["cython", "numpy"])
def test_parameters_that_cannot_be_told_apart(backend):
    x = np.linspace(0, 1, 9)
    Y = np.array([3 * x + 1, 5 * x - 2]) + 0.01 * np.cos(9 * x)
    many = TWINS.fit_many(x, Y, [1.0, 0.5, 0.0], backend=backend)
    assert many.status.tolist() == [SINGULAR, SINGULAR]
    slope, intercept = np.polyfit(x, Y.T, 1)
    np.testing.assert_allclose(many.theta[:, 0] + many.theta[:, 1], slope, rtol=1e-6)
    np.testing.assert_allclose(many.theta[:, 2], intercept, rtol=1e-6)
    assert np.isnan(many.stderr).all()


@pytest.mark.parametrize("backend", ["cython", "numpy"])
def test_a_model_that_leaves_its_domain(backend):
    """Steps past the edge give NaN and are refused; a start past it is told."""
    x = np.linspace(1, 2, 12)
    Y = values(lambda exp: lambda x, t: (t[0] * np.sqrt(x[0] - t[1]),), x, np.array([[2.0, 0.9]]))
    with np.errstate(invalid="ignore"):
        many = ROOT.fit_many(x, np.repeat(Y, 2, axis=0), [[1.0, -5.0], [1.0, 1.5]], backend=backend)
    assert many.status.tolist() == [CONVERGED, NOT_FINITE]
    np.testing.assert_allclose(many.theta[0], [2.0, 0.9], rtol=1e-11)


@pytest.mark.parametrize("backend", ["cython", "numpy"])
def test_no_degree_of_freedom(backend):
    x = np.array([0.0, 1.0])
    many = DECAY.fit_many(x, [[2.0, 1.0]], [1.0, 0.1], backend=backend)
    assert many.converged.all()
    np.testing.assert_allclose(many.theta, [[2.0, math.log(2)]], rtol=1e-12)
    assert np.isnan(many.stderr).all()
    assert np.isnan(many.s2).all()


@pytest.mark.parametrize("backend", ["cython", "numpy"])
def test_a_constant_curve_is_no_peak(backend):
    """Its height is 0 to rounding, whatever its place and width; nothing hangs."""
    x, Y, start, _ = peaks(3)
    Y[1] = 2.0
    many = PEAK.fit_many(x, Y, start, backend=backend)
    assert many.converged[[0, 2]].all()
    assert many.status[1] in (CONVERGED, SINGULAR, MAX_ITER, STALLED)
    assert abs(many.theta[1, 0]) < 64 * 2.0 * EPS
    assert abs(many.theta[1, 3] - 2.0) < 64 * 2.0 * EPS
    assert many.sse[1] < 17 * (16 * 2.0 * EPS) ** 2


def test_a_far_start():
    """Where SciPy gets to the minimum from, so do these fits, and more."""
    rng = np.random.default_rng(11)
    x = np.linspace(0, 4, 12)
    truth = np.column_stack([rng.uniform(1, 10, 300), rng.uniform(0.3, 2, 300)])
    Y = values(decay, x, truth) + 0.02 * rng.standard_normal((300, 12))
    start = truth * np.exp(rng.uniform(-2, 2, truth.shape))
    many = DECAY.fit_many(x, Y, start)
    best = DECAY.fit_many(x, Y, truth)
    reached = np.abs(many.theta - best.theta) <= 1e-6 * best.stderr
    with np.errstate(over="ignore"):
        theirs = [
            np.allclose(least_squares(decay, x, y, s)[0], t, rtol=1e-5)
            for y, s, t in zip(Y[:100], start[:100], best.theta[:100], strict=True)
        ]
    assert best.converged.all()
    assert reached[:100].all(axis=1).sum() >= sum(theirs)


# The result


def test_the_result():
    x, Y, start, _ = peaks(4)
    Y[2] = np.nan
    many = PEAK.fit_many(x, Y, start)
    assert len(many) == 4
    assert repr(many) == "FitMany(k=4, p=4, converged=3)"
    assert many.summary() == (
        "4 fits of a, c, w, b\n  3  converged\n"
        "  1  y, the start, or the model or a derivative at the start is NaN or infinite"
    )
    one = many[1]
    assert (one.status, one.converged, one.message) == (0, True, "converged")
    assert np.array_equal(one.theta, many.theta[1])
    assert not many.theta.flags.writeable
    np.testing.assert_allclose(many.s2, many.sse / 13)
    np.testing.assert_allclose(many.sigma2, many.sse / 17)
    loglik = -17 / 2 * (np.log(2 * np.pi * many.sse / 17) + 1)
    np.testing.assert_allclose(many.loglik, loglik)
    told = json.loads(json.dumps(many.to_dict(), allow_nan=False))
    assert told["theta"][2] == [None] * 4
    assert told["status"] == [0, 0, 4, 0]
    assert told["converged"] == [True, True, False, True]
