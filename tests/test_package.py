"""The package as it is installed: names, version, types, cost of import; and its own checks."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import importlib.util
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import fastmse as fm

IMPORT_BUDGET = 60  # ms over NumPy
ON_DEMAND = {"numba", "scipy", "sympy", "narwhals", "pyarrow", "matplotlib", "click", "tqdm"}

PROBE = """
import json, os, sys, time
import numpy
tasks = "/proc/self/task"
def threads():
    return len(os.listdir(tasks)) if os.path.isdir(tasks) else 0
before, start = threads(), time.perf_counter()
import fastmse
seconds = time.perf_counter() - start
print(json.dumps([1e3 * seconds, threads() - before, sorted(sys.modules)]))
"""


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_import_is_cheap() -> None:
    for _ in range(10):  # the best of several: a busy machine only adds
        milliseconds, started_threads, modules = json.loads(run(PROBE))
        assert started_threads == 0
        assert not ON_DEMAND & set(modules)
        if milliseconds < IMPORT_BUDGET:
            return
    pytest.fail(f"import fastmse adds {milliseconds:.0f} ms to import numpy")


def test_tests_see_the_installed_build() -> None:
    distribution = importlib.metadata.distribution("fastmse")
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        pytest.skip("an editable install is the checkout itself")
    assert Path(fm.__file__) == Path(distribution.locate_file("fastmse/__init__.py"))


def test_version_is_one() -> None:
    assert importlib.metadata.version("fastmse") == fm.__version__


def test_changelog_knows_the_version(root: Path) -> None:
    assert f"## {fm.__version__}" in (root / "CHANGELOG.md").read_text()


def test_types_and_sources_are_shipped() -> None:
    package = importlib.resources.files("fastmse")
    assert (package / "py.typed").is_file()
    assert (package / "inputs.pyi").is_file()
    assert (package / "kernels" / "compiled" / "kernels.pxi").is_file()


@pytest.mark.parametrize("name", ["mse", "evaluate", "Linear", "SufficientStatistics", "gaussian"])
def test_public_names(name: str) -> None:
    assert name in fm.__all__
    assert getattr(fm, name).__doc__


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        ("mse", "(y_true, y_pred, *, sample_weight, backend, n_threads)"),
        ("evaluate", "(y_true, y_pred, *, sample_weight, grad, out, backend, n_threads)"),
        ("Linear", "(*, intercept)"),
        ("Linear.evaluate", "(self, X, y, theta, *, sample_weight, grad, backend, n_threads)"),
        (
            "Linear.fit",
            "(self, X, y, *, sample_weight, weight_type, l2, method, tol, max_iter, callback, "
            "n_threads)",
        ),
        (
            "Linear.fit_path",
            "(self, X, y, l2s, *, sample_weight, weight_type, method, n_threads)",
        ),
        (
            "SufficientStatistics",
            "(n_features, *, intercept, weight_type, precision, names, target, n_threads)",
        ),
        ("SufficientStatistics.update", "(self, X, y, sample_weight)"),
        ("SufficientStatistics.merge", "(self, other)"),
        ("SufficientStatistics.evaluate", "(self, theta)"),
        ("SufficientStatistics.fit", "(self, l2)"),
        ("SufficientStatistics.fit_path", "(self, l2s)"),
        ("SufficientStatistics.save", "(self, path)"),
        ("SufficientStatistics.load", "(path)"),
    ],
)
def test_signatures(function: str, signature: str) -> None:
    target: object = fm
    for part in function.split("."):
        target = getattr(target, part)
    assert names_of(inspect.signature(target)) == signature


def names_of(signature: inspect.Signature) -> str:
    """The names alone: ``(a, *, b)``."""
    bare = [
        parameter.replace(annotation=parameter.empty, default=parameter.empty)
        for parameter in signature.parameters.values()
    ]
    return str(inspect.Signature(bare))


EVALUATION = """
n weight_sum sse mse rmse sigma2 grad loglik nll likelihood log_likelihood score_sigma2
"""
FIT = """
theta names stderr cov n weight_sum p sse mse sigma2 s2 loglik aic bic r2 r2_adj tvalues pvalues
conf_int fvalue f_pvalue robust condition rank method passes converged n_iter message predict
summary to_dict
"""


def test_results_have_every_field() -> None:
    evaluation = fm.evaluate([1.0, 2.0], [1.5, 2.5])
    fit = fm.Linear(intercept=True).fit([[0.0], [1.0], [3.0]], [1.0, 2.0, 3.0])
    for result, fields in ((evaluation, EVALUATION), (fit, FIT)):
        assert not [field for field in fields.split() if not hasattr(result, field)]


def test_extras_hold_what_they_promise() -> None:
    requirements = importlib.metadata.requires("fastmse")
    lean = {re.match(r"[\w-]+", line)[0] for line in requirements if "extra ==" not in line}
    assert lean == {"numpy", "scipy", "numba", "narwhals"}
    assert not [line for line in requirements if re.match("torch|jax|cupy", line)]
    simulated = {line.split("extra ==")[-1] for line in requirements if line[:10] == "numba-cuda"}
    assert simulated == {' "cuda"', ' "test"'}
    extras = importlib.metadata.metadata("fastmse").get_all("Provides-Extra")
    assert set(extras) >= {"models", "cli", "cuda", "test", "bench", "dev", "all"}


@pytest.mark.parametrize("heading", ["Try it", "Run the tests"])
def test_readme_commands_do_all_their_setup(root: Path, heading: str) -> None:
    section = (root / "README.md").read_text().split(f"\n## {heading}\n")[1]
    command = re.search(r"```bash\n(.*?)\n```", section)[1]
    assert re.match(r"pip install .*\[\w+\].* && ", command)


@pytest.fixture
def check_wheel(root: Path) -> ModuleType:
    path = root / ".ci" / "check_wheel.py"
    spec = importlib.util.spec_from_file_location("check_wheel", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SOURCE = ["fastmse/__init__.py", "fastmse/py.typed", "fastmse/a.pyx", "fastmse/a.c"]
WHEEL = [*SOURCE[:3], "fastmse/a.cpython-311-x86_64-linux-gnu.so", "fastmse-1.dist-info/RECORD"]


def test_wheel_check_accepts_a_good_wheel(check_wheel: ModuleType) -> None:
    assert list(check_wheel.faults(WHEEL, SOURCE)) == []


@pytest.mark.parametrize(
    ("missing", "added", "fault"),
    [
        ("fastmse/py.typed", None, "missing: fastmse/py.typed"),
        ("fastmse/a.pyx", None, "missing: fastmse/a.pyx"),
        (WHEEL[3], None, "missing: every compiled module"),
        (None, "fastmse/a.c", "not a source file: fastmse/a.c"),
        (None, "tests/test_a.py", "outside the package: tests/test_a.py"),
        (None, "fastmse/b.abi3.so", "compiled from nothing: fastmse/b.abi3.so"),
    ],
)
def test_wheel_check_finds(
    check_wheel: ModuleType, missing: str | None, added: str | None, fault: str
) -> None:
    wheel = [name for name in WHEEL if name != missing] + ([added] if added else [])
    assert fault in check_wheel.faults(wheel, SOURCE)
