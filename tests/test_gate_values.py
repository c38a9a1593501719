"""The gate refuses what holds no real numbers, or weights that are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from gate import BACKENDS, THETA, X, Y, says

import fastmse as fm


class Unreadable:
    """An array-like that fails in its own way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise self.error


NO_REAL_NUMBERS = {
    "object": (np.array([1.0, 2.0, None]), "object"),
    "mixed list": ([1.0, None, 2.0], "object"),
    "integers beyond 64 bits": ([2**64] * 3, "object"),
    "generator": ((i for i in range(3)), "object"),
    "text": (np.array(["1", "2", "3"]), "<U1"),
    "list of text": (["a", "b", "c"], "<U1"),
    "one text": ("abc", "<U3"),
    "variable text": (np.array(["a"] * 3, np.dtypes.StringDType()), "StringDType"),
    "bytes": (np.array([b"1", b"2", b"3"]), "|S1"),
    "complex": (Y + 0j, "complex128"),
    "wide complex": (Y.astype("G"), "complex"),
    "datetime": (np.zeros(3, "M8[s]"), "datetime64[s]"),
    "timedelta": (np.zeros(3, "m8[s]"), "timedelta64[s]"),
    "structured": (np.zeros(3, "f8, i4"), "('f0', '<f8')"),
    "recarray": (np.rec.fromarrays([Y]), "('f0', '<f8')"),
    "void": (np.zeros(3, "V8"), "|V8"),
    "float8 that calls itself a float": (np.zeros(3, ml_dtypes.float8_e5m2), "float8_e5m2"),
    "float8": (np.zeros(3, ml_dtypes.float8_e4m3fn), "float8_e4m3fn"),
    "int4": (np.zeros(3, ml_dtypes.int4), "int4"),
    "masked": (np.ma.array(Y, mask=[0, 1, 0]), "masked array"),
    "masked without a mask": (np.ma.array(Y), "masked array"),
    "sparse matrix": (scipy.sparse.csr_matrix(X), "sparse csr_matrix"),
    "sparse array": (scipy.sparse.coo_array(X), "sparse coo_array"),
    "None": (None, "None"),
    "pandas text": (pd.Series(["a", "b", "c"]), "text (String)"),
    "pandas dates": (pd.Series(pd.date_range("2020", periods=3)), "datetime64"),
    "torch that requires a gradient": (Unreadable(RuntimeError("call detach")), "call detach"),
    "unreadable": (Unreadable(TypeError("on a GPU")), "on a GPU"),
}
if np.dtype("g").itemsize > 8:
    NO_REAL_NUMBERS["longdouble"] = (Y.astype("g"), np.dtype("g").name)

NO_ARRAY = {
    "ragged": ([[1.0], [1.0, 2.0]], "got a list", "inhomogeneous"),
    "undecodable": (Unreadable(UnicodeDecodeError("ascii", b"\xff", 0, 1, "no")), "got a Unread"),
}

ARGUMENTS: dict[str, Callable[[Any], object]] = {
    "y_true": lambda bad: fm.evaluate(bad, Y),
    "y_pred": lambda bad: fm.evaluate(Y, bad),
    "sample_weight": lambda bad: fm.evaluate(Y, Y, sample_weight=bad),
    "X": lambda bad: fm.Linear().evaluate(bad, Y, THETA),
    "y": lambda bad: fm.Linear().evaluate(X, bad, THETA),
    "theta": lambda bad: fm.Linear().evaluate(X, Y, bad),
}


@pytest.mark.parametrize("argument", ARGUMENTS)
@pytest.mark.parametrize("kind", NO_REAL_NUMBERS)
def test_what_holds_no_real_numbers(kind: str, argument: str) -> None:
    bad, told = NO_REAL_NUMBERS[kind]
    if argument == "sample_weight" and bad is None:  # which means no weights
        return
    with pytest.raises(TypeError, match=says(f"{argument}: got", told, "want")):
        ARGUMENTS[argument](bad)


@pytest.mark.parametrize("argument", ARGUMENTS)
@pytest.mark.parametrize("kind", NO_ARRAY)
def test_what_is_no_array(kind: str, argument: str) -> None:
    bad, *told = NO_ARRAY[kind]
    with pytest.raises(ValueError, match=says(f"{argument}: ", *told, "want")):
        ARGUMENTS[argument](bad)


WEIGHTS = {
    "negative": ([1.0, -2.0, 1.0], "-2.0 in row 1"),
    "NaN": ([1.0, 1.0, np.nan], "nan in row 2"),
    "infinite": ([np.inf, 1.0, 1.0], "inf in row 0"),
    "all zero": ([0.0, 0.0, 0.0], "only zeros"),
    "too few": ([1.0, 1.0], "want"),
    "scalar": (1.0, "want"),
    "column": ([[1.0], [1.0], [1.0]], "want"),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", WEIGHTS)
def test_weights(kind: str, backend: str) -> None:
    w, told = WEIGHTS[kind]
    with pytest.raises(ValueError, match=says("sample_weight: got", told)):
        fm.evaluate(Y, Y, sample_weight=w, backend=backend)
    with pytest.raises(ValueError, match=says("sample_weight: got", told)):
        fm.Linear().evaluate(X, Y, THETA, sample_weight=w, backend=backend)
    with pytest.raises(ValueError, match=says("sample_weight: got", told)):
        fm.Linear().fit(X, Y, sample_weight=w)


def test_a_bad_weight_far_down() -> None:
    w = np.ones(9_000_000, "f4")
    w[8_500_000] = -1
    with pytest.raises(ValueError, match="row 8500000;"):
        fm.mse(w, w, sample_weight=w)
