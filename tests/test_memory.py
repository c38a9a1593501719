"""Kernels read what they were given and nothing beside it: arrays at the edge of a page.

The pages before and after each array are protected; touching one ends the process, so the
evaluations run in a child.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GUARD_PAGES = str(Path(__file__).with_name("guard_pages.py"))

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="protects pages by Linux's mprotect"
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("backend", "work"),
    [
        pytest.param("auto", "rows", marks=pytest.mark.slow),
        *(("auto", work) for work in ("columns", "tables", "predictions", "streamed", "fits")),
        *(
            pytest.param("numba", work, marks=pytest.mark.slow)
            for work in ("rows", "columns", "tables", "predictions")
        ),
    ],
)
def test_nothing_beside_the_arrays_is_touched(backend: str, work: str) -> None:
    child = run(GUARD_PAGES, work, backend)
    assert (child.returncode, child.stdout) == (0, "done\n"), child.stdout + child.stderr


@pytest.mark.parametrize("beside", [-1, 8])
def test_the_fence_stands(beside: int) -> None:
    code = f"""
import ctypes, numpy, guard_pages
a = guard_pages.fenced(numpy.ones(8, "i1"), {beside > 0})
print(a.sum(), flush=True)
ctypes.string_at(a.ctypes.data + {beside}, 1)
"""
    child = run("-c", code)
    assert child.stdout == "8\n"
    assert child.returncode < 0, "the child outlived a touch of the protected page"
