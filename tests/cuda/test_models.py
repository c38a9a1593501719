"""Nonlinear models on a device: value, gradient and matrices near the CPU's."""

from __future__ import annotations

import gc
import math
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import numpy as np
import pytest
from cuda_memory import SIMULATED, send

import fastmse as fm
from fastmse.kernels.cuda.launching import Queue

DECAY = fm.Expression("a*exp(-b*t) + where(t > 1, c, -c)*s", ("a", "b", "c"))
THETA = np.array([2.0, 0.5, 0.25])
EPS = np.finfo(float).eps


def wave(x, theta):
    return theta[0] * math.sin(theta[1] * x[0]) + theta[2] * x[1]


def wave_grad(x, theta, out):
    out[0] = math.sin(theta[1] * x[0])
    out[1] = theta[0] * x[0] * math.cos(theta[1] * x[0])
    out[2] = x[1]


WAVE = fm.Function(wave, wave_grad, parameters=["a", "b", "c"])


def problem(n, dtype=np.float64, order="C"):
    rng = np.random.default_rng(n)
    X = np.asarray(rng.uniform(0, 3, (n, 2)), dtype, order=order)
    w = rng.integers(0, 3, n).astype(dtype)
    w[0] = 1
    return X, rng.normal(size=n).astype(dtype), w


def near(got, want, n):
    assert (got.n, got.weight_sum) == (want.n, want.weight_sum)
    np.testing.assert_allclose(got.sse, want.sse, rtol=1e-14)
    np.testing.assert_allclose(got.grad, want.grad, rtol=1e-13, atol=1e-14 * n)


@pytest.mark.parametrize("n", [1, 2, 17, 70])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("model", [DECAY, WAVE], ids=["expression", "function"])
def test_evaluate_and_normal(model, n, weighted):
    X, y, w = problem(n)
    w = w if weighted else None
    got = model.normal(send(X), send(y), THETA, sample_weight=send(w))
    want = model.normal(X, y, THETA, sample_weight=w)
    near(got, want, n)
    np.testing.assert_allclose(got.normal, want.normal, rtol=1e-12, atol=1e-14 * n)
    at = model.evaluate(send(X), send(y), THETA, sample_weight=send(w))
    assert at.sse == got.sse
    np.testing.assert_array_equal(at.grad, got.grad)
    assert model.evaluate(send(X), send(y), THETA, grad=False).grad is None


def test_a_function_of_one_number():
    def decay(t, theta):
        return theta[0] * math.exp(-t * theta[1])

    def decay_grad(t, theta, out):
        out[0] = math.exp(-t * theta[1])
        out[1] = -t * theta[0] * out[0]

    model = fm.Function(decay, decay_grad, parameters=["a", "b"])
    X, y, _ = problem(40)
    t = np.ascontiguousarray(X[:, 0])
    near(model.evaluate(send(t), send(y), [2.0, 0.5]), model.evaluate(t, y, [2.0, 0.5]), 40)


@pytest.mark.skipif(SIMULATED, reason="the simulator raises the exception itself")
@pytest.mark.parametrize("at", [0, 5, 31, 127, 128, 9999])
def test_a_row_that_raises_is_told(at):
    def picky(x, theta):
        if x[0] < 0:
            raise ValueError
        return theta[0] * x[0]

    def slope(x, theta, out):
        out[0] = x[0]

    X, y, _ = problem(10_000)
    model = fm.Function(picky, slope, parameters=["a"])
    near(model.evaluate(send(X), send(y), [1.0]), model.evaluate(X, y, [1.0]), 10_000)
    X[at, 0] = -1.0
    with pytest.raises(RuntimeError, match="raised an exception in some row"):
        model.evaluate(send(X), send(y), [1.0])


@pytest.mark.skipif(not SIMULATED, reason="compiled kernels have their functions in them")
def test_missing_rows_are_told(monkeypatch):
    module = import_module("fastmse.kernels.cuda.models")
    monkeypatch.setattr(module, "rows_done", lambda counts: 0.0)
    X, y, _ = problem(40)
    with pytest.raises(RuntimeError, match="raised an exception in some row"):
        WAVE.evaluate(send(X), send(y), THETA)


