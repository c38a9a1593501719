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


def rows_callback(scalar: Scalar, q: int, p: int, m: int, far: Scalar | None = None) -> Any:
    """Many rows at one θ: ``call(theta, columns, n)``, as its `address`.

    theta (p,); the q columns of x come before the m columns of outputs, which it fills. Rows where
    an output is NaN are computed again, one by one, by `far` if given.
    """

    def of_rows(scalar: Scalar) -> Any:
        value = inlined_kernel(scalar)
        return inlined_kernel(lambda theta, x: value(x, theta))

    return _callback(of_rows(scalar), far and of_rows(far), p, q, m)


def curves_callback(scalar: Scalar, q: int, p: int, m: int, far: Scalar | None = None) -> Any:
    """Many θ at one row: ``call(x, columns, n)``, as its `address`.

    x (q,); the p columns of θ, an element a curve, come before the m columns of outputs.
    """
    return _callback(inlined_kernel(scalar), far and inlined_kernel(far), q, p, m)


def _callback(value: Any, far: Any, held: int, n_columns: int, m: int) -> Any:
    """(fixed, columns, n): m outputs, those of ``value(fixed, row)``, behind the columns."""
    load_fixed, load, store = _loader(held, 1), _loader(n_columns, PITCH), _storer(m)

    @inlined_kernel
    def fill(fixed: Pointer, columns: Pointer, n: int) -> None:
        a = load_fixed(fixed, 0)
        for i in range(n):
            store(columns, n_columns * PITCH + i, value(a, load(columns, i)))

    if far is None:

        @callback(CALLBACK)
        def fill_once(fixed: Pointer, columns: Pointer, n: int) -> None:
            fill(fixed, columns, n)

        return fill_once
    is_nan = _nan_finder(m)

    @callback(CALLBACK)
    def fill_twice(fixed: Pointer, columns: Pointer, n: int) -> None:
        fill(fixed, columns, n)
        outputs, found = n_columns * PITCH, False
        for i in range(n):
            found |= is_nan(columns, outputs + i)
        if found:
            a = load_fixed(fixed, 0)
            for i in range(n):
                if is_nan(columns, outputs + i):
                    store(columns, outputs + i, far(a, load(columns, i)))

    return fill_twice


def _nan_finder(count: int) -> Any:
    """(p, i): whether one of p[i], p[i + PITCH], ... of `count` is NaN."""

    @intrinsic  # type: ignore[untyped-decorator]
    def is_nan(typing: Any, p: Any, i: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pointer, first = args
            found = builder.icmp_signed("!=", first, first)
            for k in range(count):
                value = builder.load(
                    builder.gep(pointer, [builder.add(first, first.type(k * PITCH))])
                )
                found = builder.or_(found, builder.fcmp_unordered("uno", value, value))
            return found

        return types.boolean(DOUBLES, types.intp), generate

    return is_nan


def prefer_wide_vectors(function: Any) -> None:
    """Let LLVM use vectors of 512 bits, where it takes 256 for the clock's sake: 1.4x the speed."""
    set.add(function.attributes, '"prefer-vector-width"="512"')  # llvmlite knows no such names


def _loader(count: int, pitch: int) -> Any:
    """(p, i): the tuple p[i], p[i + pitch], ... of `count` elements."""

    @intrinsic  # type: ignore[untyped-decorator]
    def load(typing: Any, p: Any, i: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            prefer_wide_vectors(builder.function)
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
