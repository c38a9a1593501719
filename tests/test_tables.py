"""Tables of pandas, polars and pyarrow: in place, with their names, and the bits of an array."""

from __future__ import annotations

import datetime
import decimal
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import fastmse as fm
from fastmse import inputs
from fastmse.columns import STRETCH_DOUBLES, Columns, Stored
from fastmse.models.linear import LinearStream
from fastmse.statistics import by_columns

BACKENDS = ["numpy", "cython", "numba"]
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


def equal_bits(one: fm.Evaluation, other: fm.Evaluation) -> bool:
    return all(
        np.array_equal(getattr(one, field), getattr(other, field))
        for field in ("n", "weight_sum", "sse", "mse", "grad")
    )


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("d", [6, 20])
def test_a_table_has_the_bits_of_its_columns(kind: str, backend: str, d: int) -> None:
    for n in (1, 2, 97, 1024, 3001):
        given = values(n, d)
        table, X = TABLES[kind](given), in_columns(given)
        theta = np.random.default_rng(n).normal(size=(2, d + 1))
        model = fm.Linear(intercept=True)
        for w, weight in ((None, None), (table["w"], given["w"])):
            if n == 2 and weight is not None:
                weight[:] = 1.0
                w = weight
            for at, n_threads in ((theta[0], 1), (theta, 2)):
                options = {"backend": backend, "n_threads": n_threads}
                expected = model.evaluate(X, given["y"], at, sample_weight=weight, **options)
                e = model.evaluate(features(table), table["y"], at, sample_weight=w, **options)
                assert equal_bits(e, expected), (n, n_threads)


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_bits_over_many_stretches(kind: str, backend: str) -> None:
    n = STRETCH_DOUBLES // 2
    given = values(n)
    table, X, theta = TABLES[kind](given), in_columns(given), np.arange(6.0)
    expected = fm.Linear().evaluate(X, given["y"], theta, sample_weight=given["w"], backend=backend)
    e = fm.Linear().evaluate(
        features(table), table["y"], theta, sample_weight=table["w"], backend=backend
    )
    assert equal_bits(e, expected)


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_stream_of_tables(kind: str, order: str) -> None:
    given = values(2500, 20)
    table, X = TABLES[kind](given), np.asarray(in_columns(given), order=order)
    streams = [LinearStream(np.ones(20), 20, order=order) for _ in range(2)]
    for rows in (slice(0, 700), slice(700, 701), slice(701, 2500)):
        part = (
            table[rows]
            if not isinstance(table, pa.Table)
            else table.slice(rows.start, rows.stop - rows.start)
        )
        streams[0].update(features(part), part["y"], part["w"])
        streams[1].update(X[rows], given["y"][rows], given["w"][rows])
    assert equal_bits(streams[0].finalize(), streams[1].finalize())
    whole = fm.Linear().evaluate(X, given["y"], np.ones(20), sample_weight=given["w"])
    assert equal_bits(streams[0].finalize(), whole)


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_fit_of_a_table(kind: str, weighted: bool) -> None:
    given = values(9000)
    table, X = TABLES[kind](given), in_columns(given)
    model = fm.Linear(intercept=True)
    expected = model.fit(X, given["y"], sample_weight=given["w"] if weighted else None)
    fit = model.fit(features(table), table["y"], sample_weight=table["w"] if weighted else None)
    assert fit.names == ("intercept", *(f"x {j}" for j in range(6)))
    assert all(name in fit.summary() for name in fit.names)
    assert np.array_equal(fit.theta, expected.theta)
    assert (fit.sse, fit.n) == (expected.sse, expected.n)
    assert np.array_equal(fit.robust("HC3"), expected.robust("HC3"))
    for interval in (None, "confidence"):
        predicted = fit.predict(features(table), interval=interval)
        assert np.array_equal(predicted, expected.predict(X, interval=interval))


@pytest.mark.parametrize("kind", TABLES)
def test_predict_checks_the_names_of_a_table(kind: str) -> None:
    given = values(50)
    table = TABLES[kind](given)
    fit = fm.Linear().fit(features(table), table["y"])
    swapped = {name: given[name] for name in ("x 1", "x 0", "x 2", "x 3", "x 4", "x 5")}
    with pytest.raises(ValueError, match=r"X: got 'x 1', 'x 0', .*; want 'x 0', 'x 1'"):
        fit.predict(TABLES[kind](swapped))
    with pytest.raises(ValueError, match=r"X: got .*'y', 'w' from column 6 on; want no more"):
        fit.predict(table)
    assert fit.predict(features(table)[:0]).shape == (0,)


