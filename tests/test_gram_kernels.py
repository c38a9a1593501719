"""The kernels of Gram matrices and of residuals, in every build, against exact arithmetic."""

from __future__ import annotations

import importlib
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from storage import (
    DTYPES,
    MATRIX_LAYOUTS,
    VECTOR_LAYOUTS,
    lay_matrix,
    lay_table,
    lay_vector,
    small_integers,
)

from fastmse.fitting.double_double import DoubleDouble
from fastmse.kernels import compiled

ULP = Fraction(1, 2**100)

# Around a panel of 8 columns, its halves and the shapes of a product
WIDTHS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 61, 62, 63, 64, 65, 130]
# Around vectors, tiles of 128 rows and blocks of 512
ROWS = [1, 2, 3, 4, 5, 127, 128, 129, 130, 257, 511, 512, 513, 1030]
BLOCK = 512


def module(isa):
    return importlib.import_module(f"fastmse.kernels.compiled.{isa.replace('-', '_')}")


@pytest.fixture(params=compiled.supported())
def kernels(request):
    return module(request.param)


def integers(array):
    return array.astype(np.float64).astype(np.int64)


def gram(
    kernels, X, y, weight=None, *, scale=None, shift=None, double_double=False, n_threads=1,
    block=BLOCK, checked=True, about=None,
):  # fmt: skip
    """G as a DoubleDouble, and the number of rows done; a plain array `about` has no low parts."""
    k = X.shape[1] + (y.shape[1] if y.ndim == 2 else 1)
    scale = np.ones(k) if scale is None else scale
    shift = np.zeros(k) if shift is None else shift
    out = DoubleDouble.zeros(k + 1, k + 1)
    coefficients = (about.hi, about.lo) if isinstance(about, DoubleDouble) else (about,)
    done = kernels.gram(
        out.hi, out.lo, X, y, weight, scale, shift, block, double_double, checked, n_threads,
        *coefficients,
    )  # fmt: skip
    return out, done


def residuals(kernels, X, y, weight=None, *, scale=None, theta, n_threads=1):
    k = y.shape[1] if y.ndim == 2 else 1
    scale = np.ones(X.shape[1] + k) if scale is None else scale
    out = DoubleDouble.zeros(k)
    kernels.residual_sums(out.hi, out.lo, X, y, weight, scale, theta.hi, theta.lo, BLOCK, n_threads)
    return out


def exactly(a, index):
    return Fraction(float(a.hi[index])) + Fraction(float(a.lo[index]))


def of_integers(X, y, weight):
    """G of integers: no rounding anywhere."""
    Z = np.column_stack((np.ones(len(y)), integers(np.asarray(X)), integers(np.asarray(y))))
    w = np.ones(len(y)) if weight is None else integers(np.asarray(weight))
    return (Z * w[:, None]).T @ Z


# Integers: every rounding would show


@pytest.mark.parametrize("double_double", [False, True])
@pytest.mark.parametrize("d", WIDTHS)
def test_gram_of_integers_is_exact(kernels, d, double_double):
    rng = np.random.default_rng(d)
    for n, order in product(ROWS if d < 13 else ROWS[-5:], "CF"):
        X = rng.integers(-9, 9, (n, d)).astype(float, order=order)
        y, weight = rng.integers(-9, 9, n) * 1.0, rng.integers(1, 5, n) * 1.0
        for w in (None, weight):
            out, done = gram(kernels, X, y, w, double_double=double_double, n_threads=2)
            assert done == n
            np.testing.assert_array_equal(out.hi, of_integers(X, y, w), err_msg=f"{n=} {order=}")
            assert not out.lo.any()


