"""Large gradients of predictions are stored past the cache: the same bits, and nothing beside."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import fastmse as fm
from fastmse.statistics.grid import PREDICTION_PIECE

# Around the length from which stores are streamed, and a streamed piece with a short one after it.
SIZES = [2**20 - 1, 2**20, 2**20 + 5, PREDICTION_PIECE + 5]
BACKENDS = ["cython", "numba"]
PLACES = {"aligned": 16, "misaligned to 16 bytes": 24, "misaligned to 8 bytes": 20}
BESIDE = -7.0


class Data(NamedTuple):
    y: np.ndarray
    f: np.ndarray
    gradient: np.ndarray
    sse: float


@pytest.fixture(scope="module", params=SIZES)
def data(request: pytest.FixtureRequest) -> Data:
    n = request.param
    y, f = np.random.default_rng(n).normal(size=(2, n))
    sse = fm.evaluate(y, f, grad=False, n_threads=1).sse
    return Data(y, f, 2.0 / n * (f - y), sse)


def lying_at(offset: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A float64 array that many bytes after a multiple of 64, and the memory around it."""
    around = np.full(n + 24, BESIDE).view(np.uint8)
    start = -around.ctypes.data % 64 + offset
    return around[start : start + 8 * n].view(np.float64), around


def check(
    data: Data, y: np.ndarray, f: np.ndarray, out: np.ndarray, around: np.ndarray, **options: Any
) -> None:
    """The gradient is written to `out`, and nothing else to the memory `around` it."""
    expected = around.copy()
    offset = out.ctypes.data - around.ctypes.data
    np.ndarray(out.shape, out.dtype, expected, offset, out.strides)[...] = data.gradient
    e = fm.evaluate(y, f, out=out, **options)
    assert e.grad is out
    assert e.sse == data.sse
    assert np.array_equal(out, data.gradient)
    assert np.array_equal(around, expected), "written beside the gradient"


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("place", PLACES)
def test_into_memory_of_its_own(data: Data, place: str, backend: str, n_threads: int) -> None:
    out, around = lying_at(PLACES[place], len(data.y))
    check(data, data.y, data.f, out, around, backend=backend, n_threads=n_threads)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("step", [2, -1, 3])
def test_into_strided_memory(data: Data, step: int, backend: str) -> None:
    around = np.full(len(data.y) * abs(step) + 8, BESIDE)
    out = around[4 : 4 + len(data.y) * abs(step)][::step]
    check(data, data.y, data.f, out, around, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("place", PLACES)
def test_over_the_predictions(data: Data, place: str, backend: str) -> None:
    out, around = lying_at(PLACES[place], len(data.y))
    out[...] = data.f
    check(data, data.y, out, out, around, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("place", PLACES)
def test_over_the_truth(data: Data, place: str, backend: str) -> None:
    out, around = lying_at(PLACES[place], len(data.y))
    out[...] = data.y
    check(data, out, data.f, out, around, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_with_weights(data: Data, backend: str) -> None:
    """Stored as usual: zero where the weight is zero, over NaN as well, and over the weights."""
    n = len(data.y)
    w, f = np.arange(n) % 3.0, data.f.copy()
    f[w == 0] = np.nan
    expected = np.where(w == 0, 0.0, 2.0 / w.sum() * (w * (data.f - data.y)))
    e = fm.evaluate(data.y, f, sample_weight=w, backend=backend)
    assert np.array_equal(e.grad, expected)
    over = fm.evaluate(data.y, f, sample_weight=w, out=w, backend=backend)
    assert over.sse == e.sse
    assert np.array_equal(w, expected)
