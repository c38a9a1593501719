"""The CUDA kernels in Numba's simulator, which must be chosen before Numba is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SIMULATOR = {"NUMBA_ENABLE_CUDASIM": "1"}


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        env={**os.environ, **environment},
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_kernels_in_the_simulator() -> None:
    pytest.importorskip("numba_cuda")
    done = run(
        "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", str(TESTS / "cuda"), **SIMULATOR
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


def test_nothing_of_cuda_is_imported_with_the_package() -> None:
    code = (
        "import sys; before = set(sys.modules); "  # numba-cuda's own hook is there at the start
        "import fastmse; fastmse.mse([1.0], [2.0]); "
        "print([name for name in set(sys.modules) - before if 'cuda' in name])"
    )
    assert run("-c", code).stdout.strip() == "[]"


def test_without_a_driver_the_reason_is_told() -> None:
    code = """
import fastmse as fm
try:
    fm.mse([1.0], [2.0], backend="cuda")
except RuntimeError as error:
    print(error)
"""
    done = run("-c", code, NUMBA_ENABLE_CUDASIM="0", CUDA_VISIBLE_DEVICES="")
    assert done.stdout.startswith("backend 'cuda' is not available: "), done.stderr
