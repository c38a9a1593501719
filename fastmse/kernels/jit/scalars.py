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
    load_x, load_theta, store = _loader(q, PITCH), _loader(p, 1), _storer(m)

    def loop(scalar: Scalar) -> Callable[[Pointer, Pointer, int], None]:
        value = inlined_kernel(scalar)

        def rows(theta: Pointer, columns: Pointer, n: int) -> None:
            widest_vectors()
            t = load_theta(theta, 0)
            for i in range(n):
                store(columns, q * PITCH + i, value(load_x(columns, i), t))

        return rows

    return _callback(loop, scalar, again, q, m)


def curves_callback(scalar: Scalar, q: int, p: int, m: int, again: Scalar | None = None) -> Any:
    """Many θ at one row: ``call(x, columns, n)``, as its `address`.

    x (q,); the p columns of θ, an element a curve, come before the m columns of outputs.
    """
    load_x, load_theta, store = _loader(q, 1), _loader(p, PITCH), _storer(m)

    def loop(scalar: Scalar) -> Callable[[Pointer, Pointer, int], None]:
        value = inlined_kernel(scalar)

        def curves(x: Pointer, columns: Pointer, n: int) -> None:
            widest_vectors()
            row = load_x(x, 0)
            for i in range(n):
                store(columns, p * PITCH + i, value(row, load_theta(columns, i)))

        return curves

    return _callback(loop, scalar, again, p, m)


def _callback(loop: Any, scalar: Scalar, again: Scalar | None, first: int, m: int) -> Any:
    """The loop of a scalar, and that of another where an output is NaN, from column `first` on.

    Every function that Numba compiles takes it 0.03 s and more.
    """
    if again is None:
        return callback(CALLBACK)(loop(scalar))
    once, once_more = inlined_kernel(loop(scalar)), inlined_kernel(loop(again))

    @callback(CALLBACK)
    def both(fixed: Pointer, columns: Pointer, n: int) -> None:
        once(fixed, columns, n)
        undefined = 0
        for k in range(first, first + m):
            for i in range(n):
                undefined += columns[k * PITCH + i] != columns[k * PITCH + i]
        if undefined:
            once_more(fixed, columns, n)

    return both


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
