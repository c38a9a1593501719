"""pytest-benchmark: each work a group; ours, plain NumPy and NumPy in place its rows."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.cases import Case, linear, nonlinear, predictions
from benchmarks.measure import evaluated
from benchmarks.parameters import BACKENDS, COMPILED, THREADS, VALUES
from benchmarks.peers import title
from benchmarks.rivals import NumPy, NumPyInPlace, Rival
from benchmarks.rivals.rival import Answer, Call
from benchmarks.works import Work
from fastmse import backends

RIVALS: dict[str, type[Rival]] = {rival.name: rival for rival in (NumPy, NumPyInPlace)}
OURS = [f"{backend}, {n} threads" for backend in COMPILED for n in THREADS]
FEATURES = [8, 50, 200, 2000]
CASES = [*predictions(), *linear("C", FEATURES), *linear("F", FEATURES), *nonlinear()]


def name_of(case: Case) -> str:
    return title({"group": case.group, "name": case.name})


@pytest.fixture(scope="module", params=CASES, ids=name_of)
def named_work(request: pytest.FixtureRequest) -> tuple[str, Work]:
    return name_of(request.param), request.param.make(VALUES[-1])


@pytest.mark.parametrize("name", [*RIVALS, *OURS])
def test_speed(benchmark: BenchmarkFixture, named_work: tuple[str, Work], name: str) -> None:
    benchmark.group, work = named_work
    call = call_of(work, name)
    call()  # Numba compiles here
    benchmark(call)


@pytest.mark.parametrize("backend", BACKENDS)
def test_rivals_agree(named_work: tuple[str, Work], backend: str) -> None:
    """A benchmark of two different computations compares nothing."""
    skip_missing(backend)
    _, work = named_work
    agree(evaluated(work, backend, 2), work.of_rival(NumPy(2))())
    agree(work.of_rival(NumPyInPlace(2))(), work.of_rival(NumPy(2))())


def agree(one: Answer, other: Answer) -> None:
    assert one.mse == pytest.approx(other.mse, rel=1e-12)
    assert (one.grad is None) == (other.grad is None)
    if one.grad is not None:
        np.testing.assert_allclose(one.grad, other.grad, rtol=1e-9, atol=1e-12)


def call_of(work: Work, name: str) -> Call:
    if name in RIVALS:
        return work.of_rival(RIVALS[name](1))
    backend, threads = name.removesuffix(" threads").split(", ")
    skip_missing(backend)
    return partial(evaluated, work, backend, int(threads))


def skip_missing(backend: str) -> None:
    if reason := backends.missing().get(backend):
        pytest.skip(f"{backend}: {reason}")
