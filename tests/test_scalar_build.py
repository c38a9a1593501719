"""A compiler without vectors gets loops over single doubles: they must give the same bits."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import fastmse

HEADERS = Path(fastmse.__file__).parent / "kernels" / "compiled"
PROGRAM = Path(__file__).with_name("loops.c")
COMPILER = shutil.which("cc")


@pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")
def test_single_doubles_give_the_bits_of_vectors(tmp_path: Path) -> None:
    width, digest = run(tmp_path / "vectors")
    assert run(tmp_path / "scalar", "-DFASTMSE_SCALAR") == (1, digest)
    assert width > 1


def run(program: Path, *flags: str) -> tuple[int, str]:
    """The doubles of a vector, and the digest of all results."""
    options = ["-std=gnu11", "-O2", "-ffp-contract=off", f"-I{HEADERS}", *flags]
    command = [str(COMPILER), *options, str(PROGRAM), "-o", str(program)]
    subprocess.run(command, check=True, timeout=120)
    done = subprocess.run([program], capture_output=True, text=True, check=True, timeout=60)
    width, digest = done.stdout.split()
    return int(width), digest
