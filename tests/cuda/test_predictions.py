"""Predictions on a device: the CPU's bits for every storage type, layout and edge size."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import ml_dtypes
import numpy as np
import pytest
from cuda_memory import SIMULATED, send

import fastmse as fm

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, of infinities

DTYPES = (np.float64, np.float32, np.float16, ml_dtypes.bfloat16)
SIZES = (1, 2, 15, 16, 17, 127, 128, 129, 1000)
BLOCKS = (4095, 4096, 4097, 8 * 4096 + 5) if not SIMULATED else (4097,)


def problem(n, dtype, seed=0):
    rng = np.random.default_rng((n, seed))
    y, f = (rng.normal(size=n).astype(dtype) for _ in range(2))
    return y, f, rng.integers(0, 3, n).astype(dtype)


def check(y, f, w, out=None):
    """out= given, in the dtype of f; SSE, n, W and the gradient as the CPU has them."""
    target = send(np.full_like(f, np.nan) if out is None else out)
    got = fm.evaluate(send(y), send(f), sample_weight=send(w), out=target)
    want = fm.evaluate(y, f, sample_weight=w, out=np.empty_like(target.array))
    np.testing.assert_equal(got.sse, want.sse)
    assert (got.n, got.weight_sum) == (want.n, want.weight_sum)
    assert got.grad is target
    np.testing.assert_array_equal(target.fetch().astype(float), want.grad.astype(float))
    np.testing.assert_equal(fm.mse(send(y), send(f), sample_weight=send(w)), want.mse)


@pytest.mark.parametrize("n", [*SIZES, *BLOCKS])
def test_float64(n):
    y, f, w = problem(n, np.float64)
    w[0] = 1
    check(y, f, None)
    check(y, f, w)


def test_calls_of_one_thread_share_their_room():
    for n in (4097, 17, 17, 4097, 1):
        y, f, w = problem(n, np.float64, seed=n)
        w[0] = 1
        check(y, f, w)


@pytest.mark.skipif(SIMULATED, reason="the simulator has one block of threads at a time")
def test_calls_of_several_threads():
    def several(seed):
        for n in (300, 20_000, 17):
            y, f, w = problem(n, np.float64, seed)
            w[0] = 1
            check(y, f, w)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(several, range(8)))


@pytest.mark.parametrize("dtype", DTYPES[1:])
@pytest.mark.parametrize("n", [1, 17, 129, 1000])
def test_narrow(dtype, n):
    y, f, w = problem(n, dtype)
    w[0] = 1
    check(y, f, w)


@pytest.mark.parametrize("dtype", DTYPES)
def test_mixed_with_float64_and_an_output_of_another_type(dtype):
    y, f, w = problem(300, dtype)
    w[0] = 1
    check(y.astype(np.float64), f, w, np.empty(300, np.float32))


@pytest.mark.parametrize("cut", [np.s_[::2], np.s_[::-1], np.s_[1:]])
def test_strided_and_not_aligned(cut):
    y, f, w = (a[cut] for a in problem(401, np.float64))
    w[:] = 2
    check(y, f, w, np.empty(801)[::2][: len(y)])


@pytest.mark.parametrize("order", "CF")
def test_shapes_of_two_axes(order):
    y, f, _ = (np.asarray(a.reshape(10, 30), order=order) for a in problem(300, np.float32))
    check(y, f, None)


def test_in_place():
    y, f, _ = problem(500, np.float64)
    want = fm.evaluate(y, f)
    target = send(f)
    got = fm.evaluate(send(y), target, out=target)
    assert got.sse == want.sse
    np.testing.assert_array_equal(target.fetch(), want.grad)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(value):
    y, f, w = problem(200, np.float64)
    w[:], f[7] = 1, value
    check(y, f, w)
    w[7] = 0
    check(y, f, w)
    assert np.isfinite(fm.mse(send(y), send(f), sample_weight=send(w)))


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_invalid_weights(bad):
    y, f, w = problem(300, np.float64)
    w[:] = 1
    w[211] = bad
    with pytest.raises(ValueError, match=f"sample_weight: got {bad} in row 211"):
        fm.mse(send(y), send(f), sample_weight=send(w))
    with pytest.raises(ValueError, match="sample_weight: got only zeros"):
        fm.mse(send(y), send(f), sample_weight=send(w * 0 if np.isfinite(bad) else np.zeros(300)))


def test_repeated_runs_give_the_same_bits():
    y, f, w = problem(1000, np.float64)
    w[0] = 1
    runs = {fm.mse(send(y), send(f), sample_weight=send(w)) for _ in range(4)}
    assert len(runs) == 1
