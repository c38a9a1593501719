"""The gate of tables: what a column costs, and that a view is told from a copy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import fastmse as fm
from fastmse import inputs, tables
from fastmse.columns import Stored
from fastmse.tables import STEP

Values = dict[str, np.ndarray]


def values(n: int, d: int, dtypes: tuple[str, ...] = ("f8",)) -> Values:
    rng = np.random.default_rng(d)
    return {f"x{j}": (9 * rng.random(n)).astype(dtypes[j % len(dtypes)]) for j in range(d)}


def cut(given: Values, at: int) -> pa.Table:
    """In two chunks that lie side by side in one buffer."""
    whole = pa.table(given)
    return pa.concat_tables([whole[:at], whole[at:]])


def stacked(given: Values) -> pl.DataFrame:
    whole = pl.DataFrame(given)
    return pl.concat([whole[:100], whole[100:]], rechunk=False)


def arrow_in_pandas(table: pa.Table) -> pd.DataFrame:
    return table.to_pandas(types_mapper=pd.ArrowDtype)


KNOWN: dict[str, Callable[[Values], Any]] = {
    "pandas": pd.DataFrame,
    "pandas pyarrow": lambda given: arrow_in_pandas(pa.table(given)),
    "pandas chunked": lambda given: arrow_in_pandas(cut(given, 100)),
    "polars": pl.DataFrame,
    "polars chunked": stacked,
    "pyarrow": pa.table,
    "pyarrow chunked": lambda given: cut(given, 100),
}


# Cost


def calls(action: Callable[[], object]) -> int:
    """Python functions that are called during the action."""
    count = 0

    def look(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("n", [300, 3 * STEP])
@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_a_column_takes_few_calls(kind: str, n: int) -> None:
    """A call of a Python function takes 50 to 100 ns; a column of narwhals takes hundreds."""
    few, many = (KNOWN[kind](values(n, d)) for d in (2, 12))
    inputs.rows(few, "X")
    extra = calls(lambda: inputs.rows(many, "X")) - calls(lambda: inputs.rows(few, "X"))
    assert extra <= 10 * 15


@pytest.mark.parametrize("dtype", ["f8", "f2", "u2", "?"])
@pytest.mark.parametrize("kind", KNOWN)
def test_known_libraries_are_asked_themselves(
    kind: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(tables, "_general")
    given = values(300, 3, (dtype,))
    X = inputs.rows(KNOWN[kind](given), "X")
    assert np.array_equal(np.asarray(X).T, np.array(list(given.values()), "f8"))
    assert [array.dtype for array in X.arrays] == [dtype] * 3


# Views


@pytest.mark.parametrize("n", [1, 300, STEP, STEP + 1, 2 * STEP + 1, 700_000])
def test_a_masked_column_is_a_view(n: int) -> None:
    """pandas does not tell where its nullable numbers lie: narwhals reads them."""
    column = pd.Series(np.arange(float(n))).astype("Float64")
    found = inputs.rows(column, "y")
    assert np.shares_memory(found, column.array._data)
    assert np.array_equal(found, np.arange(float(n)))


@pytest.mark.parametrize(
    ("n", "at"),
    [(n, at) for n in (1, 300, STEP, 600_000) for at in (0, 1, 100, STEP, STEP + 1) if at < n],
)
@pytest.mark.parametrize("kind", ["pyarrow", "polars"])
def test_any_library_is_asked_where_its_slices_lie(kind: str, n: int, at: int) -> None:
    given = {"x0": np.arange(float(n))}
    whole = at == 0
    table: Any = pa.table(given) if whole else cut(given, at)
    series = pl.from_arrow(table, rechunk=False)["x0"] if kind == "polars" else table["x0"]
    found = tables._general(nw.from_native(series, series_only=True), "X")
    assert type(found) is (np.ndarray if whole else Stored)
    assert np.array_equal(found, given["x0"])
    assert np.array_equal(found[: n // 2], given["x0"][: n // 2])
    if whole:
        assert np.shares_memory(found, given["x0"] if kind == "pyarrow" else series.to_numpy())


def test_a_pandas_block_is_not_copied() -> None:
    block = np.random.default_rng(0).normal(size=(50, 8))
    for frame in (pd.DataFrame(block, copy=False), pd.DataFrame(block.T.copy().T, copy=False)):
        for part in (frame, frame[3:40], frame.iloc[::-1], frame[[2]]):
            X = inputs.rows(part, "X")
            assert np.array_equal(np.asarray(X), part.to_numpy())
            for j, array in enumerate(X.arrays):
                assert np.shares_memory(array, part.iloc[:, j].to_numpy())


@pytest.mark.parametrize("dtypes", [("f8", "f4", "?"), ("f8", "f4"), ("f8", "i8"), ("f8",)])
def test_pandas_blocks_are_read_one_by_one(dtypes: tuple[str, ...]) -> None:
    frame = pd.DataFrame(values(40, 9, dtypes))
    frame["last"] = np.arange(40.0)
    X = inputs.rows(frame, "X")
    for array, (_, column) in zip(X.arrays, frame.items(), strict=True):
        assert array.dtype == column.dtype
        assert np.shares_memory(array, column.to_numpy())


@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("dtype", ["Float64", "boolean", "double[pyarrow]"])
def test_a_missing_value_after_the_first_row(d: int, dtype: str) -> None:
    frame = pd.DataFrame({f"x{j}": pd.array([1, 0, 1, 1], dtype) for j in range(d)})
    assert inputs.rows(frame, "X").shape == (4, d)
    frame.loc[2, "x0"] = pd.NA
    with pytest.raises(ValueError, match="X: column 'x0': got 1 missing value; want none"):
        inputs.rows(frame, "X")


@pytest.mark.parametrize("kind", ["pandas", "polars", "polars chunked", "pyarrow"])
@pytest.mark.parametrize("given", [[True, None, False], [1.0, 2.0, None], [None, 3, 4]])
def test_one_missing_value(kind: str, given: list[Any]) -> None:
    arrow = pa.array(given)
    table: Any = pa.table({"a": pa.chunked_array([arrow[:1], arrow[1:]])})
    if kind.startswith("pandas"):
        table = arrow_in_pandas(table)
    if kind.startswith("polars"):
        table = pl.from_arrow(table, rechunk="chunked" not in kind)
    with pytest.raises(ValueError, match="X: column 'a': got 1 missing value; want none"):
        inputs.rows(table, "X")


def test_missing_values_in_every_slice_are_counted_once() -> None:
    column = pd.Series(np.arange(600_000.0)).astype("Float64")
    column[[5, STEP - 1, STEP, 2 * STEP, 599_999]] = pd.NA
    with pytest.raises(ValueError, match="y: got 5 missing values; want none"):
        inputs.rows(column, "y")


def test_frames_without_rows_or_columns() -> None:
    for make in (*KNOWN.values(), lambda given: nw.from_native(pl.DataFrame(given))):
        X = inputs.rows(make(values(0, 2)), "X")
        assert (X.shape, np.asarray(X).shape) == ((0, 2), (0, 2))
    assert inputs.rows(pd.DataFrame(index=range(4)), "X").shape == (4, 0)
    assert inputs.rows(pa.chunked_array([], pa.float64()), "y").shape == (0,)


# Columns in chunks


def chunks(rng: np.random.Generator, dtype: str) -> list[np.ndarray]:
    return [(9 * rng.random(m)).astype(dtype) for m in (3, 1, 0, 7, 2, 0)]


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "?"])
@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_slices_of_chunks(library: str, dtype: str) -> None:
    arrays = chunks(np.random.default_rng(1), dtype)
    column: Any = pa.chunked_array(arrays)
    if library == "polars":
        column = pl.concat([pl.Series(array) for array in arrays], rechunk=False)
    stored, whole = inputs.rows(column, "y"), np.concatenate(arrays)
    assert (stored.shape, stored.size, stored.dtype) == ((13,), 13, dtype)
    for start in range(-2, 15):
        for stop in range(-2, 15):
            part, expected = stored[start:stop], whole[start:stop]
            assert len(part) == len(expected)
            assert part.dtype == dtype
            assert np.array_equal(part, expected)
            assert np.array_equal(part[1:3], expected[1:3])
    assert np.array_equal(stored[::-2], whole[::-2])
    assert np.array_equal(stored[np.array([12, 0, 4])], whole[[12, 0, 4]])
    assert np.asarray(stored, "f4").dtype == "f4"


def test_rows_within_a_chunk_are_not_copied() -> None:
    arrays = [np.arange(5.0), np.arange(4.0)]
    for column in (
        pa.chunked_array(arrays),
        pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array(arrays))),
    ):
        stored = inputs.rows(column, "y")
        assert np.shares_memory(stored[1:5], arrays[0])
        assert np.shares_memory(stored[5:9], arrays[1])
        assert type(stored[4:6]) is Stored


def test_empty_chunks_are_no_chunks() -> None:
    array = np.arange(4.0)
    found = inputs.rows(pa.chunked_array([array[:0], array, array[:0]]), "y")
    assert np.shares_memory(found, array)


@pytest.mark.parametrize(
    "given",
    [
        pd.DataFrame({"a": [1.0, 2.0]}),
        pa.chunked_array([[1.0], [2.0]]),
        pa.chunked_array([[True], [False]]),
        pl.Series([True, False]),
    ],
)
def test_a_copy_is_refused_where_none_is_allowed(given: Any) -> None:
    found = inputs.rows(given, "X")
    with pytest.raises(ValueError, match="copy: got False; want None or True"):
        np.asarray(found, copy=False)
    for copy in (None, True):
        array = np.array(found, copy=copy)
        array[0] = array[1]
        assert not np.array_equal(found, array)


class Pointers:
    """A column that calls itself numbers, and gives Python objects."""

    dtype = nw.Float64()

    def __len__(self) -> int:
        return 3

    def null_count(self) -> int:
        return 0

    def to_numpy(self) -> np.ndarray:
        return np.array([1.0, 2.0, "three"], dtype=object)


def test_objects_never_reach_a_kernel() -> None:
    with pytest.raises(TypeError, match="X: column 'a': got dtype object, Python objects"):
        tables._general(Pointers(), "X: column 'a'")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="three"):
        np.asarray(Stored([Pointers()], np.dtype("f8")))


# What the errors and the names say


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (pd.arrays.SparseArray([0.0, 0.0, 1.0]), r"Sparse\[float64"),
        (pd.period_range("2020", periods=3, freq="D"), r"period\[D\]"),
        (pd.interval_range(0, 3, 3), r"interval\[int64"),
    ],
)
def test_a_type_that_narwhals_does_not_know(column: Any, told: str) -> None:
    with pytest.raises(TypeError, match=rf"X: column 'a': got no known numbers \({told}"):
        fm.Linear().fit(pd.DataFrame({"a": column}), [1.0, 2.0, 3.0])


def test_arrow_nulls_are_called_so() -> None:
    with pytest.raises(TypeError, match=r"y_true: got no known numbers \(null\)"):
        fm.mse(pa.chunked_array([pa.nulls(2)]), [1.0, 2.0])


def test_names_are_compared_as_text() -> None:
    with pytest.raises(ValueError, match=r"X: got 2 columns named '1'; .*: 1 and '1' are one"):
        fm.Linear().fit(pd.DataFrame([[1.0, 2.0]], columns=[1, "1"]), [1.0])


def test_a_stream_of_batches_is_read_once() -> None:
    batch = pa.record_batch(values(5, 1))
    reader = pa.RecordBatchReader.from_batches(batch.schema, [batch])
    at = fm.Linear().objective(reader, np.ones(5))
    assert at([1.0])[0] == at([1.0])[0] > 0
    with pytest.raises(ValueError, match="X: got no rows"):
        fm.Linear().evaluate(reader, np.ones(5), [1.0])


def test_rows_go_by_position() -> None:
    one = pd.Series([1.0, 2.0, 3.0], index=[0, 1, 2])
    other = pd.Series([1.0, 2.0, 3.0], index=[2, 1, 0])
    assert fm.mse(one, other) == 0
    X = pd.DataFrame({"a": [1.0, 2.0], "b": [10.0, 20.0]})
    assert fm.Linear().evaluate(X, [1.0, 2.0], pd.Series({"b": 1.0, "a": 0.0})).sse == 0
