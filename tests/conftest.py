"""What every test may use."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent

# A subprocess started in the checkout must import the installed fastmse, as the tests do,
# not the folder of that name in front of it.
os.environ.setdefault("PYTHONSAFEPATH", "1")

# An OpenMP thread that waits spins, on a core that another worker or subprocess wants: with two
# processes at once, tests/bits.py cython took 12 s of CPU time; 5 s when threads sleep instead.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# A shell starts background jobs with SIGINT ignored, and a process to interrupt would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Compiling a kernel or a busy machine is no failure; under CI the same examples every time.
settings.register_profile(
    "fastmse",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("fastmse")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout that holds these tests."""
    return ROOT


@pytest.fixture(scope="session")
def suite(root: Path) -> Iterator[None]:
    """The package ``benchmarks`` of this checkout, without its neighbours on sys.path, and with
    arrays that run every code path and measure nothing.
    """
    folder = root / "benchmarks"
    spec = importlib.util.spec_from_file_location(
        "benchmarks", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTMSE_BENCHMARK_VALUES", "600")
        patch.setitem(sys.modules, "benchmarks", importlib.util.module_from_spec(spec))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data: ``FASTMSE_SHARED``, or ``shared`` beside the checkout."""
    folder = Path(os.environ.get("FASTMSE_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; FASTMSE_SHARED names another folder")
    return folder
