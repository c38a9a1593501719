"""The gate: every refusal says which argument, what came and what is wanted."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.lib.stride_tricks import as_strided

import fastmse as fm
from fastmse import inputs
from fastmse.models.linear import LinearStream
from fastmse.models.predictions import PredictionStream

Y = np.array([1.0, 2.0, 4.0])
X = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]])
THETA = np.array([1.0, 2.0])
BACKENDS = ["numpy", "cython", "numba"]


def says(*words: str) -> str:
    """A pattern: the words in that order."""
    return "(?s)" + ".*".join(re.escape(word) for word in words)


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


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("truth", "pred"),
    [
        ((3,), (3, 1)),
        ((3, 1), (3,)),
        ((3,), (1, 3)),
        ((3,), (2,)),
        ((3,), (1,)),
        ((3,), ()),
        ((), (3,)),
        ((2, 3), (3, 2)),
        ((2, 3), (6,)),
        ((3,), (0,)),
    ],
)
def test_shapes_that_differ_are_never_broadcast(truth: tuple, pred: tuple, backend: str) -> None:
    for call in (fm.mse, fm.evaluate):
        expected = says("y_pred: got shape", str(pred), f"want {truth}", "y_true")
        with pytest.raises(ValueError, match=expected):
            call(np.ones(truth), np.ones(pred), backend=backend)
    with pytest.raises(ValueError, match=says("sample_weight: got shape", str(pred), str(truth))):
        fm.mse(np.ones(truth), np.ones(truth), sample_weight=np.ones(pred), backend=backend)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_no_elements(shape: tuple) -> None:
    with pytest.raises(ValueError, match=says("y_true: got shape", str(shape), "at least one")):
        fm.evaluate(np.ones(shape), np.ones(shape))


DESIGNS = {
    "vector": (np.ones(3), Y, "X", ["(3,)", "two dimensions", "reshape(-1, 1)"]),
    "cube": (np.ones((3, 2, 1)), Y, "X", ["(3, 2, 1)", "two dimensions"]),
    "scalar": (1.0, Y, "X", ["()", "two dimensions"]),
    "no rows": (np.ones((0, 2)), [], "X", ["no rows", "at least one"]),
    "column y": (X, Y[:, None], "y", ["(3, 1)", "one dimension", "ravel"]),
    "matrix y": (X, X, "y", ["(3, 2)", "one dimension"]),
    "scalar y": (X, 1.0, "y", ["()", "one dimension"]),
    "short y": (X, Y[:2], "y", ["2 rows", "want 3", "X"]),
    "long y": (X[:1], Y, "y", ["3 rows", "want 1", "X"]),
}


@pytest.mark.parametrize("case", DESIGNS)
def test_shapes_of_a_design(case: str) -> None:
    bad_x, bad_y, argument, told = DESIGNS[case]
    model = fm.Linear()
    calls = [
        lambda: model.evaluate(bad_x, bad_y, THETA),
        lambda: model.objective(bad_x, bad_y),
        lambda: model.fit(bad_x, bad_y),
        lambda: LinearStream(THETA, 2).update(bad_x, bad_y),
    ]
    if case == "no rows":  # a chunk of a stream may be empty
        calls.pop()()
    if case == "matrix y":  # a fit takes several targets
        assert len(calls.pop(2)()) == 2
    for call in calls:
        with pytest.raises(ValueError, match=says(f"{argument}: got", *told)):
            call()


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3,), (1, 3), (0, 2), (2, 1), (1, 1, 2)])
def test_shapes_of_theta(shape: tuple) -> None:
    with pytest.raises(
        ValueError, match=says("theta: got shape", str(shape), "want (2,)", "(K, 2)")
    ):
        fm.Linear().evaluate(X, Y, np.ones(shape))
    if shape[-1:] != (3,):
        with pytest.raises(ValueError, match=says("theta: got", "(3,)", "2 features", "intercept")):
            fm.Linear(intercept=True).evaluate(X, Y, np.ones(shape))


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


def readonly(a: np.ndarray) -> np.ndarray:
    a.flags.writeable = False
    return a


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
    with pytest.raises(RuntimeError, match=says("'cuda' is not available", "CUDA")):
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


BAD_CHUNKS = [
    (Y[:2], None),
    (Y[:, None], None),
    (["a", "b", "c"], None),
    (None, None),
    (Y, [1.0, -1.0, 1.0]),
    (Y, [1.0, 1.0, np.nan]),
    (Y, [1.0]),
]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_refused_chunk_leaves_a_stream_as_it_was(backend: str) -> None:
    y, f = np.random.default_rng(0).normal(size=(2, 10_000))
    design = np.column_stack([f, y])
    streams = [PredictionStream(backend=backend) for _ in range(2)]
    lines = [LinearStream(THETA, 2, backend=backend) for _ in range(2)]
    for rows in (slice(0, 5000), slice(5000, 10_000)):
        for stream, line in zip(streams, lines, strict=True):
            stream.update(y[rows], f[rows])
            line.update(design[rows], y[rows])
        for chunk, w in BAD_CHUNKS:
            with pytest.raises((TypeError, ValueError)):
                streams[0].update(Y, chunk, w)
            with pytest.raises((TypeError, ValueError)):
                lines[0].update(X, chunk, w)
        with pytest.raises(ValueError, match=says("X: got 1 columns", "want 2")):
            lines[0].update(X[:, :1], Y)
    for one, other in (streams, lines):
        assert one.finalize().sse == other.finalize().sse
        assert one.finalize().n == one.finalize().weight_sum == 10_000


@pytest.mark.parametrize("stream", [PredictionStream(), LinearStream(THETA, 2)])
def test_a_stream_without_rows(stream: PredictionStream | LinearStream) -> None:
    with pytest.raises(ValueError, match=says("got no rows", "at least one")):
        stream.finalize()