@pytest.mark.parametrize("kind", TABLES)
def test_an_objective_of_a_table(kind: str) -> None:
    given = values(3000)
    table = TABLES[kind](given)
    mse, grad = fm.Linear().objective(features(table), table["y"])(np.ones(6))
    e = fm.Linear().evaluate(in_columns(given), given["y"], np.ones(6))
    assert mse == e.mse
    assert np.array_equal(grad, e.grad)


@pytest.mark.parametrize("kind", TABLES)
def test_predictions_from_a_table(kind: str) -> None:
    given = values(3000)
    table = TABLES[kind](given)
    e = fm.evaluate(table["y"], table["x 1"], sample_weight=table["w"])
    expected = fm.evaluate(given["y"], given["x 1"], sample_weight=given["w"])
    assert equal_bits(e, expected)
    assert fm.mse(features(table), in_columns(given)) == 0


def test_the_layout_of_a_table() -> None:
    X = inputs.rows(pd.DataFrame(values(5, 20)), "X")
    assert (X.shape, X.ndim, len(X)) == ((5, 22), 2, 5)
    assert by_columns(X)
    assert not by_columns(X[:1])  # one row is in C order
    assert X[1:4].shape == (3, 22)
    assert X[np.array([4, 1])].shape == (2, 22)
    assert np.asarray(X).flags.f_contiguous
    assert np.array_equal(np.asarray(X[1:4], "f4"), np.asarray(X)[1:4].astype("f4"))


# In place


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


# Refused

GOOD = [1.0, 2.0, 4.0]
DATES = [datetime.datetime(2020, 1, day) for day in (1, 2, 3)]
MONEY = [decimal.Decimal(1)] * 3

COLUMNS: dict[str, tuple[Any, type[Exception], str]] = {
    "pandas text": (pd.Series(list("abc")), TypeError, "got text"),
    "pandas object": (pd.Series([1, "b", 2], dtype=object), TypeError, "got Python objects"),
    "pandas category": (pd.Series(list("abc"), dtype="category"), TypeError, "got categories"),
    "pandas dates": (pd.Series(DATES), TypeError, "dates; pass numbers"),
    "pandas dates with a zone": (pd.Series(DATES).dt.tz_localize("UTC"), TypeError, "got dates"),
    "pandas complex": (pd.Series([1j] * 3), TypeError, "complex numbers"),
    "pandas missing": (pd.Series([1, None, 3], dtype="Int64"), ValueError, "got 1 missing value"),
    "pandas missing float": (
        pd.Series([None, None, 3], dtype="Float64"),
        ValueError,
        "got 2 missing values",
    ),
    "pandas arrow missing": (
        pd.Series([1, None, 3], dtype="int64[pyarrow]"),
        ValueError,
        "got 1 missing value",
    ),
    "polars text": (pl.Series(list("abc")), TypeError, "got text"),
    "polars category": (pl.Series(list("abc"), dtype=pl.Categorical), TypeError, "got categories"),
    "polars dates": (pl.Series(DATES), TypeError, "got dates"),
    "polars decimal": (pl.Series(MONEY), TypeError, "got decimals"),
    "polars 128 bits": (pl.Series([1] * 3, dtype=pl.Int128), TypeError, "Int128"),
    "polars missing": (pl.Series([1.0, None, None]), ValueError, "got 2 missing values"),
    "polars lists": (pl.Series([[1.0]] * 3), TypeError, "List"),
    "arrow text": (pa.chunked_array([list("abc")]), TypeError, "got text"),
    "arrow dates": (pa.chunked_array([DATES]), TypeError, "got dates"),
    "arrow decimal": (pa.chunked_array([MONEY]), TypeError, "got decimals"),
    "arrow category": (
        pa.chunked_array([pa.array(list("abc")).dictionary_encode()]),
        TypeError,
        "got categories",
    ),
    "arrow missing": (pa.chunked_array([[1.0], [None, 3.0]]), ValueError, "got 1 missing value"),
    "arrow nulls": (pa.chunked_array([pa.nulls(3)]), TypeError, "got no known numbers"),
}


