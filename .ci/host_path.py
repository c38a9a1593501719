"""What the host does around the kernels of a GPU: that it ends, and its time.

Over the driver of `tests/emulator`: kernels are compiled and launched, and never run; sums are
zeros.
"""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from cuda.core import Device

import fastmse as fm

ROUNDS = 2000


class OnDevice:
    """NumPy's memory in the words of a library for GPUs."""

    def __init__(self, *shape: int, dtype: str = "float64", stream: int = 1) -> None:
        self._array = array = np.zeros(shape, dtype)
        self.__cuda_array_interface__ = {
            "typestr": array.dtype.str,
            "shape": shape,
            "strides": None,
            "data": (array.ctypes.data, False),
            "version": 3,
            "stream": stream,
        }

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 0


def decay(t: Any, theta: Any) -> Any:
    return theta[0] * math.exp(-theta[1] * t)


def decay_grad(t: Any, theta: Any, out: Any) -> None:
    out[0] = math.exp(-theta[1] * t)
    out[1] = -theta[0] * t * out[0]


Call = Callable[[], Any]


def calls() -> dict[str, tuple[int, Call]]:
    """Each with the number of kernels that it launches."""
    y, f, out = (OnDevice(10**6) for _ in range(3))
    narrow, waited = OnDevice(10**6, dtype="float16"), OnDevice(10**6, stream=48)
    X, wide, rows = OnDevice(10**4, 64), OnDevice(10**4, 2), OnDevice(10**4)
    host, host_X = np.zeros(9 * 10**6), np.zeros((10**6, 8))
    slopes, two = np.ones(64), np.ones(2)
    linear = fm.Linear()
    formula = fm.Expression("a*exp(-b*t)", parameters=["a", "b"])
    function = fm.Function(decay, decay_grad, parameters=["a", "b"])

    def refused() -> None:
        """No row is counted, as if all had raised."""
        told = ""
        try:
            function.evaluate(y, f, two)
        except RuntimeError as error:
            told = str(error)
        assert "raised an exception in some row" in told, told

    def sent(evaluate: Callable[..., Any], *arguments: Any) -> Call:
        return lambda: evaluate(*arguments, backend="cuda")

    return {
        "mse": (2, lambda: fm.mse(y, f)),
        "mse, float16": (2, lambda: fm.mse(narrow, narrow)),
        "mse, another stream": (2, lambda: fm.mse(y, waited)),
        "evaluate(out=)": (2, lambda: fm.evaluate(y, f, out=out)),
        "Linear, rows": (3, lambda: linear.evaluate(X, rows, slopes)),
        "Linear, two columns": (2, lambda: linear.evaluate(wide, rows, two)),
        "Linear, 3 theta": (6, lambda: linear.evaluate(wide, rows, np.ones((3, 2)))),
        "Expression": (3, lambda: formula.evaluate(y, f, two)),
        "Expression.normal": (3, lambda: formula.normal(y, f, two)),
        "Function": (3, refused),
        "mse, sent": (4, sent(fm.mse, host, host)),
        "Linear, sent": (4, sent(linear.evaluate, host_X, host[: 10**6], slopes[:8])),
        "Expression, sent": (5, sent(formula.evaluate, host, host, two)),
    }


class Driver:
    """When kernels were launched, and when the host had waited for them."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libcuda.so.1")
        for name in ("launched", "first_launch", "synchronized"):
            getattr(self._library, f"emulated_{name}").restype = ctypes.c_long

    def reset(self) -> None:
        self._library.emulated_reset()

    def __getattr__(self, name: str) -> int:
        return int(getattr(self._library, f"emulated_{name}")())


def timed(driver: Driver, call: Call) -> tuple[int, int]:
    """ns to the first launch, and after the host had waited."""
    driver.reset()
    start = time.monotonic_ns()
    call()
    end = time.monotonic_ns()
    return driver.first_launch - start, end - driver.synchronized


def main() -> None:
    Device(0).set_current()
    driver = Driver()
    print(f"{f'us, the best of {ROUNDS} calls':25}{'to the first launch':>20}{'after waiting':>15}")
    for name, (kernels, call) in calls().items():
        call()
        timed(driver, call)
        assert driver.launched == kernels, f"{name}: {driver.launched} kernels; want {kernels}"
        if "sent" not in name:
            times = zip(*(timed(driver, call) for _ in range(ROUNDS)), strict=True)
            before, after = (min(ns) / 1e3 for ns in times)
            print(f"{name:25}{before:20.1f}{after:15.1f}")


if __name__ == "__main__":
    main()
