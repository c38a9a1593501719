"""The gate refuses an out, a backend or a number of threads that cannot serve."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gate import BACKENDS, THETA, X, Y, readonly, says
from numpy.lib.stride_tricks import as_strided

import fastmse as fm
from fastmse.models.linear import LinearStream
from fastmse.models.predictions import PredictionStream

OUTPUTS = {
    "list": ([0.0] * 3, TypeError, "list"),
    "shape": (np.zeros((3, 1)), ValueError, "(3, 1)"),
    "integers": (np.zeros(3, int), TypeError, "int64"),
    "bool": (np.zeros(3, bool), TypeError, "bool"),
    "complex": (np.zeros(3, complex), TypeError, "complex128"),
    "object": (np.zeros(3, object), TypeError, "object"),
    "masked": (np.ma.zeros(3), TypeError, "masked"),
    "read-only": (readonly(np.zeros(3)), ValueError, "read-only"),
    "one element for all": (as_strided(np.zeros(1), (3,), (0,)), ValueError, "share memory"),
    "halves shared": (as_strided(np.zeros(3), (3,), (4,)), ValueError, "share memory"),
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_out(kind: str) -> None:
    out, error, told = OUTPUTS[kind]
    with pytest.raises(error, match=says("out: got", told, "want")):
        fm.evaluate(Y, Y, out=out)


@pytest.mark.parametrize("argument", ["y_true", "y_pred", "sample_weight"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_out_that_overlaps_an_input(argument: str, backend: str) -> None:
    memory = np.arange(1.0, 8.0)
    arrays = {"y_true": Y, "y_pred": Y, "sample_weight": Y, argument: memory[1:4]}
    bad = [memory[2:5], memory[3:0:-1], memory[1:7:2], memory.view("f4")[2:5]]
    for out in bad:
        with pytest.raises(ValueError, match=says("out: got", f"overlaps {argument}", "want")):
            fm.evaluate(**arrays, out=out, backend=backend)
    assert np.array_equal(memory, np.arange(1.0, 8.0))
    # The very elements of an input are read before they are written.
    expected = fm.evaluate(**{k: v.copy() for k, v in arrays.items()}).grad
    e = fm.evaluate(**arrays, out=arrays[argument], backend=backend)
    assert np.array_equal(e.grad, expected)


def test_out_interleaved_with_an_input_is_separate_memory() -> None:
    memory = np.arange(6.0)
    e = fm.evaluate(Y, memory[::2], out=memory[1::2])
    assert np.array_equal(e.grad, 2 / 3 * (np.array([0.0, 2.0, 4.0]) - Y))


def test_out_without_a_gradient() -> None:
    with pytest.raises(ValueError, match=says("out: got", "grad=False", "want")):
        fm.evaluate(Y, Y, out=np.zeros(3), grad=False)


@pytest.mark.parametrize("name", ["", "Cython", "gpu", "auto ", None, 3])
def test_backend_names(name: Any) -> None:
    told = says("backend: got", repr(name), "want", "auto, numpy, cython, numba, cuda")
    calls = [
        lambda: fm.mse(Y, Y, backend=name),
        lambda: fm.evaluate(Y, Y, backend=name),
        lambda: fm.Linear().evaluate(X, Y, THETA, backend=name),
        lambda: PredictionStream(backend=name),
        lambda: LinearStream(THETA, 2, backend=name),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=told):
            call()


def test_a_backend_that_cannot_serve_says_why() -> None:
    with pytest.raises(RuntimeError, match=r"'cuda' is not available: .*(CUDA driver|numba-cuda)"):
        fm.mse(Y, Y, backend="cuda")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (0, ValueError),
        (-1, ValueError),
        (1.5, TypeError),
        (2.0, TypeError),
        ("2", TypeError),
        (True, TypeError),
        ([1], TypeError),
        (np.array([1, 2]), TypeError),
    ],
)
def test_n_threads(bad: Any, error: type[Exception], backend: str) -> None:
    told = says("n_threads: got", repr(bad), "want an integer >= 1")
    with pytest.raises(error, match=told):
        fm.mse(Y, Y, n_threads=bad, backend=backend)
    with pytest.raises(error, match=told):
        fm.Linear().evaluate(X, Y, THETA, n_threads=bad, backend=backend)