def as_table(column: Any) -> Any:
    """A table of a good column and this one, which is called city."""
    if isinstance(column, pd.Series):
        return pd.DataFrame({"good": GOOD, "city": column})
    if isinstance(column, pl.Series):
        return pl.DataFrame({"good": GOOD, "city": column})
    return pa.table({"good": GOOD, "city": column})


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_that_are_refused(kind: str) -> None:
    column, error, told = COLUMNS[kind]
    table, model = as_table(column), fm.Linear()
    expected = f"X: column 'city': .*{re.escape(told)}.*; want "
    for call in (
        lambda: model.evaluate(table, GOOD, [1.0, 1.0]),
        lambda: model.fit(table, GOOD),
        lambda: model.objective(table, GOOD),
        lambda: LinearStream(np.ones(2), 2).update(table, GOOD),
        lambda: model.fit(np.ones((3, 2)), GOOD, l2=1.0).predict(table),
    ):
        with pytest.raises(error, match=expected):
            call()
    X = np.ones((3, 1))
    for argument, call in {
        "y": lambda: model.evaluate(X, column, [1.0]),
        "sample_weight": lambda: model.evaluate(X, GOOD, [1.0], sample_weight=column),
        "y_true": lambda: fm.mse(column, GOOD),
        "y_pred": lambda: fm.evaluate(GOOD, column),
    }.items():
        with pytest.raises(error, match=f"{argument}: .*{re.escape(told)}.*; want "):
            call()


def test_nan_is_no_missing_value() -> None:
    given = {"a": [1.0, float("nan"), 3.0]}
    for table in (pd.DataFrame(given), pl.DataFrame(given), pa.table(given)):
        assert np.isnan(fm.Linear().evaluate(table, GOOD, [1.0]).sse)
        with pytest.raises(ValueError, match="X: column 'a' holds NaN in row 1"):
            fm.Linear().fit(table, GOOD)


TWICE = np.ones((3, 2))


@pytest.mark.parametrize(
    ("table", "error", "told"),
    [
        (pd.DataFrame(TWICE, columns=["a", "a"]), ValueError, "2 columns named 'a'; want"),
        (pd.DataFrame(TWICE, columns=[1, "1"]), ValueError, "2 columns named '1'; want"),
        (pa.table([GOOD, GOOD], names=["a", "a"]), ValueError, "2 columns named 'a'; want"),
        (pl.LazyFrame({"a": GOOD}), TypeError, "a lazy LazyFrame; want .*collect"),
        (pl.DataFrame({"a": GOOD})[:0], ValueError, "no rows; want"),
        (pl.Series(GOOD), ValueError, r"shape \(3,\); want two dimensions"),
        (pa.chunked_array([GOOD[:1], GOOD[1:]]), ValueError, r"shape \(3,\); want two dimensions"),
    ],
)
def test_tables_that_are_refused(table: Any, error: type[Exception], told: str) -> None:
    for call in (fm.Linear().fit, fm.Linear().objective):
        with pytest.raises(error, match=f"X: got {told}"):
            call(table, GOOD)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_table_is_no_target(make: Callable[[Any], Any]) -> None:
    told = r"y: got shape \(3, 1\); want one dimension, \(n,\); select one column"
    with pytest.raises(ValueError, match=told):
        fm.Linear().evaluate(np.ones((3, 1)), make({"y": GOOD}), [1.0])
    with pytest.raises(ValueError, match="y: got 2 rows; want 3, as X has"):
        fm.Linear().evaluate(make({"x": GOOD}), make({"y": GOOD[:2]})["y"], [1.0])


def test_arrow_alone() -> None:
    """What speaks Arrow's C interface and no more."""
    given = values(100)
    batch = pa.record_batch(given).drop_columns(["y", "w"])
    expected = fm.Linear().fit(in_columns(given), given["y"])
    for table in (batch, pa.RecordBatchReader.from_batches(batch.schema, [batch[:9], batch[9:]])):
        fit = fm.Linear().fit(table, pa.array(given["y"]))
        assert fit.names == tuple(batch.schema.names)
        assert np.array_equal(fit.theta, expected.theta)
    with pytest.raises(ValueError, match="y: got 1 missing value"):
        fm.Linear().fit(np.ones((2, 1)), pa.array([1.0, None]))
    assert isinstance(inputs.rows(batch, "X"), Columns)
