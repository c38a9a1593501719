"""The benchmarks run, on tiny sizes, and compare what they say they compare."""

from __future__ import annotations

import importlib.util
import itertools
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

VALUES = "600"  # of the largest array: every code path, no measurement


@pytest.fixture(scope="module", autouse=True)
def suite(root: Path) -> Iterator[None]:
    """The package ``benchmarks`` of this checkout, without its neighbours on sys.path."""
    folder = root / "benchmarks"
    spec = importlib.util.spec_from_file_location(
        "benchmarks", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTMSE_BENCHMARK_VALUES", VALUES)
        patch.setitem(sys.modules, "benchmarks", importlib.util.module_from_spec(spec))
        yield


@pytest.mark.slow  # Numba compiles
def test_every_asv_benchmark_runs(root: Path) -> None:
    from asv_runner.discovery import disc_benchmarks

    ran = {}
    for benchmark in disc_benchmarks(str(root / "benchmarks")):
        for index, _ in enumerate(itertools.product(*benchmark.params)):
            benchmark.set_param_idx(index)
            if not benchmark.do_setup():  # True: not on this machine
                ran[benchmark.name, index] = benchmark.func(*benchmark._current_params)
    kinds = {name for name, _ in ran}
    assert kinds == {
        "linear.Accuracy.track_ulp",
        "predictions.Accuracy.track_ulp",
        *(
            f"{module}.Speed.{method}"
            for module in ("linear", "predictions")
            for method in ("time_evaluate", "peakmem_evaluate", "track_roof")
        ),
    }
    # The sum is good to 4 ulp; what rounding θᵀx adds grows like √d, and d goes up to 2000.
    ulps = {key: value for key, value in ran.items() if key[0].endswith("track_ulp")}
    assert all(0 <= ulp <= (4 if "predictions" in key[0] else 50) for key, ulp in ulps.items()), (
        ulps
    )
    roofs = {key: value for key, value in ran.items() if key[0].endswith("track_roof")}
    assert all(fraction > 0 for fraction in roofs.values()), roofs


def test_asv_finds_the_suite(root: Path) -> None:
    configuration = json.loads((root / "asv.conf.json").read_text())
    assert (root / configuration["benchmark_dir"] / "__init__.py").exists()


def test_pytest_suite_runs(root: Path) -> None:
    # Numba has run above; in another process it would compile for half a minute again.
    options = ["-q", "--benchmark-disable", "-p", "no:cacheprovider", "-k", "not numba"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "benchmarks", *options],
        cwd=root,
        env={**os.environ, "FASTMSE_BENCHMARK_VALUES": VALUES},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_table_has_a_line_for_every_work_and_thread_count() -> None:
    from benchmarks import table, works

    head, blank, titles, rule, *lines = table.lines(int(VALUES), 1, (1, 2), "cython")
    assert "best of 1 interleaved rounds" in head
    assert blank == ""
    assert titles.count("|") == rule.count("|") == len(table.COLUMNS) + 1
    assert len(lines) == 2 * len(works.table_works())
    for line in lines:
        *ratios, error = (float(cell) for cell in line.strip("| ").split(" | ")[2:])
        assert all(ratio >= 0 for ratio in ratios)
        assert 0 <= error <= (4 if "predictions" in line else 50), line


def test_roof_reads_every_element_once() -> None:
    from benchmarks import roof

    arrays = np.arange(10.0), np.ones((300, 500), order="F"), np.ones((70_000, 3))
    for n_threads in (1, 2):
        assert roof.read(arrays, n_threads) == 45 + 150_000 + 210_000
    with pytest.raises(ValueError, match="contiguous"):
        roof.read((np.ones((4, 4))[:, :2],), 1)


def test_rounds_interleave() -> None:
    from benchmarks import rounds

    order: list[str] = []
    calls = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    seconds = rounds.best(calls, 3, pause=0)
    assert "".join(order) == "ababab"
    assert all(0 <= best < 1 for best in seconds.values())


def test_oracles_are_exact_and_count_ulps() -> None:
    from benchmarks import exact

    y, f = np.array([0.1, 1e8, 1.0]), np.array([0.3, 1e-8, 1.0])
    expected = (Fraction(0.1) - Fraction(0.3)) ** 2 + (Fraction(1e8) - Fraction(1e-8)) ** 2
    assert exact.sse(y, f) == expected
    X, theta = np.array([[0.1, 3.0], [0.2, -1.0]]), np.array([0.7, 1e-9])
    rows = [Fraction(a) * Fraction(0.7) + Fraction(b) * Fraction(1e-9) for a, b in X.tolist()]
    assert exact.linear_sse(X, y[:2], theta) == sum(
        (Fraction(t) - row) ** 2 for t, row in zip(y[:2].tolist(), rows, strict=True)
    )
    assert exact.ulp(1.0, Fraction(1)) == 0
    assert exact.ulp(math.nextafter(1.0, 2.0), Fraction(1)) == 1
