"""Predictions from columns in chunks, or of bits: the bits of an array, and no copy of it."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import fastmse as fm
from fastmse.columns import STRETCH_DOUBLES
from fastmse.models.predictions import PredictionStream
from fastmse.statistics import PREDICTION_BLOCK

BACKENDS = ["numpy", "cython", "numba"]


def drawn(n: int, dtype: str = "f8", seed: int = 0) -> np.ndarray:
    return (9 * np.random.default_rng(seed).random(n)).astype(dtype)


def chunked(a: np.ndarray, pieces: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(piece) for piece in np.array_split(a, pieces)])


def stacked(a: np.ndarray, pieces: int) -> pl.Series:
    return pl.concat([pl.Series(piece) for piece in np.array_split(a, pieces)], rechunk=False)


def in_pandas(a: np.ndarray, pieces: int) -> pd.Series:
    return pd.Series(pd.arrays.ArrowExtensionArray(chunked(a, pieces)))


LIBRARIES = {"pyarrow": chunked, "polars": stacked, "pandas": in_pandas}


def equal_bits(one: fm.Evaluation, other: fm.Evaluation) -> bool:
    return (one.n, one.weight_sum, one.sse) == (
        other.n,
        other.weight_sum,
        other.sse,
    ) and np.array_equal(one.grad, other.grad)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [2, PREDICTION_BLOCK + 1, 3 * STRETCH_DOUBLES // 2])
def test_the_bits_of_chunks(library: str, backend: str, n: int) -> None:
    make = LIBRARIES[library]
    y, f, w = drawn(n), drawn(n, "f4", 1), drawn(n, "u1", 2) + np.uint8(n == 2)
    bits = drawn(n, "u1", 3) % 2 == 1
    bits[0] = True
    for weight, as_column in ((None, None), (w, make(w, 2)), (bits, make(bits, 2))):
        expected = fm.evaluate(y, f, sample_weight=weight, backend=backend)
        for truth, pred, weights in (
            (make(y, 2), f, weight),
            (make(y, 1), make(f, 2), as_column),
            (y, make(f, 2), as_column),
            (y, f, as_column),
        ):
            e = fm.evaluate(truth, pred, sample_weight=weights, backend=backend, n_threads=2)
            assert equal_bits(e, expected)
            assert e.grad.dtype == "f4"
            assert fm.mse(truth, pred, sample_weight=weights, backend=backend) == expected.mse


@pytest.mark.parametrize("backend", BACKENDS)
def test_out_is_filled_stretch_by_stretch(backend: str) -> None:
    n = STRETCH_DOUBLES
    y, f = drawn(n), drawn(n, seed=1)
    for out in (np.empty(n), np.empty(2 * n)[::2], np.empty(n, ">f4"), f.copy()):
        e = fm.evaluate(chunked(y, 3), chunked(f, 2), out=out, backend=backend)
        expected = fm.evaluate(y, f, out=np.empty(n, out.dtype), backend=backend)
        assert e.grad is out
        assert equal_bits(e, expected)


def test_out_beside_the_truth_in_chunks_may_be_the_predictions() -> None:
    y, f = drawn(5000), drawn(5000, seed=1)
    expected = fm.evaluate(y, f)
    assert equal_bits(fm.evaluate(chunked(y, 2), f, out=f), expected)


@pytest.mark.parametrize("argument", ["y_true", "y_pred", "sample_weight"])
def test_out_is_no_chunk_of_an_input(argument: str) -> None:
    out, other = drawn(6000), drawn(6000, seed=1)
    swapped = pa.chunked_array([out[3000:], out[:3000]])
    given: dict[str, Any] = {"y_true": other, "y_pred": other, "sample_weight": other}
    given[argument] = swapped
    with pytest.raises(ValueError, match=f"out: got an array that overlaps {argument}; want"):
        fm.evaluate(**given, out=out)


def test_a_stream_of_chunks() -> None:
    y, f, w = drawn(9000), drawn(9000, "f4", 1), drawn(9000, "u1", 2)
    stream = PredictionStream()
    for rows in (slice(0, 700), slice(700, 8900), slice(8900, 9000)):
        stream.update(chunked(y[rows], 3), chunked(f[rows], 2), chunked(w[rows] > 3, 2))
    expected = fm.evaluate(y, f, sample_weight=w > 3, grad=False)
    assert equal_bits(stream.finalize(), expected)


def test_shapes_are_told_for_chunks_too() -> None:
    y = chunked(drawn(6), 2)
    with pytest.raises(ValueError, match=r"y_pred: got shape \(6, 1\); want \(6,\)"):
        fm.mse(y, np.ones((6, 1)))
    with pytest.raises(ValueError, match=r"y_pred: got shape \(6,\); want \(5,\)"):
        fm.mse(np.ones(5), y)
    with pytest.raises(ValueError, match=r"sample_weight: got shape \(6,\); want \(6, 1\)"):
        fm.mse(np.ones((6, 1)), np.ones((6, 1)), sample_weight=y)
    with pytest.raises(ValueError, match=r"y_true: got shape \(0,\), no elements"):
        fm.mse(y[:0], y[:0])
    with pytest.raises(ValueError, match=r"sample_weight: got -1.0 in row 4"):
        fm.mse(y, y, sample_weight=pa.chunked_array([[1.0, 1.0, 1.0], [1.0, -1.0, 1.0]]))


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_chunks_are_not_put_together(backend: str) -> None:
    """16 MB a column; what NumPy allocates for a stretch is 2 MB, and twice as much in Numba."""
    n = 2_000_000
    y, f, bits = chunked(drawn(n), 7), chunked(drawn(n, seed=1), 5), chunked(drawn(n) > 4, 3)
    fm.mse(y[:9000], f[:9000], sample_weight=bits[:9000], backend=backend)
    tracemalloc.start()
    try:
        fm.mse(y, f, sample_weight=bits, backend=backend)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