@pytest.mark.parametrize("d", [0, 1, 3, 4, 9])
@pytest.mark.parametrize("n", [1, 3, 16, 129, 1030])
def test_residuals_of_integers_are_exact(kernels, d, n):
    rng = np.random.default_rng([d, n])
    X, y = rng.integers(-9, 9, (n, d)) * 1.0, rng.integers(-9, 9, (n, 2)) * 1.0
    theta, weight = DoubleDouble.of(rng.integers(-9, 9, (2, d + 1))), rng.integers(1, 5, n) * 1.0
    for w in (None, weight):
        sse = residuals(kernels, X, y, w, theta=theta, n_threads=2)
        r = y - theta.hi[:, 0] - X @ theta.hi[:, 1:].T
        expected = (r**2 * (1 if w is None else w[:, None])).sum(axis=0)
        np.testing.assert_array_equal(sse.hi, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", MATRIX_LAYOUTS)
def test_every_dtype_and_layout_is_read(dtype, layout):
    kernels = compiled.module()
    rng = np.random.default_rng(0)
    for n, d in product([1, 5, 300], [1, 3, 4, 7, 18]):
        values = small_integers(rng, (n, d), dtype)
        X = lay_matrix(values, dtype, layout)
        vector = VECTOR_LAYOUTS[(n + d) % len(VECTOR_LAYOUTS)]
        y = lay_vector(small_integers(rng, (n,), dtype), dtype, vector)
        w = lay_vector(rng.integers(1, 2 if dtype == "?" else 5, n), dtype, vector)
        for weight in (None, w):
            out, _ = gram(kernels, X, y, weight)
            np.testing.assert_array_equal(out.hi, of_integers(values, y, weight))
            theta = DoubleDouble.of(np.arange(d + 1.0)[None])
            sse = residuals(kernels, X, y, weight, theta=theta)
            r = integers(y) - integers(values) @ np.arange(1, d + 1)
            assert sse.hi[0] == (r**2 * (1 if weight is None else integers(weight))).sum()


@pytest.mark.parametrize("d", [1, 2, 4, 20])
def test_tables_and_several_targets_are_read(kernels, d):
    rng = np.random.default_rng(d)
    table = lay_table(rng, 1030, d)
    Y = np.asfortranarray(rng.integers(-9, 9, (1030, 3))).astype("i2")
    for y in (Y, Y[:, ::-1], np.ascontiguousarray(Y)):
        out, _ = gram(kernels, table, y, n_threads=2)
        np.testing.assert_array_equal(out.hi, of_integers(np.asarray(table), y, None))


# Real numbers


def real(rng, n, d):
    X = rng.standard_normal((n, d)) * 10.0 ** rng.integers(-3, 4, d)
    return X, rng.standard_normal(n), rng.uniform(0.1, 3, n)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shifted", [False, True])
def test_double_double_is_good_to_100_bits(kernels, shifted, weighted):
    rng = np.random.default_rng([shifted, weighted])
    X, y, weight = real(rng, 300, 3)
    w = weight if weighted else None
    scale = 2.0 ** rng.integers(-9, 9, 4)
    shift = np.append(X[0], y[0]) * scale if shifted else np.zeros(4)
    out, _ = gram(kernels, X, y, w, scale=scale, shift=shift, double_double=True, block=64)
    Z = [
        [Fraction(1)]
        + [Fraction(v * s) - Fraction(o) for v, s, o in zip(row, scale, shift, strict=True)]
        for row in np.column_stack((X, y))
    ]
    W = [Fraction(v) for v in (weight if weighted else np.ones(300))]
    for i, j in product(range(5), range(5)):
        terms = [c * z[i] * z[j] for c, z in zip(W, Z, strict=True)]
        assert abs(exactly(out, (i, j)) - sum(terms)) <= 2 * ULP * sum(map(abs, terms))


def hard_pairs(rng):
    """x and y (8,) whose products of rows l and l + 4 are hard to add with one rounding."""
    x, y = rng.standard_normal((2, 8)) * 2.0 ** rng.integers(-40, 40, (2, 8))
    kind, ulp = rng.integers(8), 2.0**-52
    if kind == 1:  # what cancels all but the last bits
        y[4:] = -x[:4] * y[:4] / x[4:]
    elif kind in (2, 3):  # half an ulp of the other, and a little more or less
        x[:4], y[:4] = rng.integers(2**52, 2**53, 4), rng.choice([-1.0, 1.0], 4)
        x[4:] = 0.5 * (1 + rng.integers(-2, 3, 4) * ulp)
        y[4:] = (1 + rng.integers(-2, 3, 4) * ulp) * (-1) ** kind
    elif kind == 4:  # far apart
        x[4:] *= 2.0 ** rng.integers(-120, 120, 4)
    elif kind == 5:  # near the ends of the exponents
        x, y = x * 2.0 ** rng.choice([-500, 470]), y * 2.0 ** rng.choice([-530, 440])
    elif kind == 6:  # zeros
        x[rng.integers(8)] = y[rng.integers(8)] = 0.0
    elif kind == 7:  # an exact tie by the product alone
        x[:4], y[:4] = 0.0, 1.0
        x[4:] = rng.integers(2**26, 2**27, 4) * 2.0 + 1
        y[4:] = rng.integers(2**26, 2**27, 4)
    return x, y


def test_products_are_added_with_one_rounding(kernels):
    """On a CPU that has no instruction for it, too."""
    rng = np.random.default_rng(11)
    for _ in range(400):
        x, y = hard_pairs(rng)
        out, _ = gram(kernels, x[:, None], y)
        first = [float(Fraction(a) * Fraction(b)) for a, b in zip(x[:4], y[:4], strict=True)]
        lanes = [
            float(Fraction(a) * Fraction(b) + Fraction(c))
            for a, b, c in zip(x[4:], y[4:], first, strict=True)
        ]
        assert out.hi[2, 1] == (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])


