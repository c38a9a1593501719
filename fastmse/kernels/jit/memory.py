"""Pointers to doubles: kernels index from where they are told, without wraparound or bounds.

`p[i]` reads and writes element i, as everywhere in Numba. Whoever takes a pointer keeps the
array alive.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

Pointer = Any

DOUBLE = ir.DoubleType()
BYTE = ir.IntType(8)
DOUBLES = types.CPointer(types.float64)

LINE = 8
"""Doubles that come from memory at once."""


@intrinsic  # type: ignore[untyped-decorator]
def pointer(typing: Any, address: Any) -> Any:
    """The pointer to a memory address."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], DOUBLE.as_pointer())

    return DOUBLES(types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def begin(typing: Any, array: Any) -> Any:
    """The pointer to the first element of a contiguous float64 array."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        make = context.make_array(signature.args[0])
        return make(context, builder, args[0]).data

    return DOUBLES(array), generate


@intrinsic  # type: ignore[untyped-decorator]
def shift(typing: Any, p: Any, n: Any) -> Any:
    """p + n."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return DOUBLES(DOUBLES, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def anew(typing: Any, p: Any) -> Any:
    """p, of which the compiler does not know where it comes from.

    For a pointer that a loop moves: LLVM would move another one along for each of its uses, more
    than there are registers, instead of adding to this one.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(args[0].type, [args[0].type])
        return builder.asm(kind, "", "=r,0", args, side_effect=False)

    return DOUBLES(DOUBLES), generate


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(typing: Any, p: Any, n: Any) -> Any:
    """Ask memory for the line of p[n], which may lie anywhere."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        at = builder.bitcast(builder.gep(args[0], [args[1]]), BYTE.as_pointer())
        word = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [at.type, word, word, word])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [at.type], kind)
        read, keep, data = (ir.Constant(word, value) for value in (0, 3, 1))
        builder.call(ask, [at, read, keep, data])
        return context.get_dummy_value()

    return types.void(DOUBLES, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def take(typing: Any, counter: Any) -> Any:
    """counter[0], which grows by 1 at the same time: no two threads get the same number."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        at = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.atomic_rmw("add", at, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(counter), generate


def masked_load(builder: Any, at: Any, kind: Any, mask: Any) -> Any:
    """The elements at `at` where the mask is set, zeros elsewhere, where nothing is read."""
    align = ir.IntType(32)
    name = f"llvm.masked.load.v{kind.count}f64.p0"
    signature = ir.FunctionType(kind, [at.type, align, mask.type, kind])
    load = cgutils.get_or_insert_function(builder.module, signature, name)
    return builder.call(load, [at, ir.Constant(align, 8), mask, ir.Constant(kind, None)])
