"""Narrow types to float64, inside the kernels: a decoder a type, compiled when first met.

A kernel calls it by its address, so that no kernel is compiled for another type. float16 and
bfloat16 come as bits, as in ``compiled/storage.h``: not every CPU converts them. Where it does,
float16 takes 0.7 of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from fastmse.kernels.jit.flags import callback, inlined_kernel
from fastmse.kernels.jit.memory import BYTE, DOUBLE, DOUBLES, Pointer

Array = Any

WORD = ir.IntType(64)
DECODER = types.intp(types.intp, types.intp, types.intp, DOUBLES)


@intrinsic  # type: ignore[untyped-decorator]
def decode(typing: Any, decoder: Any, source: Any, stride: Any, count: Any, target: Any) -> Any:
    """target[i] = the element `i stride` bytes after the address `source`, for i < count."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(WORD, [WORD, WORD, WORD, DOUBLE.as_pointer()])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp, types.intp, DOUBLES), generate


def decoder_of(array: Array) -> int:
    """The address of the decoder of an array's elements; 0 if there is none for them."""
    if not isinstance(array, np.ndarray) or not array.dtype.isnative:
        return 0
    return int(_decoder(array.dtype.name).address)


@cache
def _decoder(name: str) -> Any:
    halves: dict[str, Callable[[Any], Any]] = {
        "float16": _by_cpu if _converts_halves() else _of_half,
        "bfloat16": _of_bfloat16,
    }
    if name in halves:
        return _compiled(types.uint16, 2, halves[name])
    if name == "bool":
        return _compiled(types.uint8, 1, _of_bool)
    kind = getattr(types, name)
    return _compiled(kind, kind.bitwidth // 8, _as_it_is)


def _compiled(kind: Any, size: int, value: Callable[[Any], Any]) -> Any:
    @intrinsic  # type: ignore[untyped-decorator]
    def element(typing: Any, source: Any, offset: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            first = builder.inttoptr(args[0], BYTE.as_pointer())
            at = builder.gep(first, [args[1]])
            place = builder.bitcast(at, context.get_value_type(kind).as_pointer())
            return builder.load(place, align=1)

        return kind(types.intp, types.intp), generate

    @callback(DECODER)
    def decoder(source: int, stride: int, count: int, target: Pointer) -> int:
        if stride == size:  # a known stride: LLVM makes vectors of it
            for i in range(count):
                target[i] = value(element(source, i * size))
        else:
            for i in range(count):
                target[i] = value(element(source, i * stride))
        return count

    return decoder


@intrinsic  # type: ignore[untyped-decorator]
def _float_of(typing: Any, bits: Any) -> Any:
    """The float32 of these bits."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.uint32), generate


@intrinsic  # type: ignore[untyped-decorator]
def _bits_of(typing: Any, value: Any) -> Any:
    """The bits of a float32."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(32))

    return types.uint32(types.float32), generate


def _converts_halves() -> bool:
    _, _, features = cpu_target.target_context.codegen().magic_tuple()
    return "+f16c" in features.split(",")


@intrinsic  # type: ignore[untyped-decorator]
def _by_cpu(typing: Any, bits: Any) -> Any:
    """The float32 of the bits of a float16."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fpext(builder.bitcast(args[0], ir.HalfType()), ir.FloatType())

    return types.float32(types.uint16), generate


@inlined_kernel
def _as_it_is(value: Any) -> Any:
    return value


@inlined_kernel
def _of_bool(byte: Any) -> float:
    return 1.0 if byte != 0 else 0.0


@inlined_kernel
def _of_bfloat16(bits: Any) -> Any:
    return _float_of(np.uint32(bits) << np.uint32(16))


@inlined_kernel
def _of_half(bits: Any) -> Any:
    magnitude = np.uint32(np.uint32(bits & 0x7FFF) << np.uint32(13))
    exponent = np.uint32(magnitude & np.uint32(0x0F800000))
    infinite = exponent == np.uint32(0x0F800000)
    special = np.uint32(112 << 23) if infinite else np.uint32(0)
    normal = _float_of(np.uint32(magnitude + np.uint32(112 << 23) + special))
    subnormal = _float_of(np.uint32(magnitude + np.uint32(113 << 23))) - np.float32(2.0**-14)
    absolute = normal if exponent != np.uint32(0) else subnormal
    sign = np.uint32(np.uint32(bits & 0x8000) << np.uint32(16))
    return _float_of(np.uint32(_bits_of(absolute) | sign))
