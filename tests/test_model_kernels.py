"""Sums of a nonlinear model: exact where every sum is an integer, and of one set of bits."""

from __future__ import annotations

import numpy as np
import pytest
from bit_problems import cuts
from model_sums import P, Q, at_once, exact, rounding_scalar, streamed, whole
from storage import DTYPES, MATRIX_LAYOUTS, VECTOR_LAYOUTS, lay_matrix, lay_table, lay_vector
from storage import small_integers as integers

from fastmse.kernels.scalars import Sums
from fastmse.models import passes
from fastmse.models.expression import FormulaScalar
from fastmse.statistics import MODEL_BLOCK

BACKENDS = ["numpy", "cython", "numba"]
SIZES = [1, 2, 15, 16, 17, 31, 33, 97, 127, 128, 129, 257]
BLOCKS = [MODEL_BLOCK - 1, MODEL_BLOCK, MODEL_BLOCK + 1, 2 * MODEL_BLOCK + 130]
WEIGHTS = [None, "positive", "zeros"]


def integer_rows(n, weights=None, seed=0):
    """x in [0, 2): any dtype holds it."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 2, (n, Q)), rng.integers(-50, 50, n).astype(float)
    w = None
    if weights:
        w = rng.integers(0 if weights == "zeros" else 1, 4, n).astype(float)
        w[rng.integers(n)] = 2
    return x, y, w


def check(rows, theta, **options):
    x, y, w = rows
    sums = [at_once([x, y, w], theta, kind, **options) for kind in Sums]
    for k, t in enumerate(theta):
        sse, G, N, H = exact(np.asarray(x, float), y, w, t)
        assert [at.sse[k] for at in sums] == [sse] * 4
        assert all(np.array_equal(at.gradient[k], G) for at in sums[1:])
        assert np.array_equal(sums[Sums.NORMAL].normal[k], N)
        assert np.array_equal(sums[Sums.HESSIAN].normal[k], H)
    assert sums[0].gradient.shape == (len(theta), 0)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("weights", WEIGHTS)
def test_integer_sums_are_exact(backend, weights):
    for n in SIZES + BLOCKS[:: len(BLOCKS) - 1]:
        x, y, w = integer_rows(n, weights, n)
        theta = np.array([[3.0, -2.0, 5.0]])
        check((x.astype(float), y, w), theta, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_many_thetas_at_once(backend, monkeypatch):
    monkeypatch.setattr(passes, "THETAS_AT_ONCE", 3)
    theta = np.random.default_rng(0).integers(-9, 9, (7, P)).astype(float)
    check(integer_rows(150, "zeros"), theta, backend=backend)


@pytest.mark.parametrize("backend", ["cython", "numba"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_layout_is_exact(backend, dtype):
    x, y, w = integer_rows(150, "zeros")
    theta = np.array([[3.0, -2.0, 5.0]])
    for number, layout in enumerate(MATRIX_LAYOUTS):
        how = VECTOR_LAYOUTS[number % len(VECTOR_LAYOUTS)]
        rows = [lay_matrix(x, dtype, layout), y, lay_vector(w, "u1", how)]
        at = at_once(rows, theta, Sums.HESSIAN, backend=backend)
        sse, G, _, H = exact(x, y, w, theta[0])
        assert at.sse[0] == sse, layout
        assert np.array_equal(at.gradient[0], G)
        assert np.array_equal(at.normal[0], H)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_table_is_read_column_by_column(backend):
    rng = np.random.default_rng(5)
    for n in (1, 130, MODEL_BLOCK + 5):
        table = lay_table(rng, n, Q)
        y = integers(rng, (n,), "i1").astype(float)
        check((table, y, None), np.array([[1.0, -2.0, 5.0]]), backend=backend)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("sums", list(Sums))
def test_one_result_for_backends_threads_and_chunks(weights, sums):
    rng = np.random.default_rng(3)
    theta = np.abs(rng.normal(size=(2, P))) + 0.1
    options = {"model": rounding_scalar()}
    for n in [1, 17, 129, *BLOCKS, 30_001]:
        x, y = rng.normal(size=(n, Q)), rng.normal(size=n)
        rows = [x, y, integer_rows(n, weights, n)[2] if weights else None]
        if weights:
            rows[2] *= 0.3
        node = whole(rows, theta, sums, n_threads=1, **options)
        for backend in ("cython", "numba"):
            assert np.array_equal(whole(rows, theta, sums, backend=backend, **options), node)
            chunks = cuts(rng, n)
            found = streamed(rows, chunks, theta, sums, backend=backend, **options)
            assert np.array_equal(found, node)
        for k in range(2):
            alone = at_once(rows, theta[k : k + 1], sums, **options)
            both = at_once(rows, theta, sums, n_threads=2, **options)
            assert np.array_equal(alone.sse[0], both.sse[k])
            assert np.array_equal(alone.gradient[0], both.gradient[k])
            assert sums < Sums.NORMAL or np.array_equal(alone.normal[0], both.normal[k])


def test_cython_is_as_near_to_numpy_as_sums_are():
    rng = np.random.default_rng(4)
    n, theta = 20_000, np.array([[2.0, 0.2, 0.7]])
    rows = [rng.normal(size=(n, Q)), rng.normal(size=n), rng.random(n)]
    for sums in Sums:
        a, b = (
            at_once(rows, theta, sums, backend=backend, model=rounding_scalar())
            for backend in ("cython", "numpy")
        )
        assert a.sse == pytest.approx(b.sse, rel=1e-14)
        # sums of 20,000 terms of both signs, each about 1
        assert a.gradient == pytest.approx(b.gradient, rel=1e-12, abs=1e-11)
        if sums >= Sums.NORMAL:
            assert a.normal == pytest.approx(b.normal, rel=1e-12, abs=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("sums", list(Sums))
def test_a_zero_weight_drops_its_row_whatever_it_holds(backend, sums):
    rng = np.random.default_rng(6)
    n, theta = 3 * 128 + 7, np.array([[2.0, 0.2, 0.7], [1.0, 0.3, 0.5]])
    x, y, w = rng.normal(size=(n, Q)), rng.normal(size=n), rng.integers(0, 3, n).astype(float)
    clean = at_once([x, y, w], theta, sums, backend=backend, model=rounding_scalar())
    for value in (np.nan, np.inf):
        x[w == 0], y[w == 0] = value, value
        found = at_once([x, y, w], theta, sums, backend=backend, model=rounding_scalar())
        for a, b in zip(found, clean, strict=True):
            assert np.array_equal(a, b)


@pytest.mark.parametrize("p", [1, 2, 3, 4, 5, 7, 8, 9, 13, 17])
def test_every_number_of_parameters(p):
    """f = Σ θⱼ j x, with curvature j + k: the tiles of the dots of every shape."""
    source = "def scalar(x, theta):\n    v, = x\n    return (%s, %s, %s)\n"
    f = " + ".join(f"theta[{j}] * {j} * v" for j in range(p))
    g = ", ".join(f"{j} * v" for j in range(p))
    h = ", ".join(f"{j + k}." for j in range(p) for k in range(j + 1))
    space: dict = {}
    exec(source % (f, g, h), space)
    model = FormulaScalar(1, p, lambda order, functions: space["scalar"])
    rng = np.random.default_rng(p)
    theta = rng.integers(-5, 5, (1, p)).astype(float)
    for n in (5, 128, 300):
        x, y, w = rng.integers(-5, 5, (3, n)).astype(float)
        w = np.abs(w)
        for weight in (None, w):
            at = at_once([x[:, None], y, weight], theta, Sums.HESSIAN, model=model)
            v = np.ones(n) if weight is None else weight
            r = x * (theta[0] @ np.arange(p)) - y
            J = x[:, None] * np.arange(p)
            assert at.sse[0] == np.sum(v * r * r)
            assert np.array_equal(at.gradient[0], (v * r) @ J)
            curved = (v * r).sum() * np.add.outer(np.arange(p), np.arange(p))
            assert np.array_equal(at.normal[0], (J * v[:, None]).T @ J + curved)
