"""The CUDA kernels without a GPU, each time in a process of its own.

In Numba's simulator Python runs them, with loads and registers of its own; on an emulated device
what Numba makes of them for a GPU is translated for the host, and launched as there.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
EMULATOR = TESTS / "emulator"
COMPILER = shlex.split(os.environ.get("CC", "cc"))
WHY_NOT = """
from fastmse import backends
reason = backends.missing()["cuda"]
if not reason:
    from numba.cuda import compiler
    from translate import PRIVATE
    if not hasattr(compiler, PRIVATE):
        reason = f"this numba-cuda has no {PRIVATE}, with which kernels are translated"
print(reason)
"""
PYTEST = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        env={**os.environ, **environment},
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )


class Started:
    """The tests for a GPU, under way."""

    def __init__(self, *options: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [*PYTEST, *options, str(TESTS / "cuda")],
            env={**os.environ, **environment},
            cwd=TESTS.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def pass_(self) -> None:
        told, _ = self.process.communicate(timeout=900)
        assert self.process.returncode == 0, told
        assert "passed" in told


def why_not_emulated() -> str:
    if sys.platform != "linux" or shutil.which(COMPILER[0]) is None:
        return "the emulated device is built by a C compiler, on Linux"
    return ""


def emulated_device(place: Path) -> dict[str, str]:
    """The environment in which there is one."""
    sources = map(str, sorted(EMULATOR.glob("*.c")))
    library = str(place / "libcuda.so.1")
    command = [*COMPILER, "-O1", "-shared", "-fPIC", "-pthread", "-o", library, *sources]
    subprocess.run(command, check=True, timeout=60)
    return {
        "LD_LIBRARY_PATH": f"{place}:{os.environ.get('LD_LIBRARY_PATH', '')}",
        "PYTHONPATH": str(EMULATOR),
        "FASTMSE_TEST_DEVICE": "1",
        "NUMBA_ENABLE_CUDASIM": "0",
    }


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Started | str]]:
    """Both at once, the slower one first; or why one cannot be."""
    pytest.importorskip("numba_cuda")
    emulated: Started | str = why_not_emulated()
    if not emulated:
        device = emulated_device(tmp_path_factory.mktemp("driver"))
        emulated = run("-c", WHY_NOT, **device).stdout.strip()
        if not emulated:
            emulated = Started("-p", "emulated", **device)
    both: dict[str, Started | str] = {
        "emulated": emulated,
        "simulated": Started(NUMBA_ENABLE_CUDASIM="1"),
    }
    yield both
    for one in both.values():
        if isinstance(one, Started):
            one.process.kill()
            one.process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("device", ["simulated", "emulated"])
def test_kernels(device: str, started: dict[str, Started | str]) -> None:
    tests = started[device]
    if isinstance(tests, str):
        pytest.skip(tests)
    tests.pass_()


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
