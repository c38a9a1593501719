"""Nonlinear models through the public door: values, derivatives, inputs, errors."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import mpmath
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.optimize import minimize

import fastmse as fm
from fastmse import formulas
from fastmse.models import passes

BACKENDS = ["numpy", "cython", "numba"]
EPS = 2.0**-52

PEAK = fm.Expression("a*exp(-((x - b)/c)**2) + d + k*x", ["a", "b", "c", "d", "k"])
PLANE = fm.Expression("b1*u/(b2 + v) + b1*b2", ["b1", "b2"], ["v", "u"])
THETA = np.array([2.0, 0.3, 0.8, 0.1, 0.2])


def peak_rows(n=300, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, n)
    return x, 2 * np.exp(-x * x) + rng.normal(size=n), rng.integers(0, 3, n).astype(float)


def mp_peak(x, theta):
    """f and its first derivatives with 50 digits."""
    a, b, c, d, k = theta
    z = (x - b) / c
    e = mpmath.exp(-z * z)
    slope = 2 * a * e * z / c
    return a * e + d + k * x, [e, slope, slope * z, mpmath.mpf(1), x]


def oracle(x, y, w, theta):
    """SSE, 2/W Σ w r g, 2/W Σ |w r g| and N by mpmath."""
    with mpmath.workdps(50):
        t = [mpmath.mpf(float(v)) for v in theta]
        sse, W = mpmath.mpf(0), mpmath.mpf(float(np.sum(w)))
        grad, size, N = mpmath.zeros(5, 1), mpmath.zeros(5, 1), mpmath.zeros(5)
        for xi, yi, wi in zip(x, y, w, strict=True):
            f, g = mp_peak(mpmath.mpf(float(xi)), t)
            r = f - mpmath.mpf(float(yi))
            sse += float(wi) * r * r
            for j in range(5):
                grad[j] += float(wi) * r * g[j]
                size[j] += abs(float(wi) * r * g[j])
                for k in range(5):
                    N[j, k] += float(wi) * g[j] * g[k]
        scaled = [np.array([float(2 * v / W) for v in vector]) for vector in (grad, size)]
        return SimpleNamespace(
            sse=float(sse), grad=scaled[0], size=scaled[1], normal=np.array(N.tolist(), float)
        )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_peak_against_mpmath(backend, weighted):
    x, y, w = peak_rows()
    exact = oracle(x, y, w if weighted else np.ones(len(x)), THETA)
    options = {"sample_weight": w if weighted else None, "backend": backend}
    e = PEAK.normal(x, y, THETA, **options)
    # f and its derivatives are a dozen roundings, of numbers as large as they are
    assert abs(e.sse - exact.sse) <= 32 * EPS * exact.sse
    assert (abs(e.grad - exact.grad) <= 32 * EPS * exact.size).all()
    bound = np.sqrt(np.outer(*[exact.normal.diagonal()] * 2))
    assert (abs(e.normal - exact.normal) <= 32 * EPS * bound).all()
    plain = PEAK.evaluate(x, y, THETA, **options)
    assert (plain.sse, plain.n, plain.weight_sum) == (e.sse, e.n, e.weight_sum)
    assert np.array_equal(plain.grad, e.grad)
    value = PEAK.evaluate(x, y, THETA, grad=False, **options)
    assert value.grad is None
    assert value.normal is None
    assert value.sse == pytest.approx(e.sse, rel=8 * EPS)


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_are_repeated_rows(backend):
    x, y, w = peak_rows()
    times = w.astype(int)
    weighted = PEAK.normal(x, y, THETA, sample_weight=w, backend=backend)
    repeated = PEAK.normal(np.repeat(x, times), np.repeat(y, times), THETA, backend=backend)
    assert weighted.weight_sum == repeated.n
    assert weighted.n == np.count_nonzero(w)
    assert weighted.sse == pytest.approx(repeated.sse, rel=1e-14)
    assert weighted.grad == pytest.approx(repeated.grad, abs=1e-14)
    assert weighted.normal == pytest.approx(repeated.normal, rel=1e-13, abs=1e-12)
    assert weighted.loglik == pytest.approx(repeated.loglik, rel=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_of_many_thetas_has_its_own_bits(backend, monkeypatch):
    monkeypatch.setattr(passes, "THETAS_AT_ONCE", 4)
    x, y, w = peak_rows()
    thetas = THETA * np.linspace(0.5, 1.5, 6)[:, None]
    many = PEAK.normal(x, y, thetas, sample_weight=w, backend=backend)
    assert many.sse.shape == (6,)
    assert many.grad.shape == (6, 5)
    assert many.normal.shape == (6, 5, 5)
    for k, theta in enumerate(thetas):
        one = PEAK.normal(x, y, theta, sample_weight=w, backend=backend)
        assert many.sse[k] == one.sse
        assert np.array_equal(many.grad[k], one.grad)
        assert np.array_equal(many.normal[k], one.normal)


def test_threads_do_not_change_a_bit():
    x, y, _ = peak_rows(100_000)
    for backend in ("cython", "numba"):
        one, two = (
            PEAK.normal(x, y, THETA, n_threads=n, backend=backend, sample_weight=np.abs(y))
            for n in (1, 2)
        )
        assert one.sse == two.sse
        assert np.array_equal(one.grad, two.grad)
        assert np.array_equal(one.normal, two.normal)


def test_the_sse_is_that_of_the_predictions():
    x, y, w = peak_rows(10_000)
    f = PEAK.predict(x, THETA)
    e = PEAK.evaluate(x, y, THETA, sample_weight=w, grad=False)
    assert e.sse == fm.evaluate(y, f, sample_weight=w).sse


@pytest.mark.parametrize("backend", BACKENDS)
def test_variables_come_in_many_forms(backend, tmp_path):
    rng = np.random.default_rng(1)
    u, v = rng.random((2, 500))
    y, theta = rng.normal(size=500), [1.5, 0.5]
    X = np.column_stack([v, u])
    expected = PLANE.evaluate(X, y, theta, backend=backend)
    stored = np.memmap(tmp_path / "X", float, "w+", shape=X.shape)
    stored[:] = X
    more = {"text": np.array(["a"] * 500), "u": u, "none": [None] * 500, "v": v}
    np.savez(tmp_path / "X.npz", u=u, v=v, objects=np.array(["cannot be read", {}], object))
    archive = np.load(tmp_path / "X.npz")
    forms = {
        "dict": {"u": u, "v": v, "more": "ignored"},
        "npz": archive,
        "lists": {"u": u.tolist(), "v": v.tolist()},
        "pandas": pd.DataFrame(more),
        "polars": pl.DataFrame({name: pl.Series(column) for name, column in more.items()}),
        "pyarrow": pa.table({name: pa.array(column) for name, column in more.items()}),
        "series": {"u": pl.Series(u), "v": pd.Series(v)},
        "memmap": stored,
        "F": np.asfortranarray(X),
        "rows": X.tolist(),
        "swapped": X.astype(">f8"),
    }
    for name, form in forms.items():
        found = PLANE.evaluate(form, y, theta, backend=backend)
        assert found.sse == expected.sse, name
        assert np.array_equal(found.grad, expected.grad), name
    archive.close()
    by_name = PLANE.evaluate(X, y, {"b2": 0.5, "b1": 1.5}, backend=backend)
    assert by_name.sse == expected.sse


def test_chunks_of_a_table_are_read_in_place_or_copied():
    x, y, _ = peak_rows(10_000)
    pieces = pa.table({"x": pa.chunked_array([x[:3000], x[3000:]]), "y": y})
    expected = PEAK.evaluate(x, y, THETA)
    assert PEAK.evaluate(pieces, pieces["y"], THETA).sse == expected.sse
    assert np.array_equal(PEAK.predict(pieces, THETA), PEAK.predict(x, THETA))


def test_inputs_are_not_modified():
    x, y, w = peak_rows()
    theta = THETA.copy()
    before = [a.copy() for a in (x, y, w, theta)]
    for a in (x, y, w, theta):
        a.flags.writeable = False
    for backend in BACKENDS:
        e = PEAK.normal(x, y, theta, sample_weight=w, backend=backend)
        assert not e.grad.flags.writeable
        assert not e.normal.flags.writeable
    PEAK.objective(x, y).hessian(theta)
    assert all(np.array_equal(a, b) for a, b in zip((x, y, w, theta), before, strict=True))


def test_nan_and_infinity_propagate():
    x, y, _ = peak_rows()
    for backend in BACKENDS:
        for where in (x, y):
            kept, where[7] = where[7], np.nan
            e = PEAK.normal(x, y, THETA, backend=backend)
            where[7] = kept
            assert np.isnan(e.sse)
            assert np.isnan(e.grad).all()
        at_zero = fm.Expression("a/x", ["a"]) if backend == "cython" else None
        if at_zero:
            assert at_zero.evaluate([0.0, 1.0], [0.0, 1.0], [1.0]).sse == np.inf


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_objective_is_what_evaluate_gives(backend):
    x, y, w = peak_rows()
    objective = PEAK.objective(x, y, sample_weight=w, backend=backend)
    e = PEAK.normal(x, y, THETA, sample_weight=w, backend=backend)
    mse, grad = objective(THETA)
    assert mse == e.mse
    assert isinstance(mse, float)
    assert np.array_equal(grad, e.grad)
    at = objective.normal(THETA)
    assert at.sse == e.sse
    assert at.gradient * 2 / at.weighting.weight_sum == pytest.approx(e.grad, rel=2 * EPS)
    assert np.array_equal(at.normal, e.normal)
    hessian = objective.hessian(THETA)
    assert np.array_equal(hessian.gradient, at.gradient)
    assert hessian.normal == pytest.approx(differences(objective, THETA), rel=1e-7, abs=1e-6)


def differences(objective, theta):
    """The Hessian of SSE/2 by differences of the fourth order; 1e-3 loses 1e-12 to each error."""
    columns = []
    for j in range(len(theta)):
        step = np.zeros(len(theta))
        step[j] = 1e-3
        g = [objective.normal(theta + k * step).gradient for k in (-2, -1, 1, 2)]
        columns.append((g[0] - 8 * g[1] + 8 * g[2] - g[3]) / 0.012)
    return np.array(columns)


def test_scipy_minimises_it():
    x, y, _ = peak_rows()
    found = minimize(PEAK.objective(x, y), THETA, jac=True, method="BFGS")
    assert abs(PEAK.evaluate(x, y, found.x).grad).max() < 1e-5


def test_predictions_and_jacobian():
    x, _, _ = peak_rows(5000)
    z = (x - 0.3) / 0.8
    f = 2 * np.exp(-z * z) + 0.1 + 0.2 * x
    assert PEAK.predict(x, THETA) == pytest.approx(f, rel=1e-14)
    mean, X = PEAK._mean(x)
    values, J = mean.jacobian(X, THETA)
    assert np.array_equal(values, mean.at(X, THETA))
    e = np.exp(-z * z)
    expected = np.array([e, 5 * e * z, 5 * e * z * z, np.ones(5000), x]).T
    assert pytest.approx(expected, rel=1e-13, abs=1e-15) == J
    assert pickle.loads(pickle.dumps(mean)).at(X[:3], THETA) == pytest.approx(f[:3])
    with pytest.raises(ValueError, match=r"theta: got shape \(2, 5\); want \(5,\)"):
        PEAK.predict(x, [THETA, THETA])


def test_an_expression_pickles_and_shows_itself():
    again = pickle.loads(pickle.dumps(PLANE))
    assert (again.text, again.parameters, again.variables) == (
        PLANE.text,
        ("b1", "b2"),
        ("v", "u"),
    )
    assert repr(again) == "Expression('b1*u/(b2 + v) + b1*b2', ('b1', 'b2'), ('v', 'u'))"


def test_equal_formulas_share_what_is_compiled():
    again = fm.Expression(PLANE.text, PLANE.parameters, PLANE.variables)
    assert again._scalar(2, False).address(1) == PLANE._scalar(2, False).address(1)
    other = fm.Expression(PLANE.text, PLANE.parameters)
    assert other._scalar(2, False) is not PLANE._scalar(2, False)


TABLE = pd.DataFrame({"w": [1.0, 2.0], "t": [1.0, 2.0]})

REFUSED = {
    "no rows": (([], [], [1, 1]), r"X: got shape \(0,\); want \(n, 2\) for the variables v, u"),
    "one column": (([1.0, 2.0], [1, 2], [1, 1]), r"X: got shape \(2,\); want \(n, 2\)"),
    "three": ((np.ones((2, 3)), [1, 2], [1, 1]), r"X: got shape \(2, 3\); want \(n, 2\)"),
    "empty": ((np.ones((0, 2)), [], [1, 1]), "X: got no rows"),
    "y longer": ((np.ones((2, 2)), [1, 2, 3], [1, 1]), "y: got 3 rows; want 2, as X has"),
    "y a column": ((np.ones((2, 2)), [[1], [2]], [1, 1]), r"y: got shape \(2, 1\)"),
    "theta": ((np.ones((2, 2)), [1, 2], [1]), r"theta: got shape \(1,\); want \(2,\) or \(K, 2\)"),
    "no theta": ((np.ones((2, 2)), [1, 2], np.ones((0, 2))), "theta: got shape"),
    "names": ((np.ones((2, 2)), [1, 2], {"b1": 1, "b3": 2}), "theta: got names b1, b3; want b1"),
    "dict": (({"u": [1, 2]}, [1, 2], [1, 1]), "X: got a dict without 'v'"),
    "ragged": (({"u": [1, 2], "v": [1]}, [1, 2], [1, 1]), r"X\['u'\]: got 2 rows; want 1"),
    "table": ((TABLE, [1, 2], [1, 1]), "X: got columns 'w', 't'; want one named 'v'"),
    "weights": ((np.ones((2, 2)), [1, 2], [1, 1], [1, -1]), "sample_weight: got -1.0 in row 1"),
    "zeros": ((np.ones((2, 2)), [1, 2], [1, 1], [0, 0]), "sample_weight: got only zeros"),
    "w longer": ((np.ones((2, 2)), [1, 2], [1, 1], [1]), "sample_weight: got 1 rows; want 2"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("method", ["evaluate", "normal"])
def test_what_is_wrong_is_named(name, method):
    (X, y, theta, *w), message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        getattr(PLANE, method)(X, y, theta, sample_weight=w[0] if w else None)


def test_types_and_options_are_refused():
    X, y = np.ones((2, 2)), [1.0, 2.0]
    with pytest.raises(TypeError, match="X: got dtype complex128"):
        PLANE.evaluate(X + 0j, y, [1, 1])
    with pytest.raises(TypeError, match="X: column 'u': got text"):
        PLANE.evaluate(pl.DataFrame({"u": ["a", "b"], "v": [1, 2]}), y, [1, 1])
    with pytest.raises(ValueError, match="X: column 'u': got 1 missing value"):
        PLANE.evaluate(pl.DataFrame({"u": [1, None], "v": [1, 2]}), y, [1, 1])
    with pytest.raises(ValueError, match="backend: got 'fortran'"):
        PLANE.evaluate(X, y, [1, 1], backend="fortran")
    with pytest.raises(ValueError, match="n_threads: got 0"):
        PLANE.evaluate(X, y, [1, 1], n_threads=0)
    with pytest.raises(formulas.FormulaError):
        fm.Expression("a*system(x)", ["a"])


def test_sine_and_cosine_of_far_numbers():
    """In vectors they are NaN beyond 2^22; a condition on that would go unseen."""
    x, theta = np.array([0.1, 1e5, 1e7, -1e12, 3e300, 5.0] * 40), [1.5, 1.25, 0.75]
    for text in ("a*sin(b*x) + cos(c*x)", "where(sin(b*x) > 0, a*x*0 + a, c)"):
        model = fm.Expression(text, ["a", "b", "c"])
        with mpmath.workdps(400):
            exact = [mp_wave(text, float(v), theta) for v in x[:6]]
        assert model.predict(x, theta)[:6] == pytest.approx(exact, rel=1e-15)
        assert model.predict(x, theta)[-6:] == pytest.approx(exact, rel=1e-15)
        e = model.evaluate(x, np.zeros(240), theta, grad=False)
        assert e.sse == pytest.approx(40 * np.sum(np.square(exact)), rel=1e-14)


def mp_wave(text, x, theta):
    a, b, c = theta
    sine = mpmath.sin(mpmath.mpf(b * x))
    if "where" in text:
        return a if sine > 0 else c
    return float(a * sine + mpmath.cos(mpmath.mpf(c * x)))
