"""MSE of predictions: compiled kernel, NumPy reference and exact integers agree."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import NamedTuple

import exact
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from storage import DTYPES, FLOATS, VECTOR_LAYOUTS, dtype_of, lay_vector, small, small_integers

import fastmse as fm

# Around the lanes (16), the runs (128) and the block (4096) of the grid.
SIZES = [1, 2, 15, 16, 17, 31, 33, 97, 127, 128, 129, 4095, 4096, 4097, 12_289]
WEIGHTS = ["none", "positive", "with zeros"]

# SSE: 4 ulp is the contract. A reference sum by NumPy's pairwise order may be 8 ulp off.
SSE_ULP = 4
REFERENCE_ULP = 8


def weights(rng: np.random.Generator, n: int, kind: str) -> np.ndarray | None:
    if kind == "none":
        return None
    w = rng.integers(0 if kind == "with zeros" else 1, 4, n)
    w[0] = 1
    return w


class Problem(NamedTuple):
    """y, f and the weights as integers, the sum of the weights and the exact SSE."""

    y: np.ndarray
    f: np.ndarray
    w: np.ndarray | None
    total: int
    sse: Fraction


@cache
def problem(n: int, values: tuple[int, int], kind: str, seed: int) -> Problem:
    rng = np.random.default_rng(seed)
    y, f = (rng.integers(*values, n) for _ in range(2))
    w = weights(rng, n, kind)
    return Problem(y, f, w, n if w is None else int(w.sum()), exact.sse(f - y, w))


@pytest.mark.parametrize("layout", VECTOR_LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sse_is_exact_to_4_ulp_in_every_dtype_and_layout(dtype: str, layout: str) -> None:
    for n in SIZES:
        for kind in WEIGHTS:
            seed = n + len(kind)
            y, f, w, total, sse = problem(n, small(dtype), kind, seed)
            truth, pred = lay_vector(y, dtype, layout), lay_vector(f, dtype, layout)
            e = fm.evaluate(truth, pred, sample_weight=w)
            at = f"{dtype=} {layout=} {n=} weights={kind} {seed=}"
            assert exact.ulps(e.sse, sse) <= SSE_ULP, at
            assert exact.ulps(e.mse, sse / total) <= SSE_ULP + 1, at
            assert e.weight_sum == total, at
            assert e.n == (n if w is None else np.count_nonzero(w)), at
            check_gradient(e.grad, (f - y) * (1 if w is None else w), total, pred, at)


def check_gradient(
    grad: np.ndarray | None, c: np.ndarray, total: int, pred: np.ndarray, at: str
) -> None:
    """2 c / W has one rounded factor and one rounded product, then the dtype's own rounding."""
    assert grad is not None
    floating = pred.dtype.kind in "fV"
    assert grad.dtype == (pred.dtype if floating else np.float64), at
    assert grad.shape == pred.shape, at
    scaled = (2.0 / total * c).astype(grad.dtype)
    assert np.array_equal(grad, scaled), at


@pytest.mark.parametrize("backend", ["numpy", "cython"])
@pytest.mark.parametrize("kind", WEIGHTS)
def test_real_residuals_against_fractions(backend: str, kind: str) -> None:
    rng = np.random.default_rng(7)
    for n in (1, 17, 300, 4097, 9000):
        y = rng.normal(size=n) * np.exp(rng.normal(size=n) * 4)
        f = y + rng.normal(size=n)
        w = weights(rng, n, kind)
        e = fm.evaluate(y, f, sample_weight=w, backend=backend)
        steps = zip(y, f, np.ones(n, int) if w is None else w, strict=True)
        expected = sum(int(c) * (Fraction(b) - Fraction(a)) ** 2 for a, b, c in steps)
        assert exact.ulps(e.sse, Fraction(expected)) <= (
            REFERENCE_ULP if backend == "numpy" else SSE_ULP
        ), (backend, n, kind)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-8, 7.3, 2.0**-40 + 2.0**-80])
