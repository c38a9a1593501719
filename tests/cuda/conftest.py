"""These tests want a GPU (FASTMSE_TEST_DEVICE=1), or Numba's simulator in a process of its own."""

from __future__ import annotations

import os
import sys
import threading

if os.environ.get("NUMBA_ENABLE_CUDASIM") == "1":
    import numpy as np
    from numba.cuda.simulator.kernelapi import FakeCUDAShared
    from numba.np import numpy_support

    sys.setswitchinterval(1e-5)  # simulated threads wait for each other: 100 times as fast
    lock = threading.Lock()

    def shared_array(self, shape, dtype):
        """One array for each line, whichever thread comes first.

        The simulator has no lock, so that two threads could make two; and traces the stack.
        """
        frame = sys._getframe(1)
        line = frame.f_code.co_filename, frame.f_lineno
        with lock:
            if line not in self._allocations:
                self._allocations[line] = np.empty(shape, numpy_support.as_dtype(dtype))
            return self._allocations[line]

    FakeCUDAShared.array = shared_array
elif os.environ.get("FASTMSE_TEST_DEVICE") != "1":
    collect_ignore_glob = ["test_*.py"]
