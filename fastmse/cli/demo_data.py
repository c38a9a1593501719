"""Data whose true parameters are known: y = 1 + θ'x + ε, ε ~ N(0, 4)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

TARGET = "y"
FEATURES = tuple(f"x{j}" for j in range(1, 21))
INTERCEPT = 1.0
SLOPES = np.linspace(-2.0, 2.0, len(FEATURES)).round(2)
SIGMA = 2.0
SEED = 20
GROUP = 1 << 16  # rows in memory at a time, and in a row group


def write_data(path: Path, n: int) -> None:
    """Write `n` rows as Parquet; features have means and scales of their own."""
    random = np.random.default_rng(SEED)
    means, scales = random.uniform(-5, 5, len(FEATURES)), random.uniform(0.5, 2, len(FEATURES))
    schema = pa.schema([(name, pa.float64()) for name in (*FEATURES, TARGET)])
    # Random digits do not compress; dictionaries would only cost time.
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for start in range(0, n, GROUP):
            rows = min(GROUP, n - start)
            columns = means[:, None] + scales[:, None] * random.standard_normal((len(means), rows))
            y = true_mean(columns) + SIGMA * random.standard_normal(rows)
            writer.write_batch(pa.record_batch([*map(_arrow, columns), _arrow(y)], schema=schema))


def true_mean(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return f(x; θ) for features in rows, (d, n)."""
    mean: NDArray[np.float64] = INTERCEPT + SLOPES @ columns
    return mean


def _arrow(column: NDArray[np.float64]) -> pa.Array:
    """Share a column's memory with Arrow, whose own conversion imports pandas first: 0.3 s."""
    return pa.Array.from_buffers(pa.float64(), len(column), [None, pa.py_buffer(column)])
