"""What only the Numba kernels do: aligned copies, vectors of doubles, and wide columns decoded in
parts.
"""

from __future__ import annotations

import ctypes
import math
from pathlib import Path

import numba
import numpy as np
import pytest
from bit_problems import digest
from storage import lay_matrix, lay_vector

import fastmse as fm
from fastmse.columns import Columns
from fastmse.kernels.jit import arrays, decoding, wide
from fastmse.kernels.jit import backend as jit
from fastmse.kernels.jit.memory import begin
from fastmse.kernels.jit.vectors import fold, keep, load4, load16, part16, split, store


def matrix(n: int, d: int) -> np.ndarray:
    return np.asfortranarray(np.random.default_rng(d).normal(size=(n, d)).astype("f4"))


def table(n: int, d: int) -> Columns:
    return Columns(list(matrix(n, d).T), [f"x{j}" for j in range(d)], n)


@pytest.mark.parametrize("make", [matrix, table])
@pytest.mark.parametrize(("n", "intercept"), [(300, True), (2048, False), (4500, True)])
def test_wide_columns_have_the_same_bits(make, n, intercept) -> None:
    rng = np.random.default_rng(n)
    d = 2101
    X, y, w = make(n, d), rng.normal(size=n), rng.integers(0, 3, n) + 0.0
    theta = rng.normal(size=(2, d + intercept))
    model = fm.Linear(intercept=intercept)
    for weight in (None, w):
        a, b = (
            model.evaluate(X, y, theta, sample_weight=weight, backend=backend)
            for backend in ("cython", "numba")
        )
        assert (a.sse.tobytes(), a.grad.tobytes()) == (b.sse.tobytes(), b.grad.tobytes())
        without = model.evaluate(X, y, theta, sample_weight=weight, grad=False, backend="numba")
        assert without.sse.tobytes() == a.sse.tobytes()


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(),
    reason="only Linux tells a process its peak memory and resets it",
)
@pytest.mark.usefixtures("suite")
def test_wide_columns_are_decoded_in_parts() -> None:
    from benchmarks import peak_memory

    n, d = 1024, 8000  # 16 MB a block as float64
    X, y, theta = matrix(n, d), np.ones(n), np.ones(d)

    def evaluate() -> object:
        return fm.Linear().evaluate(X, y, theta, backend="numba", n_threads=1)

    evaluate()
    assert peak_memory.peak(evaluate) < 8_000_000


def misaligned(vector: np.ndarray) -> np.ndarray:
    return lay_vector(vector, "f8", "misaligned")


@pytest.fixture
def addressed(monkeypatch) -> list[bool]:
    """Of each array whose address the kernels are given, whether it is aligned."""
    found = []

    def address(array: np.ndarray | None) -> int:
        found.append(array is None or array.flags.aligned)
        return arrays.address(array)

    monkeypatch.setattr(jit, "address", address)
    monkeypatch.setattr(wide, "address", address)
    return found


@pytest.mark.parametrize("d", [1, 2, 3, 5, 9, 2101])
@pytest.mark.parametrize("order", ["C", "F"])
def test_kernels_are_given_aligned_arrays(order, d, addressed) -> None:
    """LLVM is told that doubles are aligned to 8 bytes: anything else is undefined behaviour."""
    n = 256  # a block of the widest: a part of it is contiguous as it lies
    rng = np.random.default_rng(d)
    X, y = np.asarray(rng.normal(size=(n, d)), order=order), rng.normal(size=n)
    w, theta = rng.integers(0, 3, n) + 0.0, rng.normal(size=d)
    elsewhere = lay_matrix(X, "f8", f"{order} misaligned"), misaligned(y), misaligned(theta)
    for weights in ((None, None), (w, misaligned(w))):
        a, b = (
            fm.Linear().evaluate(*given, sample_weight=weight, backend="numba")
            for given, weight in zip(((X, y, theta), elsewhere), weights, strict=True)
        )
        assert digest(a) == digest(b)
    assert addressed
    assert all(addressed)


def test_kernels_are_given_aligned_predictions(addressed) -> None:
    y, f, w = np.random.default_rng(0).random((3, 5000))
    out = misaligned(np.zeros(5000))
    expected = fm.evaluate(y, f, sample_weight=w, backend="numba")
    elsewhere = [misaligned(a) for a in (y, f, w)]
    e = fm.evaluate(*elsewhere[:2], sample_weight=elsewhere[2], out=out, backend="numba")
    assert (e.sse, out.tobytes()) == (expected.sse, expected.grad.tobytes())
    assert addressed
    assert all(addressed)


@numba.njit
def fold_of(a):
    return fold(load16(begin(a), 0))


@numba.njit
def sum_of_first(a, n):
    return fold(part16(begin(a), 0, n))


@numba.njit
def split_two(a, out):
    p, q = begin(a), begin(out)
    x, y = split((load4(p, 0), load4(p, 4)))
    store(q, 0, x)
    store(q, 4, y)


@numba.njit
def split_three(a, out):
    p, q = begin(a), begin(out)
    x, y, z = split((load4(p, 0), load4(p, 4), load4(p, 8)))
    store(q, 0, x)
    store(q, 4, y)
    store(q, 8, z)


@numba.njit
def kept(r, w):
    return keep(r, w)


def test_vectors() -> None:
    a = np.random.default_rng(0).normal(size=16)
    halves = a.copy()
    for n in (8, 4, 2, 1):
        halves[:n] += halves[n : 2 * n]
    assert fold_of(a) == halves[0]
    a = np.arange(16.0) + 1
    assert [sum_of_first(a, n) for n in range(18)] == [
        sum(range(min(n, 16) + 1)) for n in range(18)
    ]
    for d, kernel in ((2, split_two), (3, split_three)):
        rows, out = np.arange(4.0 * d), np.empty(4 * d)
        kernel(rows, out)
        assert out.tolist() == rows.reshape(4, d).T.ravel().tolist()
    assert kept(math.inf, 0.0) == 0.0
    assert math.isnan(kept(math.nan, math.nan))


@pytest.mark.parametrize("by_cpu", [False, True])
def test_every_float16(by_cpu, monkeypatch) -> None:
    """With the CPU's conversion, where it has one, and without."""
    has_it = decoding._converts_halves()
    monkeypatch.setattr(decoding, "_converts_halves", lambda: by_cpu and has_it)
    decoder = decoding._decoder.__wrapped__("float16").ctypes
    halves, found = np.arange(2**16, dtype=np.uint16).view(np.float16), np.empty(2**16)
    target = ctypes.cast(found.ctypes.data, decoder.argtypes[3])
    decoder(halves.ctypes.data, 2, halves.size, target)
    np.testing.assert_array_equal(found, halves.astype(np.float64))
    assert (np.signbit(found) == np.signbit(halves)).all()