@pytest.mark.parametrize(("make", "most"), [
    ("standard_normal", 1),
    ("random", 1),
    ("equal", 9),  # every sum of a lane rounds the same way
])  # fmt: skip
def test_double_rounds_as_little_as_is_said(kernels, make, most):
    """In units of 2⁻⁵³ of √(Gⱼⱼ Gₖₖ), over a block."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        X = np.tile(rng.random(5), (4096, 1)) if make == "equal" else getattr(rng, make)((4096, 5))
        y = X[:, 0].copy()
        out, _ = gram(kernels, X, y, block=4096)
        exact, _ = gram(kernels, X, y, block=4096, double_double=True)
        length = np.sqrt(np.diag(exact.hi))
        error = np.abs((out.hi - exact.hi) + (out.lo - exact.lo)) / np.outer(length, length)
        assert error.max() < most * 2.0**-53


@pytest.mark.parametrize("n", [1, 15, 16, 17, 50])
@pytest.mark.parametrize("d", [0, 1, 3, 5])
def test_residuals_are_good_to_100_bits(kernels, d, n):
    rng = np.random.default_rng([d, n])
    X, y, weight = real(rng, n, d)
    hi = rng.standard_normal((1, d + 1))
    theta = DoubleDouble(hi, hi * 2.0**-54 * rng.uniform(-1, 1, hi.shape))
    scale = 2.0 ** rng.integers(-9, 9, d + 1)
    sse = residuals(kernels, X, y, weight, scale=scale, theta=theta)
    total = error = Fraction(0)
    for x, target, w in zip(X, y, weight, strict=True):
        terms = [-exactly(theta, (0, 0)), Fraction(scale[d] * target)]
        terms += [-exactly(theta, (0, j + 1)) * Fraction(scale[j] * x[j]) for j in range(d)]
        total += Fraction(w) * sum(terms) ** 2
        error += Fraction(w) * sum(map(abs, terms)) ** 2
    assert abs(exactly(sse, 0) - total) <= 8 * ULP * error


@pytest.mark.parametrize("d", [3, 10, 70])
@pytest.mark.parametrize("double_double", [False, True])
def test_the_same_bits_in_every_build_layout_and_number_of_threads(d, double_double):
    rng = np.random.default_rng(d)
    X, y, weight = real(rng, 3001, d)
    scale, shift = 2.0 ** rng.integers(-9, 9, d + 1), rng.standard_normal(d + 1)
    hi = rng.standard_normal((1, d + 1))
    theta = DoubleDouble(hi, hi * 2.0**-54)
    for w in (None, weight):
        found = set()
        for isa, n_threads, order in product(compiled.supported(), (1, 2, 5), "CF"):
            laid = np.array(X, order=order)
            out, _ = gram(
                module(isa), laid, y, w, scale=scale, shift=shift, double_double=double_double,
                n_threads=n_threads,
            )  # fmt: skip
            sse = residuals(module(isa), laid, y, w, scale=scale, theta=theta, n_threads=n_threads)
            bits = [out.hi, out.lo, sse.hi, sse.lo]
            for about in (theta[0], theta.hi[0]):
                left, _ = gram(
                    module(isa), laid, y, w, scale=scale, shift=shift, about=about,
                    n_threads=n_threads,
                )  # fmt: skip
                bits += [left.hi, left.lo]
            found.add(b"".join(a.tobytes() for a in bits))
        assert len(found) == 1


# About a fit


@pytest.mark.parametrize("d", [0, 1, 3, 4, 9, 66])
@pytest.mark.parametrize("n", [1, 3, 16, 129, 1030])
def test_gram_about_a_fit_of_integers_is_exact(kernels, d, n):
    rng = np.random.default_rng([d, n])
    X, y = rng.integers(-9, 9, (n, d)) * 1.0, rng.integers(-9, 9, n) * 1.0
    about, shift = DoubleDouble.of(rng.integers(-9, 9, d + 1)), rng.integers(-9, 9, d + 1) * 1.0
    r = y - about.hi[0] - X @ about.hi[1:]
    of_shifted = about.hi.copy()
    of_shifted[0] += shift[:-1] @ about.hi[1:] - shift[-1]
    for w in (None, rng.integers(1, 5, n) * 1.0):
        for coefficients in (about, of_shifted):
            out, done = gram(kernels, X, y, w, shift=shift, about=coefficients, n_threads=2)
            assert done == n
            np.testing.assert_array_equal(out.hi, of_integers(X - shift[:-1], r, w))
            assert not out.lo.any()


@pytest.mark.parametrize("weighted", [False, True])
def test_the_squares_about_a_fit_are_those_of_the_residual_kernel(kernels, weighted):
    X, y, weight = real(np.random.default_rng(5), 1030, 6)
    about = DoubleDouble(*np.random.default_rng(6).standard_normal((2, 7)) * [[1.0], [2.0**-54]])
    w = weight if weighted else None
    out, _ = gram(kernels, X, y, w, about=about)
    sse = residuals(kernels, X, y, w, theta=about[None])
    assert (out.hi[-1, -1], out.lo[-1, -1]) == (sse.hi[0], sse.lo[0])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [1, 5, 129, 1030])
def test_the_squares_about_a_fit_in_float64_are_exact(kernels, n, weighted):
    """Residuals are integers here, all alike: float64 would round each sum the same way."""
    X, y, weight = np.zeros((n, 3)), np.full(n, 134217727.0), np.full(n, 3.0)
    w = weight if weighted else None
    k = X.shape[1] + 1
    out = DoubleDouble.zeros(k + 1, k + 1)
    kernels.gram(
        out.hi, out.lo, X, y, w, np.ones(k), np.zeros(k), BLOCK, False, True, 2, np.ones(k)
    )
    assert exactly(out, (-1, -1)) == n * 134217726**2 * (3 if weighted else 1)


# What is not finite


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("row", "done"), [(0, 0), (511, 0), (512, 512), (1029, 1024)])
def test_it_ends_before_a_block_that_is_not_finite(kernels, bad, row, done):
    X, y = np.ones((1030, 4)), np.ones(1030)
    X[row, 2] = bad
    for double_double in (False, True):
        out, found = gram(kernels, X, y, double_double=double_double, n_threads=2)
        assert found == done
        np.testing.assert_array_equal(out.hi, np.full((6, 6), float(done)))
    assert gram(kernels, X, y, checked=False)[1] == 1030
