"""The same columns as every kind of table that is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

DTYPES = ["f8", "f4", "i8", "i1", "u2", "?"]

Values = dict[str, np.ndarray]


def drawn(rng: np.random.Generator, n: int, kind: str) -> np.ndarray:
    return rng.random(n) < 0.5 if kind == "?" else (10 * rng.random(n)).astype(kind)


def values(n: int, d: int = len(DTYPES), seed: int = 0) -> Values:
    """d columns x of all dtypes, y, and weights of which some are zero."""
    rng = np.random.default_rng(seed)
    kinds = [DTYPES[j % len(DTYPES)] for j in range(d)]
    columns = {f"x {j}": drawn(rng, n, kind) for j, kind in enumerate(kinds)}
    w = np.where(np.arange(n) % 3 == 1, 0.0, rng.random(n))
    return columns | {"y": rng.normal(size=n), "w": w}


def chunked(a: np.ndarray, pieces: int) -> pa.ChunkedArray:
    """In chunks that lie apart, the first of them empty."""
    return pa.chunked_array([pa.array(a[:0]), *(a.copy() for a in np.array_split(a, pieces))])


def misaligned(given: Values) -> pa.Table:
    """Every column is cut elsewhere."""
    return pa.table({name: chunked(a, 2 + j) for j, (name, a) in enumerate(given.items())})


def adjacent(given: Values) -> pa.Table:
    """Chunks that follow each other in one buffer: their addresses betray nothing."""
    return pa.Table.from_batches(pa.table(given).to_batches(max_chunksize=1000))


def stacked(given: Values) -> pl.DataFrame:
    whole = pl.DataFrame(given)
    half = len(whole) // 2
    return pl.concat([whole[:half].clone(), whole[half:]], rechunk=False)


def nullable(given: Values) -> pd.DataFrame:
    names = {"float64": "Float64", "float32": "Float32", "bool": "boolean"}
    names |= {"int64": "Int64", "int8": "Int8", "uint16": "UInt16"}
    return pd.DataFrame(given).astype({name: names[a.dtype.name] for name, a in given.items()})


TABLES: dict[str, Callable[[Values], Any]] = {
    "pandas": pd.DataFrame,
    "pandas nullable": nullable,
    "pandas pyarrow": lambda given: pa.table(given).to_pandas(types_mapper=pd.ArrowDtype),
    "pandas chunked": lambda given: misaligned(given).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.DataFrame,
    "polars chunked": stacked,
    "pyarrow": pa.table,
    "pyarrow chunked": misaligned,
    "pyarrow adjacent": adjacent,
    "narwhals": lambda given: nw.from_native(pl.DataFrame(given)),
}


def features(table: Any) -> Any:
    """The table without y and w."""
    if isinstance(table, pd.DataFrame):
        return table.drop(columns=["y", "w"])
    return table.drop(["y", "w"])


def in_columns(given: Values) -> np.ndarray:
    """The values of the features as a column-major float64 array."""
    return np.array([a for name, a in given.items() if name[0] == "x"], "f8").T
