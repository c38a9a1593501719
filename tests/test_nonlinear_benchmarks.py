"""The benchmarks of nonlinear models measure what they say, and notice who is wrong."""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("suite")


@pytest.fixture
def tiny() -> Any:
    from benchmarks.options import Options

    return Options(mib=0.005, rounds=1, quick=True)


def test_the_oracle_of_the_peak_is_that_of_its_formula() -> None:
    """Derivatives by differences of 60 digits, in the oracle by hand."""
    from benchmarks import exact_peak, peaks

    x, y = peaks.data(3)
    found = exact_peak.of_peak(x, y, peaks.START)
    with mpmath.workdps(60):
        theta = [mpmath.mpf(value) for value in peaks.START.tolist()]

        def mse(*theta: Any) -> Any:
            b1, b2, b3, b4, b5 = theta
            rows = zip(x.tolist(), y.tolist(), strict=True)
            r = [b1 * mpmath.exp(-(((a - b2) / b3) ** 2)) + b4 + b5 * a - b for a, b in rows]
            return mpmath.fsum(r, squared=True) / 3

        right = exact_peak.fraction(mse(*theta))
        assert abs(found.mse - right) < right * Fraction(10) ** -36
        for j, (high, low) in enumerate(zip(*found.grad, strict=True)):
            slope = mpmath.diff(mse, theta, tuple(int(k == j) for k in range(5)))
            assert abs(slope - high - low) < found.sizes[j] * 1e-28
            assert abs(slope) <= found.sizes[j]


def test_the_sizes_of_the_oracle_are_those_of_the_terms() -> None:
    from benchmarks import exact_peak, peaks

    x, y = peaks.data(50)
    r = peaks.curve(x, *peaks.START) - y
    terms = 2 / 50 * abs(r[:, None] * peaks.jacobian(x, *peaks.START)).sum(axis=0)
    np.testing.assert_allclose(exact_peak.of_peak(x, y, peaks.START).sizes, terms, rtol=1e-12)


@pytest.mark.parametrize("name", ["peaks", "spots"])
def test_scipy_gets_the_derivatives_of_the_model(name: str) -> None:
    from benchmarks import peaks, spots

    curve, jacobian, X, theta = {
        "peaks": (peaks.curve, peaks.jacobian, peaks.data(40)[0], peaks.START),
        "spots": (spots.spot, spots.jacobian, spots.data(1).X, spots.TRUTH),
    }[name]
    for j, column in enumerate(jacobian(X, *theta).T):
        step = np.zeros(5)
        step[j] = 1e-5 * max(theta[j], 1)
        slope = (curve(X, *theta + step) - curve(X, *theta - step)) / (2 * step[j])
        np.testing.assert_allclose(column, slope, rtol=1e-7, atol=1e-7 * abs(slope).max())


def test_the_formulas_are_the_curves() -> None:
    from benchmarks import peaks, spots

    x, y = peaks.data(40)
    at = peaks.model().evaluate(x, y, peaks.START, grad=False, backend="numpy")
    assert at.mse == pytest.approx(((peaks.curve(x, *peaks.START) - y) ** 2).mean(), rel=1e-13)
    curves = spots.data(2)
    for row, theta, sse in zip(
        curves.Y, curves.start, spots.sse(curves, curves.start), strict=True
    ):
        at = spots.model().evaluate(curves.X, row, theta, grad=False, backend="numpy")
        assert at.sse == pytest.approx(sse, rel=1e-13)


def test_starts_are_as_far_off_as_gpufits() -> None:
    from benchmarks import spots

    curves = spots.data(1000)
    off = abs(curves.start - spots.TRUTH).max(axis=0)
    np.testing.assert_allclose(off, [100, 0.2, 0.2, 0.2, 2], rtol=0.02)
    noise = (curves.Y - spots.spot(curves.X, *spots.TRUTH)).std()
    assert noise == pytest.approx(spots.NOISE, rel=0.02)


