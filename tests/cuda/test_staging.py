"""Arrays in host memory, sent to the device in pieces: the bits of one piece."""

from __future__ import annotations

import numpy as np
import pytest
from cuda_memory import send

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


DECAY = fm.Expression("a*exp(-b*t) + c*s", ("a", "b", "c"))


def slope(x, theta):
    return theta[0] * x[0] + theta[1] * x[1] ** 2


def slope_grad(x, theta, out):
    out[0], out[1] = x[0], x[1] ** 2


SLOPE = fm.Function(slope, slope_grad, parameters=["a", "b"])


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("model", [DECAY, SLOPE], ids=["expression", "function"])
def test_models(model, weighted, order):
    """The bits of arrays there, which tests/cuda/test_models.py compares with the CPU's."""
    n, theta = 150, np.linspace(0.5, 1.0, len(model.parameters))
    X, y = np.asarray(abs(normal(n, 2)), order=order), normal(n, seed=1)
    w = np.arange(n) % 3 if weighted else None
    sent = model.normal(X, y, theta, sample_weight=w, backend="cuda")
    there = None if w is None else send(w.astype(float))
    placed = model.normal(send(X), send(y), theta, sample_weight=there)
    assert (sent.n, sent.weight_sum, sent.sse) == (placed.n, placed.weight_sum, placed.sse)
    np.testing.assert_array_equal(sent.grad, placed.grad)
    np.testing.assert_array_equal(sent.normal, placed.normal)


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_an_objective_of_a_dict(dtype):
    t, s = (np.round(4 * abs(normal(100, seed=k))).astype(dtype) for k in (1, 2))
    y, theta = normal(100, seed=3), [2.0, 0.5, 0.25]
    got = DECAY.objective({"s": s, "t": t}, y, backend="cuda")(theta)
    there = {"s": send(s.astype(float)), "t": send(t.astype(float))}
    want = DECAY.objective(there, send(y))(theta)
    assert got[0] == want[0]
    np.testing.assert_array_equal(got[1], want[1])


def test_an_objective_of_rows_that_can_be_read_once():
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"a": normal(50), "b": normal(50, seed=1)})
    y = normal(50, seed=2)
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    objective = fm.Linear().objective(reader, y, backend="cuda")
    want = fm.Linear().objective(table, y)([1.0, 2.0])
    for _ in range(2):
        got = objective([1.0, 2.0])
        assert got[0] == want[0]
        np.testing.assert_array_equal(got[1], want[1])


def test_a_table_for_a_model():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"t": abs(normal(60)), "other": 0, "s": normal(60, seed=1)})
    y, theta = normal(60, seed=2), [2.0, 0.5, 0.25]
    got = DECAY.evaluate(table, pd.Series(y), theta, backend="cuda")
    there = {name: send(table[name].to_numpy(copy=True)) for name in ("t", "s")}
    want = DECAY.evaluate(there, send(y), theta)
    assert got.sse == want.sse
    np.testing.assert_array_equal(got.grad, want.grad)


def test_what_runs_on_the_cpu_alone_says_so():
    with pytest.raises(RuntimeError, match="this is computed on the CPU alone"):
        PredictionStream(backend="cuda")
