"""A user's own f(x, theta) and grad(x, theta, out) as a scalar of device code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import cuda, types

from fastmse.kernels.cuda.arithmetic import fill, joined
from fastmse.kernels.cuda.flags import device_function
from fastmse.kernels.scalars import Scalar


def users_scalar(
    f: Callable[..., Any], grad: Callable[..., Any] | None, q: int, p: int, is_vector: bool
) -> Scalar:
    """Of f, and of its derivatives with `grad`: arrays that they are given are a thread's own.

    x is a float64 if `is_vector`, else (q,).
    """
    value, variables = device_function(f), _number if is_vector else _array
    n_slopes = 0 if grad is None else p
    slope, outputs = device_function(grad or _no_slope), joined(n_slopes)

    def scalar(x: Any, theta: Any) -> Any:
        row = cuda.local.array(q, types.float64)
        parameters = cuda.local.array(p, types.float64)
        out = cuda.local.array(p, types.float64)
        fill(row, x)
        fill(parameters, theta)
        slope(variables(row), parameters, out)
        return outputs(value(variables(row), parameters), out)

    return scalar


@device_function
def _number(row: Any) -> float:
    return float(row[0])


@device_function
def _array(row: Any) -> Any:
    return row


def _no_slope(x: Any, theta: Any, out: Any) -> None:
    """Where no derivatives are wanted."""