def test_digits_in_common_are_counted() -> None:
    from benchmarks.nonlinear_fits import digits

    assert digits(np.array([1.0, 200.0]), np.array([1.0, 200.002])) == pytest.approx(5)
    assert digits(np.ones(2), np.ones(2)) == 16


def test_a_fit_that_is_not_the_lowest_has_failed() -> None:
    from benchmarks import many_fits, spots

    curves = spots.data(4)
    best = spots.curve_fit(curves)
    worse = best.copy()
    worse[1] *= 1.01
    worse[2] = np.nan
    assert many_fits.failures(curves, best, best) == (0, 0)
    assert many_fits.failures(curves, worse, best) == (2, 0)
    assert many_fits.failures(curves, best, worse) == (0, 2)
    best[2] = np.nan
    assert many_fits.failures(curves, worse, best) == (2, 1)


@pytest.mark.parametrize("group", ["nonlinear", "nonlinear fit", "fit_many"])
def test_a_record_holds_every_figure_of_its_section(group: str, tiny: Any) -> None:
    from benchmarks import details, many_fits, nonlinear_fits
    from benchmarks.cases import Case, nonlinear
    from benchmarks.measure import measured
    from benchmarks.ratios import ratio
    from benchmarks.targets import targets_of

    (case,) = nonlinear()
    in_short = Case(case.group, case.name, case.make, ("NumPy", "NumPy in place"))
    found = {
        "nonlinear": lambda: measured(in_short, 2, tiny),
        "nonlinear fit": lambda: nonlinear_fits.measured(2, tiny),
        "fit_many": lambda: many_fits.measured(2, tiny),
    }[group]()
    (section,) = (section for section in details.SECTIONS if section.group == group)
    absent = [figure for figure in section.figures if ratio(found, figure) is None]
    assert set(absent) <= {"times lmfit", details.NUMBA}
    assert targets_of(found)
    assert all(target.reached(found) is not None for target in targets_of(found))
    if group == "nonlinear fit":
        assert found["digits"] > 6
    if group == "fit_many":
        assert found["failures"] <= found["their failures"]
    if group == "nonlinear":
        assert found["errors"]["ours"]["mse"] < 8


def test_the_first_fit_is_that_of_a_new_process() -> None:
    from benchmarks import first_fits

    found = first_fits.measured("peak, 5 parameters", quick=True)["seconds"]
    assert 0 < found["again"] < found["ours"] < 60
    assert found["again"] < found["anew"] < found["ours"]


def test_a_first_fit_that_fails_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import first_fits

    answer = {"converged": False, "seconds": {"ours": 1.0}}
    monkeypatch.setattr(first_fits, "first", lambda question: answer)
    with pytest.raises(RuntimeError, match="did not converge"):
        first_fits.measured("peak, 5 parameters", quick=True)


def test_failures_are_judged_against_theirs() -> None:
    from benchmarks.targets import targets_of

    head = {"group": "fit_many", "name": "spots", "threads": 2}
    (target,) = (t for t in targets_of(head) if t.key == "fit-many-failures")
    assert target.reached({**head, "failures": 3, "their failures": 3})
    assert not target.reached({**head, "failures": 4, "their failures": 3})


def test_without_sympy_all_is_left_out(monkeypatch: pytest.MonkeyPatch, tiny: Any) -> None:
    from benchmarks import first_fits, many_fits, memory, nonlinear_fits
    from benchmarks.cases import nonlinear
    from benchmarks.measure import measured

    monkeypatch.setitem(sys.modules, "sympy", None)
    (case,) = nonlinear()
    for record in (
        measured(case, 1, tiny),
        nonlinear_fits.measured(1, tiny),
        many_fits.measured(1, tiny),
        first_fits.measured("peak, 5 parameters", quick=True),
        *(memory.measured(problem, 600, 1, "cython") for problem in memory.nonlinear()),
    ):
        assert record["skipped"] == "sympy is not installed"
