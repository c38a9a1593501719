"""Columns and tables that are refused, by name."""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import fastmse as fm
from fastmse.models.linear import LinearStream

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
