"""Columns of tables are read where they lie."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from table_kinds import TABLES, values

import fastmse as fm
from fastmse import inputs
from fastmse.columns import Stored
from fastmse.statistics import by_columns


def test_the_layout_of_a_table() -> None:
    X = inputs.rows(pd.DataFrame(values(5, 20)), "X")
    assert (X.shape, X.ndim, len(X)) == ((5, 22), 2, 5)
    assert by_columns(X)
    assert not by_columns(X[:1])  # one row is in C order
    assert X[1:4].shape == (3, 22)
    assert X[np.array([4, 1])].shape == (2, 22)
    assert np.asarray(X).flags.f_contiguous
    assert np.array_equal(np.asarray(X[1:4], "f4"), np.asarray(X)[1:4].astype("f4"))


def buffer(column: Any) -> np.ndarray:
    """The memory of a column, by its own library."""
    if isinstance(column, pl.Series):
        return column.to_numpy(allow_copy=False)
    if isinstance(column, pd.Series):
        array = column.array
        if isinstance(array, pd.arrays.ArrowExtensionArray):
            return buffer(pa.chunked_array(array.__arrow_array__()))
        return getattr(array, "_data", None) if hasattr(array, "_mask") else column.to_numpy()
    return column.chunk(0).to_numpy(zero_copy_only=True)


IN_PLACE = ["pandas", "pandas nullable", "pandas pyarrow", "polars", "pyarrow"]


@pytest.mark.parametrize("kind", IN_PLACE)
def test_columns_are_not_copied(kind: str) -> None:
    given = {name: a for name, a in values(3000).items() if a.dtype != bool}
    table = TABLES[kind](given)
    X = inputs.rows(table, "X")
    for name, array in zip(given, X.arrays, strict=True):
        assert type(array) is np.ndarray
        assert np.shares_memory(array, buffer(table[name])), name
        assert array.nbytes == buffer(table[name]).nbytes
        assert np.shares_memory(X[10:20].arrays[0], X.arrays[0])
        assert np.shares_memory(inputs.vector(table[name], "y"), array)


@pytest.mark.parametrize("order", ["C", "F"])
def test_blocks_of_pandas_are_not_copied(order: str) -> None:
    block = np.array(np.random.default_rng(0).normal(size=(20, 3)), order=order)
    frame = pd.DataFrame(block, copy=False)
    X = inputs.rows(frame, "X")
    assert [array.strides for array in X.arrays] == [(block.strides[0],)] * 3
    assert all(np.shares_memory(array, block) for array in X.arrays)
    assert fm.Linear().fit(frame, block[:, 0] ** 2).names == ("0", "1", "2")


@pytest.mark.parametrize("kind", ["pandas chunked", "polars chunked", "pyarrow chunked"])
def test_chunks_are_read_slice_by_slice(kind: str) -> None:
    given = values(3000)
    X = inputs.rows(TABLES[kind](given), "X")
    for name, array in zip(given, X.arrays, strict=True):
        assert type(array) is Stored
        assert np.array_equal(array[900:1100], given[name][900:1100])
        assert np.asarray(array[:0]).shape == (0,)


def test_chunks_side_by_side_are_not_taken_for_one() -> None:
    n = 600_000
    whole = pa.table({"a": np.arange(float(n))})
    for cut in (1000, 2**18, 2**18 + 1):  # the second cuts where slices begin
        chunks = pa.Table.from_batches(whole.to_batches(max_chunksize=cut))
        assert type(inputs.rows(chunks["a"], "y")) is Stored
    assert type(inputs.rows(whole["a"], "y")) is np.ndarray


CHILD = """
import sys
import numpy as np, pandas as pd, polars as pl, pyarrow as pa
import fastmse as fm

def status(field):
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])

def table(kind, n):
    rng = np.random.default_rng(0)
    given = {name: rng.normal(size=n) for name in "abcdey"}
    given["b"] = given["b"] > 0
    cut = lambda j: [a for a in np.array_split(np.arange(n), 4 + j)]
    whole = pa.table({k: pa.chunked_array([pa.array(a[i]) for i in cut(j)])
                      for j, (k, a) in enumerate(given.items())})
    if kind == "pyarrow":
        return whole
    if kind == "pandas":
        return whole.to_pandas(types_mapper=pd.ArrowDtype)
    return pl.concat([pl.DataFrame(given)[i[0]:i[-1] + 1].clone() for i in cut(0)], rechunk=False)

def run(data):
    X, y = data[list("abcde")] if kind != "pyarrow" else data.select(list("abcde")), data["y"]
    fm.Linear().evaluate(X, y, np.ones(5), sample_weight=data["b"])
    fm.Linear().fit(X, y).predict(X[:10])

kind = sys.argv[1]
run(table(kind, 400_000))
data = table(kind, 3_000_000)
run(data.slice(0, 400_000) if kind != "pandas" else data[:400_000])
open("/proc/self/clear_refs", "w").write("5")
before = status("VmRSS")
run(data)
print((status("VmHWM") - before) / 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_memory_of_a_table_in_chunks(kind: str) -> None:
    child = subprocess.run(
        [sys.executable, "-c", CHILD, kind], capture_output=True, text=True, timeout=120
    )
    assert child.returncode == 0, child.stderr
    assert float(child.stdout) < 8, "MB more, for columns of 24 MB"
