"""An evaluation takes less than 8 MB + O(threads K d) beyond its arrays, a fit 16 MB + O(d^2),
whatever their storage.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

VALUES = 10_000_000  # 80 MB as float64: what a copy would take
DTYPES = ["float64", "float32", "float16", "bfloat16", "int8"]
LAYOUTS = ["C", "F", "C rows strided", "C reversed", "separate columns"]
VALUE, GRADIENT = "predictions, value", "predictions, gradient into out"

LINEAR = [{"layout": layout, "dtype": dtype} for layout in LAYOUTS for dtype in DTYPES]
WIDTHS = [
    {"layout": layout, "dtype": dtype, "d": d, "K": 4}
    for layout in "CF"
    for dtype in ("float64", "float32")
    for d in (2, 300, 5000)
]
TABLES = [{"layout": "table", "dtype": dtype} for dtype in ("float64", "float32", "int8")]
TABLES += [{"layout": "table in chunks", "dtype": dtype} for dtype in ("float64", "int8")]
PREDICTIONS = [
    {"work": work, "layout": layout, "weighted": weighted}
    for work in (VALUE, GRADIENT)
    for layout in ("contiguous", "strided", "table in chunks")
    for weighted in (False, True)
]
NUMBA = [
    {"layout": "C", "dtype": "float16", "backend": "numba"},
    {"layout": "F", "backend": "numba"},
    {"work": GRADIENT, "layout": "contiguous", "backend": "numba"},
]
CASES = [
    *LINEAR,
    *({**case, "K": 4, "weighted": True} for case in LINEAR),
    *WIDTHS,
    *({"layout": layout, "K": 100} for layout in "CF"),
    *TABLES,
    *PREDICTIONS,
    *NUMBA,
]
MANY = [
    {"layout": layout, "dtype": dtype}
    for layout in "CF"
    for dtype in ("float32", "float16", "int8")
]

pytestmark = [
    pytest.mark.usefixtures("suite"),
    pytest.mark.skipif(
        not Path("/proc/self/clear_refs").exists(),
        reason="only Linux tells a process its peak memory and resets it",
    ),
]


def megabytes(case: dict[str, Any], values: int = VALUES, backend: str = "cython") -> float:
    """The peak beyond what threads, thetas and features are granted, on two threads."""
    from benchmarks import memory, ratios

    record = memory.measured(memory.problem(**case), values, 2, backend)
    if "skipped" in record:
        pytest.skip(record["skipped"])
    return ratios.megabytes(record)


def name_of(case: dict[str, Any]) -> str:
    return ", ".join(map(str, case.values()))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_peak_of_an_evaluation(case: dict[str, Any]) -> None:
    assert megabytes(case) < 8


@pytest.mark.slow
@pytest.mark.parametrize("case", MANY, ids=name_of)
def test_the_peak_of_many_values(case: dict[str, Any]) -> None:
    assert megabytes(case, 200_000_000) < 8


@pytest.mark.slow
@pytest.mark.parametrize("work", [VALUE, GRADIENT])
def test_the_peak_of_predictions_without_a_flat_view(work: str) -> None:
    assert megabytes({"work": work, "layout": "3-D"}) < 8


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["C", "F", "table in chunks"])
@pytest.mark.parametrize("work", ["gram", "gram2", "cg", "robust", "SufficientStatistics"])
def test_the_peak_of_a_fit(work: str, layout: str) -> None:
    assert megabytes({"work": work, "layout": layout, "dtype": "float32", "weighted": True}) < 16


@pytest.mark.slow
def test_the_peak_of_a_nonlinear_fit() -> None:
    """curve_fit holds matrices (n, 5), of 40 MB each."""
    from benchmarks import memory, ratios

    ours, theirs = (
        ratios.megabytes(memory.measured(problem, 1_000_000, 2, "cython"))
        for problem in memory.nonlinear()
    )
    assert ours < 16
    assert theirs > 80


def test_temporaries_of_numpy_are_out_of_bounds() -> None:
    assert megabytes({"d": 2}, backend="numpy") > 40


def test_peak_memory_is_that_of_the_call() -> None:
    from benchmarks import peak_memory

    assert 60e6 < peak_memory.peak(lambda: np.ones(8_000_000)) < 100e6
    assert peak_memory.peak(lambda: None) < 8e6


def test_memory_of_every_layout_is_measured() -> None:
    from benchmarks import memory, peak_memory

    for quick in (True, False):
        names = [memory.name_of(problem) for problem in memory.problems(quick=quick)]
        assert len(set(names)) == len(names)
    measured = {problem["layout"] for problem in memory.problems()}
    assert measured == {*peak_memory.MATRICES, *peak_memory.RUNS}
    for layout in memory.LAYOUTS:
        record = memory.measured(memory.problem(layout=layout, K=4), 50_000, 1, "cython")
        assert 0 <= record["peak"] < 8e6
