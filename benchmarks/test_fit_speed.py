"""pytest-benchmark: nonlinear fits, ours and scipy's, of one curve and of many."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import nonlinear_fits, peaks, spots
from benchmarks.parameters import THREADS, VALUES

OURS = [f"fastmse, {n} threads" for n in THREADS]
NAMES = ["curve_fit", *OURS]
SPOTS = 2000


@pytest.mark.parametrize("name", NAMES)
def test_fit(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark.group = "fit of a peak"
    x, y = peaks.data(min(VALUES[-1], nonlinear_fits.POINTS))
    call = {"curve_fit": partial(peaks.curve_fit, x, y)} | {
        ours: partial(peaks.model().fit, x, y, peaks.START, n_threads=n)
        for ours, n in zip(OURS, THREADS, strict=True)
    }
    run(benchmark, call[name])


@pytest.mark.parametrize("name", NAMES)
def test_fit_many(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark.group = "fits of spots"
    curves = spots.data(min(VALUES[-1] // spots.SIDE**2, SPOTS))
    call = {"curve_fit": partial(spots.curve_fit, curves)} | {
        ours: partial(spots.model().fit_many, *curves, n_threads=n)
        for ours, n in zip(OURS, THREADS, strict=True)
    }
    run(benchmark, call[name])


def run(benchmark: BenchmarkFixture, call: Callable[[], object]) -> None:
    call()  # Numba compiles here
    benchmark(call)


def test_both_fit_the_same() -> None:
    """A benchmark of two different computations compares nothing."""
    x, y = peaks.data(1000)
    ours = peaks.model().fit(x, y, peaks.START)
    assert ours.converged
    assert nonlinear_fits.digits(ours.theta, peaks.curve_fit(x, y)) > 6
    curves = spots.data(20)
    found = spots.model().fit_many(*curves)
    assert found.converged.all()
    np.testing.assert_allclose(found.theta, spots.curve_fit(curves), rtol=1e-4, atol=1e-3)