@pytest.mark.parametrize("n", [4096, 5000, 100_003])
def test_equal_residuals_whose_roundings_all_point_one_way(value: float, n: int) -> None:
    y, f = np.zeros(n), np.full(n, value)
    expected = n * Fraction(value) ** 2
    assert exact.ulps(fm.mse(y, f) * n, expected) <= SSE_ULP + 1
    assert exact.ulps(fm.evaluate(y, f).sse, expected) <= SSE_ULP


def test_float32_ones_beyond_its_counter() -> None:
    """2^24 + 3 ones: float32 sums of them stop at 2^24."""
    n = 2**24 + 3
    assert fm.evaluate(np.zeros(n, "f4"), np.ones(n, "f4"), grad=False).sse == n


def test_rows_beyond_32_bits() -> None:
    n = 2**31 + 5
    # float32 is read fastest: 2 s of CPU time, of int8 6.
    y, f = np.broadcast_to(np.float32(0), n), np.broadcast_to(np.float32(1), n)
    e = fm.evaluate(y, f, grad=False)
    assert (e.n, e.sse, e.mse) == (n, float(n), 1.0)


def test_unsigned_and_wide_integers_do_not_wrap() -> None:
    assert fm.mse(np.array([3], "u1"), np.array([5], "u1")) == 4
    assert fm.mse(np.array([5], "u1"), np.array([3], "u1")) == 4
    assert fm.mse(np.array([2**53], "i8"), np.array([0], "i8")) == 2.0**106
    assert fm.mse(np.array([2**64 - 1], "u8"), np.array([0], "u8")) == 2.0**128
    # Above 2^53 an integer is rounded to float64 first.
    assert fm.mse(np.array([2**53 + 1], "i8"), np.array([2**53], "i8")) == 0
    assert fm.mse(np.array([60000], "f2"), np.array([-60000], "f2")) > 1e9


@pytest.mark.parametrize("dtype", FLOATS)
def test_gradient_into_the_predictions_themselves(dtype: str) -> None:
    rng = np.random.default_rng(3)
    y = small_integers(rng, (10_000,), dtype).astype(dtype_of(dtype))
    f = small_integers(rng, (10_000,), dtype).astype(dtype_of(dtype))
    fresh = fm.evaluate(y, f)
    inplace = f.copy()
    e = fm.evaluate(y, inplace, out=inplace)
    assert e.grad is inplace
    assert e.sse == fresh.sse
    assert inplace.tobytes() == fresh.grad.tobytes()


@pytest.mark.parametrize("out_dtype", FLOATS)
@pytest.mark.parametrize("layout", ["contiguous", "strided", "reversed", "misaligned"])
def test_out_of_any_floating_dtype_and_layout(out_dtype: str, layout: str) -> None:
    rng = np.random.default_rng(5)
    y, f = rng.normal(size=(2, 5000))
    out = lay_vector(np.zeros(5000), out_dtype, layout)
    fm.evaluate(y, f, out=out)
    assert np.array_equal(out, (2.0 / 5000 * (f - y)).astype(out.dtype))


def test_arrays_of_more_dimensions() -> None:
    rng = np.random.default_rng(11)
    y, f = rng.normal(size=(2, 30, 40, 50))
    flat = fm.evaluate(y.ravel(), f.ravel())
    fortran = fm.evaluate(np.asfortranarray(y), np.asfortranarray(f))
    assert fortran.grad.flags.f_contiguous
    mixed = fm.evaluate(np.asfortranarray(y), f)
    cut = fm.evaluate(np.pad(y, 1)[1:-1, 1:-1, 1:-1], f, out=np.zeros((30, 40, 100))[:, :, ::2])
    for e in (mixed, cut):
        assert e.sse == flat.sse
        assert np.array_equal(e.grad, flat.grad.reshape(y.shape))
    # The elements are the same, their order is not: 1 ulp a side of the exact value.
    assert abs(fortran.sse - flat.sse) <= SSE_ULP * np.spacing(flat.sse)
    assert np.array_equal(fortran.grad, flat.grad.reshape(y.shape))


