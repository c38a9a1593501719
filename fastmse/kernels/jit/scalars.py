"""A model's scalar, compiled to loops that a driver calls by their address.

A scalar is a Python function ``(x, theta) -> (f, ...)`` of tuples: one row of q variables and p
parameters in, m outputs out. A driver calls it for at most `RUN` of them at once, so that the
loop around it stands in the compiled code, where LLVM makes vectors of it: all that the loop reads
and writes lies in one block of memory, column after column, `PITCH` doubles apart, which no
pointer needs to be compared with another to know.

One function and no driver is compiled for a model, in a tenth of a second and more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import intrinsic

from fastmse.kernels.jit.flags import callback, inlined_kernel
from fastmse.kernels.jit.memory import DOUBLES, Pointer

RUN = 128
"""Of one call at most, as in ``compiled/lanes.h``."""

PITCH = RUN + 8
"""Columns a power of two apart would share sets of the first cache."""

Scalar = Callable[[tuple[float, ...], tuple[float, ...]], tuple[float, ...]]

CALLBACK = types.void(DOUBLES, DOUBLES, types.intp)


def rows_callback(scalar: Scalar, q: int, p: int, m: int, again: Scalar | None = None) -> Any:
    """Many rows at one θ: ``call(theta, columns, n)``, as its `address`.

    theta (p,); the q columns of x come before the m columns of outputs, which it fills. Where one
    of them is NaN it computes these rows by the scalar `again`, if there is one.
    """

    def of_rows(scalar: Scalar) -> Any:
        value = inlined_kernel(scalar)
        return inlined_kernel(lambda theta, x: value(x, theta))

    return _callback(of_rows(scalar), again and of_rows(again), p, q, m)


def curves_callback(scalar: Scalar, q: int, p: int, m: int, again: Scalar | None = None) -> Any:
    """Many θ at one row: ``call(x, columns, n)``, as its `address`.

    x (q,); the p columns of θ, an element a curve, come before the m columns of outputs.
    """
    return _callback(inlined_kernel(scalar), again and inlined_kernel(again), q, p, m)


def _callback(value: Any, again: Any, held: int, varying: int, m: int) -> Any:
    """(fixed, columns, n): m outputs, those of ``value(fixed, row)``, behind the columns."""
    load_fixed, fill = _loader(held, 1), _filler(value, varying, m)
    repeat = _repeater(again, varying, m)

    @callback(CALLBACK)
    def loop(fixed: Pointer, columns: Pointer, n: int) -> None:
        widest_vectors()
        a = load_fixed(fixed, 0)
        fill(columns, n, a)
        repeat(columns, n, a)

    return loop


def _filler(value: Any, varying: int, m: int) -> Any:
    """(columns, n, a): the outputs of ``value(a, row)`` for n rows."""
    load, store = _loader(varying, PITCH), _storer(m)

    @inlined_kernel
    def fill(columns: Pointer, n: int, a: tuple[float, ...]) -> None:
        for i in range(n):
            store(columns, varying * PITCH + i, value(a, load(columns, i)))

    return fill


def _repeater(value: Any, varying: int, m: int) -> Any:
    """(columns, n, a): the same once more, if an output is NaN; nothing without a value."""
    if value is None:
        return inlined_kernel(lambda columns, n, a: None)
    fill = _filler(value, varying, m)

    @inlined_kernel
    def repeat(columns: Pointer, n: int, a: tuple[float, ...]) -> None:
        undefined = 0
        for k in range(varying, varying + m):
            for i in range(n):
                undefined += columns[k * PITCH + i] != columns[k * PITCH + i]
        if undefined:
            fill(columns, n, a)

    return repeat


@intrinsic  # type: ignore[untyped-decorator]
def widest_vectors(typing: Any) -> Any:
    """In the function that calls it LLVM may use vectors of 64 bytes.

    It prefers 32 on CPUs that lower their clock for 64. Models gain still: 1.4 to 1.9 times.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        # llvmlite's `add` knows no attributes with values.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), generate


def _loader(count: int, pitch: int) -> Any:
    """(p, i): the tuple p[i], p[i + pitch], ... of `count` elements."""

    @intrinsic  # type: ignore[untyped-decorator]
    def load(typing: Any, p: Any, i: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pointer, first = args
            each = [
                builder.load(builder.gep(pointer, [builder.add(first, first.type(k * pitch))]))
                for k in range(count)
            ]
            return context.make_tuple(builder, signature.return_type, each)

        return types.UniTuple(types.float64, count)(DOUBLES, types.intp), generate

    return load


def _storer(count: int) -> Any:
    """(p, i, values): p[i], p[i + PITCH], ... = the elements of a tuple of `count` numbers."""

    @intrinsic  # type: ignore[untyped-decorator]
    def store(typing: Any, p: Any, i: Any, values: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pointer, first, elements = args
            for k, kind in enumerate(signature.args[2]):
                element = builder.extract_value(elements, k)
                element = context.cast(builder, element, kind, types.float64)
                at = builder.add(first, first.type(k * PITCH))
                builder.store(element, builder.gep(pointer, [at]))
            return context.get_dummy_value()

        if not isinstance(values, types.BaseTuple) or len(values) != count:
            return None
        return types.void(DOUBLES, types.intp, values), generate

    return store
