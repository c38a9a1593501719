"""A curve's fit has its own bits: whatever its neighbours, the threads, the storage."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from curves import PEAK, outputs, peaks

from fastmse import backends
from fastmse.kernels import compiled

CURVES = compiled.module().CURVES_AT_ONCE


@pytest.fixture(autouse=True)
def _two_threads_mean_two(monkeypatch):
    monkeypatch.setattr(backends, "SERIAL_DOUBLES", 0)


def problem(k):
    """Curves of any kind: some bad, some starts far off, points missing."""
    x, Y, start, _ = peaks(k, seed=12)
    rng = np.random.default_rng(13)
    Y[rng.random(k) < 0.05] = np.nan
    Y[rng.random(k) < 0.05] = 1.0
    start[rng.random(k) < 0.1] *= 3.0
    start[rng.random(k) < 0.02] = np.inf
    w = (rng.random(Y.shape) < 0.8) * rng.uniform(0.5, 2, Y.shape)
    w[rng.random(k) < 0.05, 3:] = 0
    return x, Y, start, w


@pytest.mark.parametrize("bounds", [None, ([-50, -0.5, 0.1, -2], [50, 0.5, 1.2, 30])])
@pytest.mark.parametrize("weighted", [False, True])
def test_neighbours_order_and_threads(bounds, weighted):
    k = 5 * CURVES + 3
    x, Y, start, w = problem(k)
    if bounds:
        start = np.where(np.isfinite(start), np.clip(start, *bounds), start)
    order = np.random.default_rng(14).permutation(k)

    def fit(rows, n_threads=1):
        weights = w[rows] if weighted else None
        options = {"bounds": bounds, "sample_weight": weights, "n_threads": n_threads}
        return PEAK.fit_many(x, Y[rows], start[rows], **options)

    together = fit(np.arange(k))
    assert len(set(together.status.tolist())) > 1 + weighted
    for n_threads in (2, 3, 7):
        assert outputs(fit(np.arange(k), n_threads)) == outputs(together)
    shuffled = fit(order, 2)
    for name in ("theta", "stderr", "sse", "n_iter", "status"):
        a, b = getattr(shuffled, name), getattr(together, name)[order]
        assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    for i in range(0, k, 11):
        assert outputs(fit([i])) == outputs_of_row(together, i)


def outputs_of_row(many, i):
    fields = (many.theta, many.stderr, many.sse, many.n_iter, many.status)
    return b"".join(field[i : i + 1].tobytes() for field in fields)


@pytest.mark.parametrize("k", [0, 1, CURVES - 1, CURVES, CURVES + 1, 4 * CURVES + 1])
@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_numbers_of_curves(k, n_threads):
    x, Y, start, _ = peaks(4 * CURVES + 1)
    every = PEAK.fit_many(x, Y, start, n_threads=1)
    some = PEAK.fit_many(x, Y[:k], start[:k], n_threads=n_threads)
    assert some.theta.shape == (k, 4)
    assert np.array_equal(some.theta, every.theta[:k])
    assert np.array_equal(some.n_iter, every.n_iter[:k])


LAYOUTS = {
    "C": lambda Y: Y.copy(order="C"),
    "F": lambda Y: Y.copy(order="F"),
    "strided": lambda Y: np.repeat(np.repeat(Y, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": lambda Y: Y[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": lambda Y: np.frombuffer(Y.tobytes(), Y.dtype).reshape(Y.shape),
    "swapped": lambda Y: Y.astype(Y.dtype.newbyteorder()),
    "misaligned": lambda Y: misaligned(Y),
}


def misaligned(Y):
    room = np.zeros(Y.nbytes + 1, np.uint8)[1:]
    view = room.view(Y.dtype).reshape(Y.shape)
    view[...] = Y
    return view


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i1", "u2", "i4", "i8"])
def test_dtypes_and_layouts(dtype):
    x, Y, start, _ = peaks(40)
    Y = np.round(8 * Y)
    Y = np.abs(Y) if dtype[0] == "u" else Y
    w = np.random.default_rng(15).integers(0, 3, Y.shape)
    for weights in (None, w):
        expected = PEAK.fit_many(x, Y, start, sample_weight=weights)
        for layout in LAYOUTS.values():
            other = None if weights is None else layout(weights.astype(dtype))
            many = PEAK.fit_many(x, layout(Y.astype(dtype)), start, sample_weight=other)
            assert outputs(many) == outputs(expected)


def test_a_memory_map(tmp_path):
    x, Y, start, _ = peaks(40)
    np.save(tmp_path / "Y.npy", Y)
    mapped = np.load(tmp_path / "Y.npy", mmap_mode="r")
    assert outputs(PEAK.fit_many(x, mapped, start)) == outputs(PEAK.fit_many(x, Y, start))


DIGEST = """
import hashlib
from curves import PEAK, outputs
from test_fit_many_bits import problem
x, Y, start, w = problem(100)
bits = outputs(PEAK.fit_many(x, Y, start)) + outputs(PEAK.fit_many(x, Y, start, sample_weight=w))
print(hashlib.sha256(bits).hexdigest())
"""


def test_instruction_sets():
    """Of a rational model; others have the bits that their functions have."""

    def digest(isa):
        here = str(Path(__file__).parent)
        done = subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "FASTMSE_ISA": isa, "PYTHONPATH": path(here)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def path(here):
        return os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])

    assert len({digest(isa) for isa in compiled.supported()}) == 1
