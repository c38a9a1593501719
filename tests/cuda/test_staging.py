"""Arrays in host memory, sent to the device in pieces: the bits of one piece."""

from __future__ import annotations

import numpy as np
import pytest

import fastmse as fm
from fastmse.kernels.cuda import staging
from fastmse.models.predictions import PredictionStream


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(staging, "PIECE_BYTES", 2**10)


def normal(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int32, ">f4"])
@pytest.mark.parametrize("weighted", [False, True])
def test_predictions(dtype, weighted):
    n = 700
    y, f = ((10 * normal(n, seed=s)).astype(dtype) for s in (3, 4))
    w = np.arange(n) % 3 if weighted else None
    got, want = (fm.evaluate(y, f, sample_weight=w, backend=b) for b in ("cuda", "cython"))
    assert (got.sse, got.n, got.weight_sum) == (want.sse, want.n, want.weight_sum)
    assert got.grad.dtype == want.grad.dtype
    np.testing.assert_array_equal(got.grad, want.grad)


def test_predictions_of_any_shape():
    y, f = normal(7, 9, 2)[:, ::2], normal(7, 9, 2, seed=1)[:, ::2]
    got, want = (fm.evaluate(y, f, backend=b) for b in ("cuda", "cython"))
    assert got.sse == want.sse
    np.testing.assert_array_equal(got.grad, want.grad)
    assert fm.mse([1.0, 2.0], [1.0, 4.0], backend="cuda") == 2.0


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize(("n", "d"), [(300, 2), (90, 8)])
def test_linear(order, n, d):
    X, y, theta = np.asarray(normal(n, d), order=order), normal(n, seed=1), normal(d, seed=2)
    w = np.arange(n) % 3
    got, want = (
        fm.Linear().evaluate(X, y, theta, sample_weight=w, backend=b) for b in ("cuda", "cython")
    )
    np.testing.assert_allclose(got.sse, want.sse, rtol=1e-15)
    np.testing.assert_allclose(got.grad, want.grad, rtol=0, atol=1e-14)


def test_a_table():
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame({"a": normal(50), "b": normal(50, seed=1)})
    y = pd.Series(normal(50, seed=2))
    got, want = (fm.Linear().evaluate(X, y, [1.0, 2.0], backend=b) for b in ("cuda", "cython"))
    assert got.sse == want.sse


def test_what_runs_on_the_cpu_alone_says_so():
    with pytest.raises(RuntimeError, match="this is computed on the CPU alone"):
        PredictionStream(backend="cuda")
