"""The parameters that the asv classes share."""

from __future__ import annotations

import os

from fastmse import backends

COMPILED = ["cython", "numba"]
BACKENDS = [*COMPILED, "numpy"]
THREADS = [1, 2]
ROUNDS = 20
# Values of the largest array: 80 KB shows the cost of a call, 8 MB lies in the last cache,
# 256 MiB in none. The tests put a few hundred here, which runs everything and measures nothing.
SIZES = os.environ.get("FASTMSE_BENCHMARK_VALUES", "10000 1000000 33554432")
VALUES = [int(size) for size in SIZES.split()]


def skip_missing(backend: str) -> None:
    """Tell asv, in its own way, that this machine cannot run `backend`."""
    if reason := backends.missing().get(backend):
        raise NotImplementedError(f"{backend}: {reason}")
