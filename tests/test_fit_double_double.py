"""Double-double arithmetic against exact fractions: NumPy's, and the kernels of every build."""

from __future__ import annotations

import importlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmse.fitting.double_double import DoubleDouble
from fastmse.fitting.sweep import sweep
from fastmse.kernels import compiled

ULP = Fraction(1, 2**100)

numbers = st.floats(-1e100, 1e100).filter(lambda x: x == 0 or abs(x) > 1e-100)
pairs = st.tuples(numbers, st.floats(-1, 1)).map(
    lambda p: (p[0] + p[0] * 2.0**-53 * p[1], p[0] * 2.0**-54 * p[1])
)


@pytest.fixture(params=compiled.supported())
def kernels(request):
    return importlib.import_module(f"fastmse.kernels.compiled.{request.param.replace('-', '_')}")


def double_double(pair):
    return DoubleDouble(np.array(pair[0]), np.array(pair[1]))


def exactly(a, index=()):
    return Fraction(float(a.hi[index])) + Fraction(float(a.lo[index]))


@given(pairs, pairs)
def test_sum_and_product_are_good_to_106_bits(p, q):
    a, b = double_double(p), double_double(q)
    x, y = exactly(a), exactly(b)
    assert abs(exactly(a + b) - (x + y)) <= ULP * (abs(x) + abs(y))
    assert abs(exactly(a - b) - (x - y)) <= ULP * (abs(x) + abs(y))
    assert abs(exactly(a * b) - x * y) <= ULP * abs(x * y)


@given(pairs, pairs.filter(lambda p: p[0] != 0))
def test_quotient(p, q):
    """The kernel's: a sweep divides a column by its diagonal element."""
    a, b = double_double(p), double_double(q)
    exact, matrix = exactly(a) / exactly(b), DoubleDouble.zeros(2, 2)
    matrix[0, 0], matrix[1, 0], matrix[0, 1] = b, a, a
    sweep(matrix, 0, 1)
    assert abs(exactly(matrix, (1, 0)) - exact) <= 2 * ULP * abs(exact)


@given(numbers, numbers)
def test_sum_and_product_of_doubles_are_exact(x, y):
    a, b = np.array(x), np.array(y)
    assert exactly(DoubleDouble.sum_of(a, b)) == Fraction(x) + Fraction(y)
    assert exactly(DoubleDouble.product_of(a, b)) == Fraction(x) * Fraction(y)


def random(rng, *shape):
    hi = rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 4, shape)
    return DoubleDouble(hi, hi * 2.0**-54 * rng.uniform(-1, 1, shape))


@pytest.mark.parametrize("n", [0, 1, 7, 8, 33])
def test_update_kernel_is_good_to_100_bits(kernels, n):
    rng = np.random.default_rng(n)
    out, u, v = random(rng, 3, n), random(rng, 3), random(rng, n)
    before = out.copy()
    kernels.update_double_double(out.hi, out.lo, u.hi, u.lo, v.hi, v.lo)
    for i in range(3):
        for j in range(n):
            x, product = exactly(before, (i, j)), exactly(u, i) * exactly(v, j)
            assert abs(exactly(out, (i, j)) - x - product) <= 2 * ULP * (abs(x) + abs(product))


def test_every_build_gives_the_bits_of_the_first():
    rng = np.random.default_rng(1)
    z = random(rng, 7, 1000)
    results = set()
    for isa in compiled.supported():
        kernels = importlib.import_module(f"fastmse.kernels.compiled.{isa.replace('-', '_')}")
        out = DoubleDouble.zeros(7, 7)
        kernels.update_double_double(
            out.hi, out.lo, *(np.ascontiguousarray(z.hi[:, k]) for k in (0, 1, 2, 3))
        )
        results.add(out.hi.tobytes() + out.lo.tobytes())
    assert len(results) == 1


def test_sweeping_every_column_inverts():
    rng = np.random.default_rng(2)
    Z = rng.integers(-9, 9, (20, 4)).astype(float)
    a = DoubleDouble.of(Z.T @ Z)
    for k in range(4):
        sweep(a, k, 1)
    G = [[Fraction(int(v)) for v in row] for row in Z.T @ Z]
    identity = [
        [sum(G[i][k] * exactly(-a, (k, j)) for k in range(4)) for j in range(4)] for i in range(4)
    ]
    for i in range(4):
        for j in range(4):
            assert abs(identity[i][j] - int(i == j)) < 1e-27


def gram_matrix(rng, n, m):
    Z = rng.integers(-9, 9, (n, m)).astype(float)
    return DoubleDouble.of(Z.T @ Z)


def test_sweeping_has_the_same_bits_in_every_build_and_number_of_threads():
    before, tolerance = gram_matrix(np.random.default_rng(3), 60, 41), np.full(41, 1e-9)
    before.lo[:] = before.hi * 2.0**-60
    columns, results = np.arange(1, 40), set()
    for isa in compiled.supported():
        kernels = importlib.import_module(f"fastmse.kernels.compiled.{isa.replace('-', '_')}")
        for n_threads in (1, 2, 3):
            a, swept = before.copy(), np.zeros(39, np.uint8)
            kernels.sweep_double_double(a.hi, a.lo, columns, tolerance, swept, n_threads)
            assert swept.all()
            np.testing.assert_array_equal(a.hi, a.hi.T)
            np.testing.assert_array_equal(a.lo, a.lo.T)
            results.add(a.hi.tobytes() + a.lo.tobytes())
    assert len(results) == 1


def test_a_column_of_which_nothing_is_left_is_not_swept(kernels):
    Z = np.random.default_rng(4).integers(-9, 9, (20, 5)).astype(float)
    Z[:, 2] = Z[:, 0] - 3 * Z[:, 1]
    a, swept = DoubleDouble.of(Z.T @ Z), np.zeros(4, np.uint8)
    kernels.sweep_double_double(a.hi, a.lo, np.arange(4), np.full(5, 1e-9), swept, 1)
    assert swept.tolist() == [1, 1, 0, 1]
    np.testing.assert_allclose(a.hi[:2, 2], [1, -3], rtol=1e-15)
    theta = np.linalg.lstsq(Z[:, [0, 1, 3]], Z[:, 4], rcond=None)[0]
    # LAPACK's own error, κ₂ being below 10
    np.testing.assert_allclose(a.hi[[0, 1, 3], 4], theta, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("p", [0, 1, 2, 9, 40])
def test_elimination_solves(kernels, p):
    rng = np.random.default_rng(p)
    Z = rng.standard_normal((2 * p + 1, p))
    G, x = Z.T @ Z, rng.standard_normal(p)
    a = np.column_stack((G, G @ x))
    for begin in range(0, p, 7):
        kernels.eliminate(a, begin, min(begin + 7, p))
    upper = np.triu(a[:, :p])
    # p eps κ(G), κ being 10³ at most
    np.testing.assert_allclose(np.linalg.solve(upper, a[:, p]), x, rtol=1e-11, atol=1e-11)