@pytest.mark.skipif(SIMULATED, reason="the simulator compiles nothing")
def test_what_numba_cannot_compile_is_told():
    def opaque(x, theta):
        return vars(theta)

    X, y, _ = problem(10)
    with pytest.raises(TypeError, match="cannot compile them for a device"):
        fm.Function(opaque, wave_grad, parameters=["a"]).evaluate(send(X), send(y), [1.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_narrow_columns(dtype):
    X, y, _ = problem(40, dtype, "F")
    near(DECAY.evaluate(send(X), send(y), THETA), DECAY.evaluate(X, y, THETA), 40)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_dict_of_columns_that_lie_apart(weighted):
    """Of their own types and strides: the bits of the matrix that holds the same."""
    X, y, w = problem(70)
    X = X.astype(np.float16).astype(float)
    t, s = X[:, 0].astype(np.float32), np.repeat(X[:, 1].astype(np.float16), 3)[::-3]
    X[:, 1] = s
    w = w if weighted else None
    apart = DECAY.normal({"s": send(s), "t": send(t)}, send(y), THETA, sample_weight=send(w))
    together = DECAY.normal(send(X), send(y), THETA, sample_weight=send(w))
    assert (apart.n, apart.sse) == (together.n, together.sse)
    np.testing.assert_array_equal(apart.grad, together.grad)
    np.testing.assert_array_equal(apart.normal, together.normal)


def test_many_columns_that_lie_apart():
    names = [f"x{k}" for k in range(9)]
    model = fm.Expression(" + ".join(f"b*{name}**{k}" for k, name in enumerate(names)), ["b"])
    X = {name: np.random.default_rng(k).uniform(size=50) for k, name in enumerate(names)}
    y = np.zeros(50)
    objective = model.objective({name: send(x) for name, x in X.items()}, send(y))
    gc.collect()  # the objective alone keeps the arrays
    got = objective([2.0])
    want = model.objective(X, y)([2.0])
    # nine positive terms of 2 ulp and their sum: f and its slope are within 10 eps, r f' within 21
    np.testing.assert_allclose(got[0], want[0], rtol=21 * EPS)
    np.testing.assert_allclose(got[1], want[1], rtol=21 * EPS)


def test_a_dict_is_asked_for_the_variables_alone():
    X, y, _ = problem(20)
    t, s = X[:, 0], X[:, 1]
    want = DECAY.evaluate({"t": t, "s": s}, y, THETA)
    assert DECAY.evaluate({"t": t, "s": s, "u": send(t)}, y, THETA).sse == want.sse


def test_what_writes_to_an_array_is_asked_before_every_pass(monkeypatch):
    X, y, _ = problem(20)
    at = send(X)
    objective = DECAY.objective(at, send(y))
    waited = []
    monkeypatch.setattr(Queue, "wait_for", lambda self, streams: waited.append(streams))
    objective(THETA)
    at.__cuda_array_interface__["stream"] = 48
    objective(THETA)
    assert waited == [set(), {48}]


@pytest.mark.skipif(SIMULATED, reason="the simulator has one block of threads at a time")
def test_an_objective_of_several_threads():
    X, y, w = problem(70)
    objective = DECAY.objective(send(X), send(y), sample_weight=send(w))
    thetas = [THETA * (1 + k / 64) for k in range(64)]
    alone = [objective(theta)[0] for theta in thetas]
    with ThreadPoolExecutor(4) as pool:
        assert [mse for mse, _ in pool.map(objective, thetas)] == alone


def test_one_variable_several_thetas_and_hessian():
    X, y, _ = problem(30)
    t = np.ascontiguousarray(X[:, 0])
    model = fm.Expression("a*exp(-b*t)", ("a", "b"))
    thetas = np.array([[1.0, 2.0], [0.5, 0.25]])
    near(model.evaluate(send(t), send(y), thetas), model.evaluate(t, y, thetas), 30)
    got, want = (
        f.hessian(thetas[0]) for f in (model.objective(send(t), send(y)), model.objective(t, y))
    )
    np.testing.assert_allclose(got.normal, want.normal, rtol=1e-12)


def test_rows_of_zero_weight_may_hold_anything():
    X, y, w = problem(20)
    w[3], X[3], y[3] = 0, np.nan, np.inf
    near(
        DECAY.evaluate(send(X), send(y), THETA, sample_weight=send(w)),
        DECAY.evaluate(X, y, THETA, sample_weight=w),
        20,
    )


def test_refused():
    X, y, _ = problem(10)
    with pytest.raises(ValueError, match=r"X: got shape \(10, 1\); want \(n, 2\) for t, s"):
        DECAY.evaluate(send(X[:, :1]), send(y), THETA)
