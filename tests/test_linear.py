"""The linear model: compiled kernel, NumPy reference and exact integers agree."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import NamedTuple

import exact
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from storage import DTYPES, MATRIX_LAYOUTS, dtype_of, lay_matrix, small

import fastmse as fm

# d: none, those summed in registers (to 3), in one slab of columns (to 8) and more; of rows, odd
# and even tails of the 8 lanes. n: around the groups (4), tiles (64), runs (128) and both blocks.
FEATURES = [0, 1, 3, 4, 8, 17, 40]
SIZES = [1, 2, 5, 17, 63, 64, 65, 127, 129, 257, 1023, 1025, 2049]
LARGE = [(4095, 3), (4096, 5), (4097, 2), (1025, 57), (300, 300), (260, 512), (70, 1100), (9, 2500)]
WEIGHTS = ["none", "with zeros"]

# SSE: 4 ulp. Gradient: 8 eps of 2/W sum |w r x|. Both are the contract. The oracle's residuals
# are exact, and so are the kernel's: at most 7 + 18 bits and a few carries.
SSE_ULP = 4
GRADIENT_EPS = 8
SCALE = 2.0**-exact.THETA_BITS


class Problem(NamedTuple):
    """theta and y are to be scaled by 2^-18; SSE, the gradient and its spread are theirs then."""

    X: np.ndarray
    theta: np.ndarray
    y: np.ndarray
    w: np.ndarray | None
    total: int
    sse: Fraction
    gradient: np.ndarray
    spread: np.ndarray


@cache
def problem(
    n: int, d: int, values: tuple[int, int], kind: str, intercept: bool, seed: int
) -> Problem:
    """Integers, and what is exact of them."""
    rng = np.random.default_rng(seed)
    X = rng.integers(*values, (n, d))
    theta = exact.random_theta(rng, d + intercept)
    y = rng.integers(-(2**22), 2**22, n)
    w = None if kind == "none" else rng.integers(0, 4, n)
    if w is not None:
        w[0] = 1
    design = np.column_stack([np.ones(n, np.int64), X]) if intercept else X
    r = design @ theta - y
    c = r if w is None else w * r
    total = n if w is None else int(w.sum())
    # Integers below 2^50.
    gradient, spread = (a * SCALE * 2 / total for a in (c @ design, abs(c) @ abs(design)))
    return Problem(X, theta, y, w, total, exact.sse(r, w, exact.THETA_BITS), gradient, spread)


def check(given: Problem, laid: np.ndarray, intercept: bool, backend: str, at: object) -> None:
    """One evaluation against integers."""
    e = evaluate(given, laid, intercept, backend)
    assert exact.ulps(e.sse, given.sse) <= SSE_ULP, at
    assert e.weight_sum == given.total, at
    assert e.grad.shape == given.gradient.shape, at
    assert (np.abs(e.grad - given.gradient) <= GRADIENT_EPS * exact.EPS * given.spread).all(), at


def evaluate(given: Problem, laid: np.ndarray, intercept: bool, backend: str) -> fm.Evaluation:
    model, y, theta = fm.Linear(intercept=intercept), given.y * SCALE, given.theta * SCALE
    return model.evaluate(laid, y, theta, sample_weight=given.w, backend=backend)


@pytest.mark.parametrize("layout", MATRIX_LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_layout(dtype: str, layout: str) -> None:
    for d in FEATURES:
        for n in SIZES:
            for kind in WEIGHTS:
                seed = 1000 * n + d
                intercept = bool((n + d) % 2) or d == 0
                given = problem(n, d, small(dtype), kind, intercept, seed)
                at = f"{dtype=} {layout=} {n=} {d=} weights={kind} {intercept=} {seed=}"
                check(given, lay_matrix(given.X, dtype, layout), intercept, "cython", at)


@pytest.mark.parametrize(("n", "d"), LARGE)
@pytest.mark.parametrize("layout", ["C", "F", "C reversed"])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i2", "bfloat16"])
def test_long_blocks_and_wide_rows(n: int, d: int, layout: str, dtype: str) -> None:
    for kind in WEIGHTS:
        given = problem(n, d, small(dtype), kind, True, n + d)
        check(given, lay_matrix(given.X, dtype, layout), True, "cython", (n, d, layout, dtype))


@pytest.mark.parametrize(
    ("n", "d", "dtype", "layout", "kind", "intercept"),
    [
        (1, 0, "f8", "C", "none", True),
        (2, 3, "f4", "F", "with zeros", False),
        (17, 16, "f2", "C reversed", "none", True),
        (63, 17, "bfloat16", "C readonly", "with zeros", True),
        (65, 40, "i1", "F misaligned", "none", False),
        (129, 1, "u8", "C rows strided", "with zeros", True),
        (1023, 17, "f8", "F", "with zeros", True),
        (1025, 40, "f8", "C", "none", True),
        (1025, 40, "?", "F columns strided", "with zeros", False),
        (4097, 2, ">f4", "C", "none", True),
        (4097, 16, ">i8", "C columns strided", "with zeros", True),
        (300, 300, "f8", "F reversed", "with zeros", True),
    ],
)
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_other_backends_by_pairs(n, d, dtype, layout, kind, intercept, backend) -> None:
    given = problem(n, d, small(dtype), kind, intercept, n + d)
    laid = lay_matrix(given.X, dtype, layout)
    if backend == "numba":
        check(given, laid, intercept, backend, "numba")
    a, b = (evaluate(given, laid, intercept, name) for name in ("cython", backend))
    if backend == "numba":
        assert (a.sse, a.grad.tobytes()) == (b.sse, b.grad.tobytes())
    # NumPy's own sums: n eps of the sum of magnitudes at the very worst.
    spread = np.abs(b.grad).max(initial=1) + np.sqrt(b.mse) * 200
    assert abs(a.sse - b.sse) <= n * exact.EPS * b.sse
    assert (np.abs(a.grad - b.grad) <= n * exact.EPS * spread).all()


@pytest.mark.parametrize("backend", ["numpy", "cython", "numba"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("d", [3, 20, 300])
def test_rows_of_many_thetas_have_the_bits_of_each_alone(backend, order, d) -> None:
    rng = np.random.default_rng(d)
    X = np.asarray(rng.normal(size=(1500, d)), order=order)
    y, thetas = rng.normal(size=1500), rng.normal(size=(4, d + 1))
    model = fm.Linear(intercept=True)
    together = model.evaluate(X, y, thetas, backend=backend)
    assert together.sse.shape == together.mse.shape == together.loglik.shape == (4,)
    assert together.grad.shape == (4, d + 1)
    for k, theta in enumerate(thetas):
        alone = model.evaluate(X, y, theta, backend=backend)
        if backend != "numpy":
            assert together.sse[k] == alone.sse
            assert np.array_equal(together.grad[k], alone.grad)
        assert np.isclose(together.loglik[k], alone.loglik, rtol=1e-13)


@pytest.mark.parametrize("backend", ["cython", "numba"])
def test_more_thetas_than_share_a_pass(backend) -> None:
    rng = np.random.default_rng(2)
    X, y, thetas = rng.normal(size=(300, 5)), rng.normal(size=300), rng.normal(size=(130, 5))
    w = rng.integers(0, 3, 300)
    together = fm.Linear().evaluate(X, y, thetas, sample_weight=w, backend=backend)
    assert (together.sse.shape, together.grad.shape) == ((130,), (130, 5))
    assert not together.grad.flags.writeable
    for k in (0, 63, 64, 65, 128, 129):
        alone = fm.Linear().evaluate(X, y, thetas[k], sample_weight=w, backend=backend)
        assert (together.sse[k], together.n) == (alone.sse, alone.n)
        assert np.array_equal(together.grad[k], alone.grad)
    value = fm.Linear().evaluate(X, y, thetas, sample_weight=w, grad=False, backend=backend)
    assert value.grad is None
    assert np.array_equal(value.sse, together.sse)


def test_without_the_gradient_the_rest_is_the_same() -> None:
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(5000, 30)), rng.normal(size=5000)
    theta = rng.normal(size=30)
    full = fm.Linear().evaluate(X, y, theta)
    value = fm.Linear().evaluate(X, y, theta, grad=False)
    assert value.grad is None
    assert value.sse == full.sse


@pytest.mark.parametrize("d", [2, 30])
def test_gradient_against_differences(d: int) -> None:
    rng = np.random.default_rng(d)
    X, y, theta = rng.normal(size=(400, d)), rng.normal(size=400), rng.normal(size=d + 1)
    objective = fm.Linear(intercept=True).objective(X, y)
    # MSE is a parabola: the error of a difference is its step times the curvature, 1e-7.
    numeric = approx_fprime(theta, lambda t: objective(t)[0], 1e-7)
    assert np.allclose(objective(theta)[1], numeric, atol=1e-5)


def test_objective_feeds_scipy() -> None:
    rng = np.random.default_rng(2)
    X, truth = rng.normal(size=(2000, 5)), np.arange(1.0, 7.0)
    y = truth[0] + X @ truth[1:]
    result = minimize(fm.Linear(intercept=True).objective(X, y), np.zeros(6), jac=True)
    # The data are noise-free: BFGS stops at gradients of 1e-5.
    assert np.allclose(result.x, truth, atol=1e-4)


@pytest.mark.parametrize("backend", ["numpy", "cython", "numba"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("d", [4, 25])
def test_a_zero_weight_drops_its_row_whatever_it_holds(backend, order, d) -> None:
    rng = np.random.default_rng(0)
    X, y = np.array(rng.normal(size=(3000, d)), order=order), rng.normal(size=3000)
    theta, w = rng.normal(size=d), np.ones(3000)
    clean = fm.Linear().evaluate(X, y, theta, sample_weight=np.where(np.arange(3000) % 7, 1, 0))
    w[::7] = 0
    X[::7], y[::14] = np.nan, np.inf
    dirty = fm.Linear().evaluate(X, y, theta, sample_weight=w, backend=backend)
    if backend == "numpy":
        assert np.allclose(dirty.grad, clean.grad, rtol=1e-12)
    else:
        assert (dirty.sse, dirty.grad.tobytes()) == (clean.sse, clean.grad.tobytes())
    assert dirty.n == np.count_nonzero(w)


@pytest.mark.parametrize("backend", ["numpy", "cython", "numba"])
@pytest.mark.parametrize("d", [4, 25])
def test_nan_propagates_to_what_it_touches(backend: str, d: int) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2000, d)), rng.normal(size=2000)
    y[1999] = np.nan
    e = fm.Linear().evaluate(X, y, np.zeros(d), backend=backend)
    assert np.isnan(e.sse)
    assert np.isnan(e.grad).all()


@given(st.integers(1, 80), st.integers(1, 20), st.integers(0, 2**32 - 1), st.booleans())
def test_weights_equal_repeated_rows(n: int, d: int, seed: int, intercept: bool) -> None:
    rng = np.random.default_rng(seed)
    X, y, theta = rng.normal(size=(n, d)), rng.normal(size=n), rng.normal(size=d + intercept)
    w = rng.integers(0, 4, n)
    w[rng.integers(n)] = 1
    model = fm.Linear(intercept=intercept)
    weighted = model.evaluate(X, y, theta, sample_weight=w)
    repeated = model.evaluate(np.repeat(X, w, axis=0), np.repeat(y, w), theta)
    assert weighted.weight_sum == repeated.weight_sum == repeated.n
    assert abs(weighted.sse - repeated.sse) <= 2 * SSE_ULP * np.spacing(repeated.sse)
    x = np.column_stack([np.ones(n), X]) if intercept else X
    spread = 2 / w.sum() * np.abs(w * (x @ theta - y)) @ np.abs(x)
    # 8 eps a side, and each residual may be an ulp of its largest term off: d of them.
    assert (np.abs(weighted.grad - repeated.grad) <= 16 * exact.EPS * spread).all()


def test_rows_beyond_32_bits() -> None:
    n = 2**31 + 5
    # float32 is read fastest: 3 s of CPU time, of int8 6.
    X, y = np.broadcast_to(np.float32(2), (n, 1)), np.broadcast_to(np.float32(1), n)
    e = fm.Linear().evaluate(X, y, [1.0])
    assert (e.n, e.sse, e.grad[0]) == (n, float(n), 4.0)


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "bfloat16", "i1", "i8", "u8", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_equal_values_give_equal_bits_in_any_dtype(dtype: str, order: str) -> None:
    rng = np.random.default_rng(4)
    for d in (3, 30):
        X = rng.integers(0, 100, (3000, d)) if "u" in dtype else rng.integers(-60, 60, (3000, d))
        y, theta = rng.normal(size=3000), rng.normal(size=d)
        as_float = fm.Linear().evaluate(np.array(X, float, order=order), y, theta)
        narrow = fm.Linear().evaluate(np.array(X, dtype_of(dtype), order=order), y, theta)
        assert (narrow.sse, narrow.grad.tobytes()) == (as_float.sse, as_float.grad.tobytes())


@pytest.mark.parametrize("backend", ["numpy", "cython", "numba"])
def test_inputs_are_left_as_they_were(backend: str) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(3000, 20)), rng.normal(size=3000), rng.integers(0, 2, 3000) * 1.0]
    copies = [a.copy() for a in arrays]
    X, y, w = arrays
    fm.Linear().evaluate(X, y, np.ones(20), sample_weight=w, backend=backend)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, copies, strict=True))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("n", "d"), [(4097, 3), (4000, 17), (3000, 50), (1300, 300)])
@pytest.mark.parametrize("kind", ["random", "equal rows"])
def test_gradient_where_products_and_sums_round(kind: str, n: int, d: int, order: str) -> None:
    """30 bits of x and 43 of r: each product rounds; in equal rows all roundings point one way."""
    rng = np.random.default_rng(n)
    X = rng.integers(-(2**30), 2**30, (1 if kind == "equal rows" else n, d))
    theta = rng.integers(-(2**5), 2**5, d)
    y = rng.integers(-(2**42), 2**42, len(X))
    r = X @ theta - y
    X, y, r = (np.repeat(a, n // len(a), axis=0) for a in (X, y, r))
    e = fm.Linear().evaluate(np.array(X, float, order=order), y, theta)
    assert exact.ulps(e.sse, exact.sse(r, None)) <= SSE_ULP
    for j in range(0, d, 1 + d // 20):
        terms = [int(a) * int(b) for a, b in zip(r, X[:, j], strict=True)]
        error = abs(Fraction(e.grad[j]) - Fraction(2 * sum(terms), n))
        assert error <= GRADIENT_EPS * Fraction(exact.EPS) * Fraction(2 * sum(map(abs, terms)), n)


def test_no_parameter_at_all_is_refused() -> None:
    X, y = np.empty((5, 0)), np.ones(5)
    for call in (lambda: fm.Linear().evaluate(X, y, []), lambda: fm.Linear().fit(X, y)):
        with pytest.raises(ValueError, match="X: got no columns, without an intercept"):
            call()


def test_gradients_of_models_are_frozen() -> None:
    e = fm.Linear().evaluate(np.ones((3, 2)), np.ones(3), [1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        e.grad[0] = 0
