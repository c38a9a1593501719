"""pytest-benchmark: each work a group; ours, plain NumPy and NumPy in place its rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.parameters import BACKENDS, THREADS, VALUES
from benchmarks.works import Work, table_works
from fastmse import backends

RIVALS = ["numpy", "numpy in place"]
RIVALS += [f"{backend}, {n} threads" for backend in BACKENDS[:2] for n in THREADS]


@pytest.fixture(scope="module", params=table_works())
def named_work(request: pytest.FixtureRequest) -> tuple[str, Work]:
    return request.param, table_works()[request.param](VALUES[-1])


@pytest.mark.parametrize("rival", RIVALS)
def test_speed(benchmark: BenchmarkFixture, named_work: tuple[str, Work], rival: str) -> None:
    benchmark.group, work = named_work
    call = call_of(work, rival)
    call()  # Numba compiles here
    benchmark(call)


@pytest.mark.parametrize("backend", BACKENDS)
def test_rivals_agree(named_work: tuple[str, Work], backend: str) -> None:
    """A benchmark of two different computations compares nothing."""
    skip_missing(backend)
    _, work = named_work
    mse, grad = work.numpy()
    assert work.numpy_in_place() == pytest.approx(mse, rel=1e-12)
    evaluation = work.ours(backend, 2)
    assert evaluation.mse == pytest.approx(mse, rel=1e-12)
    if grad is not None:
        np.testing.assert_allclose(evaluation.grad, grad, rtol=1e-9, atol=1e-12)


def call_of(work: Work, rival: str) -> Callable[[], object]:
    if rival == "numpy":
        return work.numpy
    if rival == "numpy in place":
        return work.numpy_in_place
    backend, threads = rival.removesuffix(" threads").split(", ")
    skip_missing(backend)
    return partial(work.ours, backend, int(threads))


def skip_missing(backend: str) -> None:
    if reason := backends.missing().get(backend):
        pytest.skip(f"{backend}: {reason}")
