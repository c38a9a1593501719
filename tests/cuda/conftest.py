"""These tests want a GPU (FASTMSE_TEST_DEVICE=1), or Numba's simulator in a process of its own."""

from __future__ import annotations

import os
import sys

if os.environ.get("NUMBA_ENABLE_CUDASIM") == "1":
    sys.setswitchinterval(1e-5)  # simulated threads wait for each other: 100 times as fast
elif os.environ.get("FASTMSE_TEST_DEVICE") != "1":
    collect_ignore_glob = ["test_*.py"]
