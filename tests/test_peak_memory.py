"""An evaluation takes less than 8 MB + O(threads K d) beyond its arrays, whatever their storage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import peak_memory
import pytest

DTYPES = ["f8", "f4", "f2", "bfloat16", "i1"]
LAYOUTS = ["C", "F", "C rows strided", "C reversed", "columns"]
CASES = [(layout, dtype, 50) for layout in LAYOUTS for dtype in DTYPES]
CASES += [("table", dtype, 50) for dtype in ("f8", "f4", "i1")]
CASES += [(layout, dtype, d) for layout in "CF" for dtype in ("f8", "f4") for d in (2, 300, 5000)]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/clear_refs").exists(),
        reason="only Linux tells a process its peak memory and resets it",
    ),
]


def run(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    ).stdout


@pytest.mark.parametrize(("layout", "dtype", "d"), CASES)
def test_the_peak_of_an_evaluation(layout: str, dtype: str, d: int) -> None:
    most = 8_000_000 + 10 * 8 * peak_memory.THREADS * peak_memory.K * d
    without, weighted = json.loads(run(peak_memory.__file__, layout, dtype, str(d)))
    assert without < most
    assert weighted < most


def test_a_copy_shows_in_the_peak() -> None:
    code = "import numpy, peak_memory; print(peak_memory.peak(lambda: numpy.ones(2_000_000)))"
    assert int(run("-c", code)) > 15_000_000