@pytest.mark.parametrize("backend", ["numpy", "cython", "numba"])
def test_weights_that_no_single_stride_describes(backend: str) -> None:
    rng = np.random.default_rng(12)
    y, f, w = (np.pad(rng.random((10, 11, 12)), 1)[1:-1, 1:-1, 1:-1] for _ in range(3))
    flat = fm.evaluate(y.ravel(), f.ravel(), sample_weight=w.ravel(), backend=backend)
    for out in (None, np.zeros((10, 11, 24))[:, :, ::2]):
        e = fm.evaluate(y, f, sample_weight=w, out=out, backend=backend)
        assert (e.sse, e.weight_sum) == (flat.sse, flat.weight_sum)
        assert np.array_equal(e.grad, flat.grad.reshape(y.shape))
    w[0, 0, 1] = -1
    with pytest.raises(ValueError, match=r"sample_weight: got -1\.0 in row 1"):
        fm.evaluate(y, f, sample_weight=w, backend=backend)


def test_scalars_are_arrays_of_one_element() -> None:
    assert fm.mse(np.float64(3), np.float64(5)) == 4
    assert fm.mse(3, 5) == 4


@pytest.mark.parametrize("backend", ["numpy", "cython", "numba"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_propagate(backend: str, bad: float) -> None:
    y, f = np.zeros(5000), np.ones(5000)
    y[4500] = bad
    e = fm.evaluate(y, f, backend=backend)
    if np.isnan(bad):
        assert np.isnan(e.sse)
        assert np.isnan(e.grad[4500])
    else:
        assert e.sse == np.inf
        assert e.grad[4500] == -bad
    assert np.isfinite(np.delete(e.grad, 4500)).all()
    infinite = fm.evaluate(np.full(9000, 1e200), np.zeros(9000), backend=backend)
    assert infinite.sse == np.inf


@pytest.mark.parametrize("backend", ["numpy", "cython", "numba"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_zero_weight_drops_its_row_whatever_it_holds(backend: str, bad: float) -> None:
    y, f, w = np.zeros(9000), np.ones(9000), np.ones(9000)
    y[[3, 5000]], f[7], w[[3, 7, 5000]] = bad, bad, 0
    e = fm.evaluate(y, f, sample_weight=w, backend=backend)
    assert (e.n, e.weight_sum, e.sse, e.mse) == (8997, 8997.0, 8997.0, 1.0)
    assert np.array_equal(e.grad[[3, 7, 5000]], np.zeros(3))


@given(
    st.lists(
        st.tuples(*[st.floats(-1e6, 1e6)] * 2, st.integers(0, 3)), min_size=1, max_size=60
    ).filter(lambda rows: any(w for *_, w in rows))
)
def test_weights_equal_repeated_rows(rows: list[tuple[float, float, int]]) -> None:
    y, f, w = (np.array(column) for column in zip(*rows, strict=True))
    weighted = fm.evaluate(y, f, sample_weight=w)
    repeated = fm.evaluate(np.repeat(y, w), np.repeat(f, w))
    assert weighted.weight_sum == repeated.weight_sum
    # Both are within 4 ulp of the same exact sum.
    assert abs(weighted.sse - repeated.sse) <= 2 * SSE_ULP * np.spacing(repeated.sse)


@given(st.lists(st.floats(-1e150, 1e150), min_size=1, max_size=300), st.integers(0, 2**32 - 1))
def test_any_floats_against_fractions(values: list[float], seed: int) -> None:
    y = np.array(values)
    f = np.random.default_rng(seed).permutation(y)
    expected = sum((Fraction(b) - Fraction(a)) ** 2 for a, b in zip(y, f, strict=True))
    # Squares below 2^-1022 lose bits to underflow, 2^-1074 each.
    slack = SSE_ULP * np.spacing(float(expected)) + len(values) * 2.0**-1074
    assert abs(Fraction(fm.evaluate(y, f).sse) - expected) <= Fraction(slack)


def test_inputs_are_left_as_they_were() -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=5000) for _ in range(2)] + [np.ones(5000)]
    copies = [a.copy() for a in arrays]
    fm.evaluate(arrays[0], arrays[1], sample_weight=arrays[2])
    assert all(np.array_equal(a, b) for a, b in zip(arrays, copies, strict=True))
