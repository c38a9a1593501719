"""The benchmarks run, on tiny sizes, and compare what they say they compare."""

from __future__ import annotations

import itertools
import json
import math
import os
import re
import subprocess
import sys
import tomllib
from contextlib import suppress
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest

KINDS = ("time_evaluate", "peakmem_evaluate", "track_roof")
SUITES = dict.fromkeys(("linear", "predictions"), ("Speed", "Dtypes"))
SUITES["nonlinear"] = ("Speed",)
FITS = {"nonlinear.Fit.time_fit", "nonlinear.Fit.peakmem_fit", "nonlinear.Many.time_fit_many"}
pytestmark = pytest.mark.usefixtures("suite")


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
    assert kinds == FITS | {
        f"{module}.{method}"
        for module, suites in SUITES.items()
        for method in (
            "Accuracy.track_ulp",
            *(f"{suite}.{kind}" for suite in suites for kind in KINDS),
        )
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


def test_asv_installs_what_fastmse_needs(root: Path) -> None:
    """The package itself goes in with --no-deps."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    needed = {re.match(r"\w+", requirement)[0] for requirement in project["dependencies"]}
    matrix = json.loads((root / "asv.conf.json").read_text())["matrix"]["req"]
    assert needed <= set(matrix)


def test_pytest_suite_runs(root: Path) -> None:
    # Numba has run above; in another process it would compile for half a minute again.
    options = ["-q", "--benchmark-disable", "-p", "no:cacheprovider", "-k", "not numba"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "benchmarks", *options],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


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
    seconds = rounds.best(calls, 3, settled=False)
    assert "".join(order) == "ababab"
    assert all(0 <= best < 1 for best in seconds.values())


def test_probe_of_the_compute_floor_does_what_it_says() -> None:
    """Twice the flops take twice the time; of less than that a part was dropped."""
    from benchmarks import roof, rounds

    calls = {n: partial(roof.compute, n * 5e7, 1) for n in (1, 2)}
    seconds = rounds.best(calls, 10, settled=False)
    assert 1.3 < seconds[2] / seconds[1] < 3.5
    assert 1e8 < 5e7 / seconds[1] < 1e12


def test_oracles_are_exact() -> None:
    from benchmarks import exact

    y, f = np.array([0.1, 1e8, 1.0]), np.array([0.3, 1e-8, 1.0])
    residuals = [Fraction(b) - Fraction(a) for a, b in zip(y.tolist(), f.tolist(), strict=True)]
    right = exact.of_predictions(y, f)
    assert right.mse == sum(r**2 for r in residuals) / 3
    for high, low, residual in zip(*right.grad, residuals, strict=True):
        assert high == float(residual * 2 / 3)
        assert low == float(residual * 2 / 3 - Fraction(high))


def test_linear_oracle_is_exact() -> None:
    from benchmarks import exact

    X, y, theta = np.array([[0.1, 3.0], [0.2, -1.0]]), np.array([0.1, 1e8]), np.array([0.7, 1e-9])
    w = np.array([0.5, 3.0])
    residuals = [
        sum(Fraction(x) * Fraction(t) for x, t in zip(row, theta.tolist(), strict=True)) - target
        for row, target in zip(X.tolist(), map(Fraction, y.tolist()), strict=True)
    ]
    terms = [Fraction(weight) * r for weight, r in zip(w.tolist(), residuals, strict=True)]
    right = exact.of_linear(X, y, theta, w)
    total = Fraction(7, 2)
    assert right.mse == sum(t * r for t, r in zip(terms, residuals, strict=True)) / total
    for j in range(2):
        products = [t * Fraction(x) for t, x in zip(terms, X[:, j].tolist(), strict=True)]
        assert right.grad[0][j] == float(2 * sum(products) / total)
        assert right.sizes[j] == pytest.approx(float(2 * sum(map(abs, products)) / total))


def test_errors_are_counted_in_ulp_and_eps() -> None:
    from benchmarks import exact

    assert exact.ulp(1.0, Fraction(1)) == 0
    assert exact.ulp(math.nextafter(1.0, 2.0), Fraction(1)) == 1
    right = exact.of_predictions(np.zeros(2), np.array([1.0, -4.0]))
    assert exact.eps(np.array([1.0, -4.0]), right) == 0
    assert exact.eps(np.array([1.0, math.nextafter(-4.0, -9.0)]), right) == 1


@pytest.mark.parametrize("order", "CF")
def test_rivals_compute_what_we_compute(order: str) -> None:
    from benchmarks.measure import evaluated
    from benchmarks.rivals import RIVALS
    from benchmarks.works import Linear, Peak, Predictions

    works = [Predictions(100, grad=False), Predictions(100, grad=True), Linear(600, 8, order=order)]
    works += [Peak(100)] * (order == "C")
    for name in ("NumPy", "NumPy in place", "numexpr", "scikit-learn"):
        for work in works:
            call = None if RIVALS[name].missing() else work.of_rival(RIVALS[name](1))
            if call is not None:
                same(call(), evaluated(work, "cython", 1))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["torch", "JAX"])
@pytest.mark.filterwarnings("ignore")  # theirs
def test_big_rivals_compute_what_we_compute(name: str) -> None:
    from benchmarks.measure import evaluated
    from benchmarks.rivals import RIVALS
    from benchmarks.works import Linear, Peak, Predictions

    if reason := RIVALS[name].missing():
        pytest.skip(reason)
    works = [Predictions(100, grad=False), Predictions(100, grad=True), Peak(100)]
    works += [Linear(600, 8, order=order) for order in "CF"]
    rival = RIVALS[name](2)
    with rival.threads():
        for work in works:
            same(work.of_rival(rival)(), evaluated(work, "cython", 1))


def test_a_thread_count_is_given_back() -> None:
    from benchmarks.rivals.rival import thread_count

    counts = [4]
    with suppress(KeyboardInterrupt), thread_count(lambda: counts[-1], counts.append, 2):
        assert counts == [4, 2]
        raise KeyboardInterrupt
    assert counts == [4, 2, 4]


def same(one: tuple[float, np.ndarray], other: tuple[float, np.ndarray]) -> None:
    np.testing.assert_allclose(one[0], other[0], rtol=1e-13)
    assert (one[1] is None) == (other[1] is None)
    if one[1] is not None:
        np.testing.assert_allclose(one[1], other[1], rtol=1e-10)


def test_a_table_is_the_matrix_of_its_columns() -> None:
    from benchmarks.measure import evaluated
    from benchmarks.rivals import NumPy
    from benchmarks.works import Columns

    if reason := Columns.missing():
        pytest.skip(reason)
    work = Columns(600, 8)
    same(evaluated(work, "cython", 1), work.of_rival(NumPy(1))())


def test_without_pyarrow_tables_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import memory
    from benchmarks.cases import by_table
    from benchmarks.measure import measured
    from benchmarks.options import Options

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (case,) = by_table([8])
    for record in (
        measured(case, 1, Options(mib=0.005)),
        memory.measured(memory.problem(layout="table"), 600, 1, "cython"),
    ):
        assert record["skipped"] == "pyarrow is not installed"


def test_a_table_that_is_refused_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import works
    from benchmarks.cases import by_table
    from benchmarks.measure import measured
    from benchmarks.options import Options

    def refuse(*_: object, **__: object) -> None:
        raise TypeError("no tables")

    monkeypatch.setattr(works.fm.Linear, "evaluate", refuse)
    (case,) = by_table([8])
    with pytest.raises(TypeError, match="no tables"):
        measured(case, 1, Options(mib=0.005))


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="binding is Linux's")
def test_cores_are_given_back() -> None:
    from benchmarks.cores import cores

    before = os.sched_getaffinity(0)
    with cores(1):
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before
