"""Tables of pandas, polars and pyarrow have the bits of an array, and their names."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from table_kinds import TABLES, features, in_columns, values

import fastmse as fm
from fastmse import inputs
from fastmse.columns import STRETCH_DOUBLES, Columns
from fastmse.models.linear import LinearStream

BACKENDS = ["numpy", "cython", "numba"]


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
