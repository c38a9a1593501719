"""What the gate for device arrays refuses, in the words of the host's."""

from __future__ import annotations

import numpy as np
import pytest
from cuda_memory import Producer, send

import fastmse as fm


def ones(*shape, dtype=np.float64, **interface):
    return send(np.ones(shape, dtype), **interface)


class OnOther(Producer):
    def __dlpack_device__(self):
        return 2, 1


class OnFirst(Producer):
    def __dlpack_device__(self):
        return 2, 0


DECAY = fm.Expression("a*exp(-b*t) + s", ["a", "b"])
LINE = fm.Function(lambda x, theta: theta[0] * x, lambda x, theta, out: None, parameters=["a"])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: fm.mse(ones(3), ones(3, 1)),
            ValueError,
            r"y_pred: got shape \(3, 1\); want \(3,\)",
        ),
        (lambda: fm.mse(ones(0), ones(0)), ValueError, r"y_true: got shape \(0,\), no elements"),
        (lambda: fm.mse(ones(3), np.ones(3)), TypeError, "y_pred: got a numpy ndarray in host"),
        (lambda: fm.mse(np.ones(3), ones(3)), TypeError, "y_true: got a numpy ndarray in host"),
        (lambda: fm.mse(ones(3, dtype=np.int32), ones(3)), TypeError, "y_true: got dtype int32"),
        (
            lambda: fm.mse(ones(3, dtype=complex), ones(3)),
            TypeError,
            "y_true: got dtype complex128",
        ),
        (lambda: fm.mse(ones(3, mask=ones(3)), ones(3)), TypeError, "y_true: got a masked array"),
        (
            lambda: fm.mse(OnFirst(np.ones(3)), OnOther(np.ones(3))),
            ValueError,
            "y_pred: got an array on device 1; want it on device 0, as y_true is",
        ),
        (lambda: fm.mse(ones(3), ones(3), backend="numba"), TypeError, "backend: got 'numba'"),
        (
            lambda: fm.evaluate(ones(3), ones(3), grad=False, out=ones(3)),
            ValueError,
            "out: got an array together",
        ),
        (
            lambda: fm.evaluate(ones(3), ones(3), out=ones(4)),
            ValueError,
            r"out: got shape \(4,\); want \(3,\)",
        ),
        (
            lambda: fm.evaluate(ones(3), ones(3), out=np.ones(3)),
            TypeError,
            "out: got a numpy ndarray in host memory",
        ),
        (lambda: fm.Linear().evaluate(ones(3), ones(3), [1.0]), ValueError, "X: got shape"),
        (
            lambda: fm.Linear().evaluate(ones(3, 2), ones(4), [1.0, 2.0]),
            ValueError,
            "y: got 4 rows",
        ),
        (lambda: fm.Linear().evaluate(ones(3, 2), ones(3), [1.0]), ValueError, "theta: got shape"),
        (
            lambda: DECAY.evaluate({"t": ones(3)}, ones(3), [1.0, 2.0]),
            ValueError,
            "X: got a dict without 's'; want every variable of the model",
        ),
        (
            lambda: DECAY.evaluate({"t": ones(3), "s": np.ones(3)}, ones(3), [1.0, 2.0]),
            TypeError,
            r"X\['s'\]: got a numpy ndarray in host memory",
        ),
        (
            lambda: DECAY.evaluate({"t": ones(3), "s": ones(4)}, ones(3), [1.0, 2.0]),
            ValueError,
            r"X\['s'\]: got 4 rows; want 3, as X\['t'\] has",
        ),
        (
            lambda: DECAY.evaluate({"t": ones(3), "s": ones(3, 1)}, ones(3), [1.0, 2.0]),
            ValueError,
            r"X\['s'\]: got shape \(3, 1\); want one dimension",
        ),
        (
            lambda: DECAY.evaluate({"t": ones(3), "s": ones(3)}, ones(2), [1.0, 2.0]),
            ValueError,
            "y: got 2 rows; want 3, as X has",
        ),
        (
            lambda: DECAY.evaluate(
                {"t": OnFirst(np.ones(3)), "s": OnOther(np.ones(3))}, ones(3), [1.0, 2.0]
            ),
            ValueError,
            r"X\['s'\]: got an array on device 1; want it on device 0, as X\['t'\] is",
        ),
        (
            lambda: DECAY.evaluate(
                {"t": ones(3), "s": OnOther(np.ones(3))}, OnFirst(np.ones(3)), [1.0, 2.0]
            ),
            ValueError,
            r"y: got an array on device 0; want it on device 1, as X\['s'\] is",
        ),
        (
            lambda: fm.evaluate(OnFirst(np.ones(3)), ones(3), out=OnOther(np.ones(3))),
            ValueError,
            "out: got an array on device 1; want it on device 0, as y_true is",
        ),
        (
            lambda: LINE.evaluate({"t": ones(3)}, ones(3), [1.0]),
            TypeError,
            "X: got a dict, but the variables have no names",
        ),
        (
            lambda: fm.Linear().evaluate(ones(0, 2), ones(0), [1.0, 2.0]),
            ValueError,
            "X: got no rows",
        ),
    ],
)
def test_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_overlaps():
    base = send(np.ones(10))
    pointer, _ = base.__cuda_array_interface__["data"]
    f = send(np.ones(5), data=(pointer, False), strides=None)
    out = send(np.ones(5), data=(pointer + 8, False), strides=None)
    with pytest.raises(ValueError, match="out: got an array that overlaps y_pred"):
        fm.evaluate(ones(5), f, out=out)


def test_read_only_output():
    out = ones(3)
    pointer, _ = out.__cuda_array_interface__["data"]
    with pytest.raises(ValueError, match="out: got a read-only array"):
        fm.evaluate(ones(3), ones(3), out=send(np.ones(3), data=(pointer, True)))
