"""A user's own f(x, theta) and grad(x, theta, out) as a callback of the drivers' loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from fastmse.kernels.jit.flags import callback, inlined_kernel
from fastmse.kernels.jit.memory import DOUBLE, DOUBLES, Pointer, pointer
from fastmse.kernels.jit.scalars import CALLBACK, PITCH

Function = Callable[..., Any]


def python_function(function: Function) -> Function:
    """The function as Python runs it, without the user's compilation."""
    inside: Function = getattr(function, "py_func", function)
    return inside


def users_callback(
    f: Function, grad: Function | None, q: int, p: int, is_vector: bool, raised: int
) -> Any:
    """Of f, and of its derivatives with `grad`. `raised` is the address of a double.

    It becomes 1 where one of them raises, which ends the run: the outputs of the rows left are
    whatever was there. x is a float64 if `is_vector`, else (q,); x and out are strided arrays, so
    that LLVM makes vectors of consecutive rows.
    """
    value = inlined_kernel(python_function(f))
    slope = None if grad is None else inlined_kernel(python_function(grad))
    variables = _number if is_vector else _strided(q, PITCH)
    theta_of, out_of = _strided(p, 1), _strided(p, PITCH)

    if slope is None:

        @callback(CALLBACK)
        def values(theta: Pointer, columns: Pointer, n: int) -> None:
            t = theta_of(theta, 0)
            try:
                for i in range(n):
                    columns[q * PITCH + i] = value(variables(columns, i), t)
            except Exception:
                pointer(raised)[0] = 1.0

        return values

    @callback(CALLBACK)
    def derivatives(theta: Pointer, columns: Pointer, n: int) -> None:
        t = theta_of(theta, 0)
        try:
            for i in range(n):
                x = variables(columns, i)
                columns[q * PITCH + i] = value(x, t)
                slope(x, t, out_of(columns, (q + 1) * PITCH + i))
        except Exception:
            pointer(raised)[0] = 1.0

    return derivatives


def users_curves_callback(f: Function, grad: Function, q: int, p: int, is_vector: bool) -> Any:
    """As `users_callback`, of many curves at one x: NaN for those where f or grad raises."""
    value, slope = inlined_kernel(python_function(f)), inlined_kernel(python_function(grad))
    variables = _number if is_vector else _strided(q, 1)
    theta_of, out_of = _strided(p, PITCH), _strided(p, PITCH)

    @callback(CALLBACK)
    def curves(x: Pointer, columns: Pointer, n: int) -> None:
        row = variables(x, 0)
        for i in range(n):
            try:
                theta = theta_of(columns, i)
                columns[p * PITCH + i] = value(row, theta)
                slope(row, theta, out_of(columns, (p + 1) * PITCH + i))
            except Exception:
                columns[p * PITCH + i] = math.nan

    return curves


@inlined_kernel
def _number(columns: Pointer, i: int) -> float:
    return float(columns[i])


def _strided(count: int, pitch: int) -> Any:
    """(p, i): the elements p[i], p[i + pitch], ... as an array of `count`."""
    kind = types.Array(types.float64, 1, "C" if pitch == 1 else "A")

    @intrinsic  # type: ignore[untyped-decorator]
    def strided(typing: Any, p: Any, i: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            array = make_array(kind)(context, builder)
            size = context.get_constant(types.intp, 8)
            populate_array(
                array,
                data=builder.bitcast(builder.gep(args[0], [args[1]]), DOUBLE.as_pointer()),
                shape=[context.get_constant(types.intp, count)],
                strides=[context.get_constant(types.intp, 8 * pitch)],
                itemsize=size,
                meminfo=None,
            )
            return array._getvalue()

        return kind(DOUBLES, types.intp), generate

    return strided
