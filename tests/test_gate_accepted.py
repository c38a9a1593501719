"""The gate lets every array of real numbers in: without a copy, and unmodified."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from gate import BACKENDS, THETA, X, Y, readonly

import fastmse as fm
from fastmse import inputs
from fastmse.models.linear import LinearStream


class Tensor:
    """What torch and its kind offer to NumPy."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.array if dtype is None else self.array.astype(dtype)


class Subclass(np.ndarray):
    """An array whose arithmetic is not to be trusted."""

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("the gate takes the data, not the class")


ACCEPTED: dict[str, Callable[[np.ndarray], Any]] = {
    "list": np.ndarray.tolist,
    "tuple": lambda a: tuple(a.tolist()),
    "subclass": lambda a: a.view(Subclass),
    "tensor": Tensor,
    "memoryview": memoryview,
    "read-only": lambda a: readonly(a.copy()),
    "bool": lambda a: a > 1,
    "no strides": lambda a: np.broadcast_to(a[:1], a.shape),
    "integers": lambda a: a.astype(int).tolist(),
}


@pytest.mark.parametrize("kind", [*ACCEPTED, "Series", "nullable Series"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_array_likes(kind: str, backend: str) -> None:
    named = {"Series": pd.Series, "nullable Series": lambda a: pd.Series(a, dtype="Int64")}
    given = (ACCEPTED | named)[kind](Y)
    f = np.array([0.5, 3.0, -1.0])
    plain = np.asarray(given).astype(float)
    expected = fm.evaluate(plain, f, sample_weight=plain, backend=backend)
    e = fm.evaluate(given, f, sample_weight=given, backend=backend)
    assert (e.sse, e.weight_sum) == (expected.sse, expected.weight_sum)
    assert np.array_equal(e.grad, expected.grad)
    assert type(e.grad) is np.ndarray
    swapped = fm.evaluate(f, given, backend=backend)
    assert swapped.sse == fm.evaluate(f, plain, backend=backend).sse
    line = fm.Linear().evaluate(X, given, list(THETA), backend=backend)
    assert line.sse == fm.Linear().evaluate(X, plain, THETA, backend=backend).sse


@pytest.mark.parametrize("kind", [*ACCEPTED, "DataFrame", "mixed DataFrame"])
def test_array_likes_of_two_dimensions(kind: str) -> None:
    named = {
        "DataFrame": pd.DataFrame,
        "mixed DataFrame": lambda a: pd.DataFrame({"a": a[:, 0].astype(int), "b": a[:, 1]}),
    }
    given = (ACCEPTED | named)[kind](X)
    plain = np.asarray(given).astype(float)
    expected = fm.Linear(intercept=True).evaluate(plain, Y, [3.0, 1.0, 2.0])
    e = fm.Linear(intercept=True).evaluate(given, Y, (3, 1, 2))
    assert e.sse == expected.sse
    assert np.array_equal(e.grad, expected.grad)
    assert fm.mse(given, plain + 1) == 1


def test_accepted_arrays_are_not_copied(tmp_path: Path) -> None:
    memory = np.zeros((6, 4))
    for a in (memory, memory.T, memory[::2, ::-1], memory.astype(">f4"), readonly(np.ones(2))):
        assert inputs.real_array(a, "X") is a
    mapped = np.memmap(tmp_path / "x", dtype="f4", mode="w+", shape=(3,))
    assert np.shares_memory(inputs.real_array(mapped, "X"), mapped)


def test_memory_maps(tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", Y)
    mapped = np.load(tmp_path / "y.npy", mmap_mode="r")
    assert fm.mse(mapped, mapped + 2) == 4
    out = np.memmap(tmp_path / "gradient", dtype="f4", mode="w+", shape=(3,))
    e = fm.evaluate(mapped, np.zeros(3), out=out)
    assert np.shares_memory(e.grad, out)
    out.flush()
    assert np.array_equal(np.fromfile(tmp_path / "gradient", "f4"), np.float32(-2 / 3 * Y))


@pytest.mark.parametrize("layout", ["misaligned", "swapped", "read-only", "strided", "float32"])
def test_theta_of_any_layout(layout: str) -> None:
    rng = np.random.default_rng(2)
    design, y = rng.normal(size=(500, 40)), rng.normal(size=500)
    theta = rng.integers(-9, 9, (3, 40)).astype(float)
    laid = {
        "misaligned": np.ndarray(theta.shape, "f8", bytes(1) + theta.tobytes(), offset=1),
        "swapped": theta.astype(theta.dtype.newbyteorder()),
        "read-only": readonly(theta.copy()),
        "strided": np.repeat(theta, 2, axis=1)[:, ::2],
        "float32": theta.astype("f4"),
    }[layout]
    expected, e = (fm.Linear().evaluate(design, y, t) for t in (theta, laid))
    assert np.array_equal(e.sse, expected.sse)
    assert np.array_equal(e.grad, expected.grad)


@pytest.mark.parametrize("backend", BACKENDS)
def test_inputs_are_never_modified(backend: str) -> None:
    rng = np.random.default_rng(1)
    f = rng.normal(size=(5000, 3))
    y, w, theta = rng.normal(size=5000), rng.integers(0, 2, 5000) * 1.0, np.ones(3)
    f[w == 0] = np.nan
    given = [f, np.asfortranarray(f), y, w, theta]
    before = [a.tobytes() for a in given]
    for design in given[:2]:
        fm.Linear().evaluate(design, y, theta, sample_weight=w, backend=backend)
        fm.Linear().fit(design, y, sample_weight=w)
        fm.evaluate(y, design[:, 0], sample_weight=w, backend=backend)
    stream = LinearStream(theta, 3, backend=backend)
    stream.update(f, y, w)
    stream.finalize()
    assert [a.tobytes() for a in given] == before
