"""Rows in chunks: the bits of all rows at once; merged out of order: within stated bounds."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import exact
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmse as fm
from fastmse.models.linear import LinearStream
from fastmse.models.predictions import PredictionStream
from fastmse.results import Evaluation

N = 12_500  # three blocks of 4096 and a part of one
BACKENDS = ["cython", "numba"]
THETA = {8: np.linspace(-1, 1, 8), 40: np.linspace(-2, 2, 40)}

MERGED_SSE_ULP = 4
MERGED_GRAD_EPS = 8


def data(seed: int, d: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X (N, d), y and weights, some of them 0."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(N, d)), rng.normal(size=N) * 1e3, rng.integers(0, 3, N) * 0.7


def bits(e: Evaluation) -> tuple[Any, ...]:
    return e.n, e.weight_sum, e.sse, e.mse, None if e.grad is None else e.grad.tobytes()


def chunks(cuts: list[int]) -> list[slice]:
    return [slice(a, b) for a, b in pairwise([0, *sorted(cuts), N])]


CUTS = st.lists(st.integers(1, N - 1), max_size=12, unique=True)


@given(CUTS, st.booleans())
def test_chunks_of_predictions_give_the_same_bits(cuts: list[int], weighted: bool) -> None:
    X, y, w = data(1)
    f = X[:, 0] * 1e3
    stream = PredictionStream()
    for rows in chunks(cuts):
        stream.update(y[rows], f[rows], w[rows] if weighted else None)
    whole = fm.evaluate(y, f, sample_weight=w if weighted else None, grad=False)
    assert bits(stream.finalize()) == bits(whole)


@given(CUTS, st.booleans(), st.booleans(), st.sampled_from([8, 40]), st.sampled_from("CF"))
def test_chunks_of_a_linear_model_give_the_same_bits(
    cuts: list[int], weighted: bool, intercept: bool, d: int, order: str
) -> None:
    X, y, w = data(2, d)
    X = np.asarray(X, order=order)
    theta = np.concatenate([[0.5] * intercept, THETA[d]])
    stream = LinearStream(theta, d, intercept=intercept, order=order)
    for rows in chunks(cuts):
        stream.update(X[rows], y[rows], w[rows] if weighted else None)
    model = fm.Linear(intercept=intercept)
    whole = model.evaluate(X, y, theta, sample_weight=w if weighted else None)
    assert bits(stream.finalize()) == bits(whole)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("length", [1000, 4095, 4096, 4097])
def test_chunks_of_one_length(length: int, backend: str) -> None:
    X, y, w = data(3)
    stream = LinearStream(THETA[8], 8, backend=backend)
    predictions = PredictionStream(backend=backend)
    for start in range(0, N, length):
        rows = slice(start, start + length)
        stream.update(X[rows], y[rows], w[rows])
        predictions.update(y[rows], X[rows, 0], w[rows])
    whole = fm.Linear().evaluate(X, y, THETA[8], sample_weight=w)
    assert bits(stream.finalize()) == bits(whole)
    whole = fm.evaluate(y, X[:, 0], sample_weight=w, grad=False)
    assert bits(predictions.finalize()) == bits(whole)


def test_chunks_of_one_row() -> None:
    X, y, _ = data(4)
    stream, predictions = LinearStream(THETA[8], 8), PredictionStream()
    for i in range(5000):
        stream.update(X[i : i + 1], y[i : i + 1])
        predictions.update(y[i : i + 1], X[i : i + 1, 0])
    assert bits(stream.finalize()) == bits(fm.Linear().evaluate(X[:5000], y[:5000], THETA[8]))
    whole = fm.evaluate(y[:5000], X[:5000, 0], grad=False)
    assert bits(predictions.finalize()) == bits(whole)


def test_chunks_of_several_dtypes_and_layouts() -> None:
    """Equal values are equal bits, whatever held them."""
    X, y = np.random.default_rng(5).integers(-60, 60, (2, N, 8))
    y = y[:, 0]
    stream = LinearStream(THETA[8], 8)
    for dtype, rows in zip(
        ["i1", "f8", ">f4", "i8", "f2"], chunks([7, 5000, 5001, 9999]), strict=True
    ):
        chunk = X[rows].astype(dtype)
        stream.update(chunk if dtype != "f8" else np.asfortranarray(chunk)[::-1][::-1], y[rows])
    assert bits(stream.finalize()) == bits(fm.Linear().evaluate(X, y, THETA[8]))


def laid(chunk: np.ndarray, layout: str) -> np.ndarray:
    """The same values, otherwise in memory."""
    if layout == "strided":
        return np.repeat(np.repeat(chunk, 2, axis=0), 3, axis=1)[::2, ::3]
    return np.array(chunk, order=layout)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("d", [2, 8, 9, 17, 57])
@pytest.mark.parametrize("order", "CF")
def test_the_order_of_a_stream_is_not_that_of_its_chunks(order: str, d: int, backend: str) -> None:
    X, y, w = data(12, d)
    theta = np.linspace(-1, 1, d)
    whole = fm.Linear().evaluate(np.asarray(X, order=order), y, theta, sample_weight=w)
    for first, others in [("C", "C"), ("F", "F"), ("C", "F"), ("strided", "C"), ("F", "strided")]:
        stream = LinearStream(theta, d, order=order, backend=backend)
        for rows in chunks([1, 700, 5000]):
            stream.update(laid(X[rows], others if rows.start else first), y[rows], w[rows])
        assert bits(stream.finalize()) == bits(whole), (first, others)


@pytest.mark.parametrize("backend", BACKENDS)
def test_many_thetas(backend: str) -> None:
    X, y, w = data(6)
    thetas = np.stack([THETA[8], 2 * THETA[8], 0 * THETA[8]])
    stream = LinearStream(thetas, 8, backend=backend)
    for rows in chunks([4000, 4500]):
        stream.update(X[rows], y[rows], w[rows])
    e = stream.finalize()
    for k, theta in enumerate(thetas):
        alone = fm.Linear().evaluate(X, y, theta, sample_weight=w)
        assert e.sse[k] == alone.sse
        assert np.array_equal(e.grad[k], alone.grad)


def test_weights_in_some_chunks_only_are_ones_in_the_others() -> None:
    X, y, w = data(7)
    w[3000:8000] = 1
    stream, predictions = LinearStream(THETA[8], 8), PredictionStream()
    for rows in chunks([3000, 8000]):
        given = None if rows.start == 3000 else w[rows]
        stream.update(X[rows], y[rows], given)
        predictions.update(y[rows], X[rows, 1], given)
    assert bits(stream.finalize()) == bits(fm.Linear().evaluate(X, y, THETA[8], sample_weight=w))
    whole = fm.evaluate(y, X[:, 1], sample_weight=w, grad=False)
    assert bits(predictions.finalize()) == bits(whole)


def test_a_chunk_of_zero_weights_counts_nothing_whatever_it_holds() -> None:
    X, y, _ = data(8)
    stream, predictions = LinearStream(THETA[8], 8), PredictionStream()
    for rows in chunks([5000]):
        stream.update(X[rows], y[rows])
        predictions.update(y[rows], X[rows, 1])
        stream.update(np.full((7, 8), np.nan), np.full(7, np.inf), np.zeros(7))
        predictions.update(np.full(7, np.nan), np.full(7, np.inf), np.zeros(7))
    for e in (stream.finalize(), predictions.finalize()):
        assert e.n == e.weight_sum == N
        assert np.isfinite(e.sse)


def test_an_empty_chunk_changes_nothing() -> None:
    X, y, _ = data(9)
    stream = PredictionStream()
    stream.update([], [])
    for rows in chunks([5000]):
        stream.update(y[rows], X[rows, 0])
        stream.update([], [])
        stream.update(y[:0], y[:0], y[:0])
    assert bits(stream.finalize()) == bits(fm.evaluate(y, X[:, 0], grad=False))


@pytest.mark.parametrize("backend", ["numpy", *BACKENDS])
def test_a_stream_goes_on_after_finalize(backend: str) -> None:
    X, y, w = data(10)
    stream, predictions = (
        LinearStream(THETA[8], 8, backend=backend),
        PredictionStream(backend=backend),
    )
    for rows in chunks([10, 4096, 9000]):
        stream.update(X[rows], y[rows], w[rows])
        predictions.update(y[rows], X[rows, 0], w[rows])
        first = bits(stream.finalize()), bits(predictions.finalize())
        assert (bits(stream.finalize()), bits(predictions.finalize())) == first
        until = slice(0, rows.stop)
        if backend != "numpy":
            whole = fm.Linear().evaluate(X[until], y[until], THETA[8], sample_weight=w[until])
            assert first[0] == bits(whole)
            whole = fm.evaluate(y[until], X[until, 0], sample_weight=w[until], grad=False)
            assert first[1] == bits(whole)


def test_finalized_results_do_not_change_with_the_stream() -> None:
    X, y, _ = data(11)
    stream = LinearStream(THETA[8], 8)
    stream.update(X[:5000], y[:5000])
    e = stream.finalize()
    before = bits(e)
    stream.update(X[5000:], y[5000:])
    assert bits(e) == before != bits(stream.finalize())


def merged(parts: list[Any], order: np.ndarray) -> Any:
    total = parts[order[0]]
    for i in order[1:]:
        total.merge(parts[i])
    return total


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("d", [8, 40])
def test_merges_in_any_order_stay_within_the_bounds(d: int, seed: int) -> None:
    """Integers, so that the exact sums are at hand; every part ends inside a block."""
    rng = np.random.default_rng(seed)
    X, y = rng.integers(-60, 60, (N, d)), rng.integers(-1000, 1000, N)
    w, theta = rng.integers(0, 4, N), rng.integers(-9, 9, d) / 3
    parts, predictions = [], []
    for rows in chunks(rng.choice(np.arange(1, N), 9, replace=False).tolist()):
        part, prediction = LinearStream(theta, d), PredictionStream()
        part.update(X[rows], y[rows], w[rows])
        prediction.update(y[rows], X[rows, 0], w[rows])
        parts.append(part)
        predictions.append(prediction)
    order = rng.permutation(len(parts))
    e = merged(predictions, order).finalize()
    assert exact.ulps(e.sse, exact.sse(X[:, 0] - y, w)) <= MERGED_SSE_ULP
    assert (e.n, e.weight_sum) == (np.count_nonzero(w), w.sum())

    e = merged(parts, order).finalize()
    whole = fm.Linear().evaluate(X, y, theta, sample_weight=w)
    assert (e.n, e.weight_sum) == (whole.n, whole.weight_sum)
    assert abs(e.sse - whole.sse) <= MERGED_SSE_ULP * np.spacing(whole.sse)
    size = 2 / w.sum() * (w * np.abs(X @ theta - y)) @ np.abs(X)
    assert (np.abs(e.grad - whole.grad) <= MERGED_GRAD_EPS * exact.EPS * size).all()


def test_a_merged_stream_goes_on_and_the_other_stays() -> None:
    X, y, w = data(12)
    one, other = LinearStream(THETA[8], 8), LinearStream(THETA[8], 8)
    one.update(X[:5000], y[:5000], w[:5000])
    other.update(X[5000:9000], y[5000:9000], w[5000:9000])
    before = bits(other.finalize())
    one.merge(other)
    one.update(X[9000:], y[9000:], w[9000:])
    assert bits(other.finalize()) == before
    other.update(X[:1], y[:1])
    e, whole = one.finalize(), fm.Linear().evaluate(X, y, THETA[8], sample_weight=w)
    assert (e.n, e.weight_sum) == (whole.n, pytest.approx(whole.weight_sum, rel=1e-15))
    assert e.sse == pytest.approx(whole.sse, rel=1e-15)


def test_an_empty_stream_merges_either_way() -> None:
    X, y, w = data(15)
    one, empty = PredictionStream(), PredictionStream()
    one.update(y, X[:, 0], w)
    before = bits(one.finalize())
    one.merge(empty)
    empty.merge(one)
    assert bits(one.finalize()) == bits(empty.finalize()) == before


def test_a_stream_at_another_theta_is_not_merged() -> None:
    one = LinearStream(THETA[8], 8)
    one.update(*data(13)[:2])
    before = bits(one.finalize())
    others = [
        LinearStream(2 * THETA[8], 8),
        LinearStream(THETA[8], 7, intercept=True),
        LinearStream(THETA[8], 8, grad=False),
    ]
    for other in others:
        with pytest.raises(ValueError, match=r"other: got a stream of .* or another theta; want"):
            one.merge(other)
    assert bits(one.finalize()) == before


def test_without_the_gradient() -> None:
    X, y, _ = data(14)
    stream = LinearStream(THETA[8], 8, grad=False)
    for rows in chunks([77]):
        stream.update(X[rows], y[rows])
    assert bits(stream.finalize()) == bits(fm.Linear().evaluate(X, y, THETA[8], grad=False))


@pytest.mark.parametrize("d", [8, 40])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_stream_of_one_row(order: str, d: int) -> None:
    rng = np.random.default_rng(15)
    for _ in range(20):
        X = np.array(rng.normal(size=(9, d)), order=order)
        y, theta = rng.normal(size=9), rng.normal(size=d)
        stream = LinearStream(theta, d, order=order)
        stream.update(X[4:5], y[4:5])
        alone = fm.Linear().evaluate(X[4:5], y[4:5], theta)
        copy = fm.Linear().evaluate(X[4:5].copy(order), y[4:5], theta)
        assert bits(stream.finalize()) == bits(alone) == bits(copy)
