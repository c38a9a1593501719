"""Each instruction set in turn: the kernels' tests again, and no fused operation among them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

from fastmse.kernels import compiled

OTHERS = [isa for isa in compiled.supported() if isa != compiled.isa()]

# Two processes at once, of about the same time.
KERNEL_TESTS = [
    [
        *("test_linear.py", "test_predictions.py", "test_streams.py", "test_grid.py"),
        *("test_small_calls.py", "test_streamed_gradient.py"),
    ],
    [
        *("test_bits_of_thetas.py", "test_bits_of_storage.py", "test_memory.py"),
        *("test_zero_weights.py", "test_model_kernels.py"),
    ],
]

RERUN = """
import sys
import pytest
from fastmse.kernels import compiled
status = pytest.main(sys.argv[2:])
loaded = [name for name in sys.modules if name.startswith("fastmse.kernels.compiled.")]
assert (compiled.isa(), loaded) == (sys.argv[1], [compiled.module().__name__]), loaded
raise SystemExit(status)
"""


def rerun(isa: str, names: list[str]) -> subprocess.CompletedProcess[str]:
    here = Path(__file__).parent
    options = ["-q", "-x", "-p", "no:cacheprovider", "-k", "not numba and not jit and not beyond"]
    return subprocess.run(
        [sys.executable, "-c", RERUN, isa, *options, *[str(here / name) for name in names]],
        env={**os.environ, "FASTMSE_ISA": isa},
        capture_output=True,
        text=True,
        timeout=600,
        cwd=here.parent,
    )


@pytest.mark.slow
@pytest.mark.parametrize("isa", OTHERS)
def test_the_kernel_tests_hold_in_the_other_instruction_sets(isa: str) -> None:
    with ThreadPoolExecutor(len(KERNEL_TESTS)) as pool:
        for done in pool.map(partial(rerun, isa), KERNEL_TESTS):
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_the_highest_is_chosen() -> None:
    names = sorted(compiled.supported())
    assert os.environ.get("FASTMSE_ISA", names[-1]) == compiled.isa() == compiled.describe()["isa"]
    assert compiled.module().__name__.endswith(compiled.isa().replace("-", "_"))


@pytest.mark.parametrize("name", ["nonsense", "", "x86-64-v9", "X86-64-V2"])
def test_another_name_is_refused(name: str) -> None:
    code = "import fastmse as fm; fm.mse([1.0], [2.0], backend='numpy'); fm.mse([1.0], [2.0])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "FASTMSE_ISA": name},
        capture_output=True,
        text=True,
        timeout=60,
    )
    wanted = ", ".join(compiled.supported())
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"ImportError: FASTMSE_ISA: got {name!r}; want one of {wanted}"
    )


FUSED = re.compile(r"^vfn?m(add|sub)|^fn?m(add|sub)\b|^fml[as]\b|^xvn?m(add|sub)")


def fused_functions(library: str) -> set[str]:
    """The functions of a shared library that hold a fused multiply-add."""
    listing = subprocess.run(
        ["objdump", "--disassemble", "--no-show-raw-insn", library],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    found, function = set(), ""
    for text in listing.splitlines():
        if text.endswith(">:"):
            function = text.split("<")[1].rstrip(">:")
        elif "\t" in text and FUSED.match(text.split("\t")[1]):
            found.add(function)
    return found


def extension_modules() -> list[str]:
    kernels = [compiled.__name__ + "." + isa.replace("-", "_") for isa in compiled.built()]
    names = ["fastmse.inputs", "fastmse.machine", "fastmse.statistics.nodes", *kernels]
    return [str(spec.origin) for spec in map(find_spec, names) if spec]


@pytest.mark.skipif(shutil.which("objdump") is None, reason="needs objdump")
@pytest.mark.parametrize("library", extension_modules(), ids=lambda path: Path(path).name)
def test_no_multiply_add_is_fused_but_by_name(library: str) -> None:
    """For a product's exact error, double_double.h, and the sums of Gram matrices, fused.h."""
    by_name = re.compile("double_double|^dd_|^gram_(residuals|(triangle|products)_[1-8])$")
    named = {name for name in fused_functions(library) if by_name.search(name)}
    assert fused_functions(library) == named
    if "v2" in library:
        assert not named


@pytest.mark.skipif(shutil.which("objdump") is None, reason="needs objdump")
@pytest.mark.skipif("x86-64-v3" not in compiled.built(), reason="an x86-64 build has them")
def test_the_listing_shows_fused_operations() -> None:
    (library,) = [path for path in extension_modules() if "v3" in path]
    assert fused_functions(library)
