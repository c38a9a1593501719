"""Kernels read what they were given and nothing beside it: arrays at the edge of a page.

The page before or after the array is protected; touching it ends the process, so the
evaluations run in a child.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

CHILD = """
import ctypes, mmap, sys
import numpy as np
import fastmse as fm

PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None, use_errno=True)
libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)

def fenced(values, at_end):
    "The values in memory that ends, or begins, where a protected page begins, or ends."
    room = -(-values.nbytes // PAGE) * PAGE
    memory = mmap.mmap(-1, room + 2 * PAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for page in (start, start + PAGE + room):
        assert libc.mprotect(page, PAGE, 0) == 0
    offset = PAGE + (room - values.nbytes if at_end else 0)
    order = "F" if values.flags.f_contiguous and not values.flags.c_contiguous else "C"
    array = np.ndarray(values.shape, values.dtype, memory, offset=offset, order=order)
    array[...] = values
    return array

rng = np.random.default_rng(0)
for d in (1, 3, 8, 17, 21, 23, 31, 40):
    for n in (1, 2, 5, 64, 65, 128, 200, 1030):
        for dtype in ("f8", "f4", "i2"):
            for order in "CF":
                X = np.array(rng.integers(-9, 9, (n, d)), dtype, order=order)
                y, w = rng.normal(size=n), rng.integers(0, 2, n) + 0.0
                w[0] = 1
                for at_end in (True, False):
                    for flip in (1, -1):
                        fx, fy, fw = fenced(X, at_end)[::flip], fenced(y, at_end), fenced(w, at_end)
                        for weight in (None, fw):
                            e = fm.Linear().evaluate(fx, fy, np.ones(d), sample_weight=weight)
                            r = X[::flip].sum(axis=1) - y
                            sse = np.sum((1 if weight is None else w) * r * r)
                            assert abs(e.sse - sse) <= 1e-12 * sse
    print("fine", d)
f, y = fenced(rng.normal(size=5003), True), fenced(rng.normal(size=5003), True)
fm.evaluate(y, f, out=f)
print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="protects pages by Linux's mprotect")
def test_nothing_is_read_beside_the_arrays() -> None:
    child = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, text=True, timeout=120
    )
    assert child.returncode == 0, child.stdout + child.stderr
    assert child.stdout.endswith("done\n")
