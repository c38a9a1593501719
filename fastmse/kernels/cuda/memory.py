"""Loads and stores as LLVM writes them: Numba's own are of one element each.

A storage type is named as NumPy names it. Half precision goes through float32, which is exact;
float64 is rounded to it once, to bfloat16 by way of float32, as ``compiled/storage.h`` does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.cuda.extending import intrinsic

DOUBLE, FLOAT = ir.DoubleType(), ir.FloatType()
HALF, WORD, LONG = ir.IntType(16), ir.IntType(32), ir.IntType(64)
GENERIC, GLOBAL = 0, 1
"""LLVM's numbers of address spaces: any, and device memory."""

MEMORY = {"float64": DOUBLE, "float32": FLOAT, "float16": HALF, "bfloat16": HALF}
BYTES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}


def word(value: int) -> Any:
    return ir.Constant(WORD, value)


def double(value: float) -> Any:
    return ir.Constant(DOUBLE, value)


def as_double(builder: Any, storage: str, a: Any) -> Any:
    if storage == "float64":
        return a
    if storage == "float16":
        convert = ir.FunctionType(FLOAT, [HALF])
        a = builder.asm(convert, "cvt.f32.f16 $0, $1;", "=f,h", [a], side_effect=False)
    if storage == "bfloat16":
        a = builder.bitcast(builder.shl(builder.zext(a, WORD), word(16)), FLOAT)
    return builder.fpext(a, DOUBLE)


def from_double(builder: Any, storage: str, a: Any) -> Any:
    if storage == "float64":
        return a
    if storage == "float32":
        return builder.fptrunc(a, FLOAT)
    if storage == "float16":
        convert = ir.FunctionType(HALF, [DOUBLE])
        return builder.asm(convert, "cvt.rn.f16.f64 $0, $1;", "=h,d", [a], side_effect=False)
    bits = builder.bitcast(builder.fptrunc(a, FLOAT), WORD)
    odd = builder.and_(builder.lshr(bits, word(16)), word(1))
    rounded = builder.add(bits, builder.add(word(0x7FFF), odd))
    is_nan = builder.icmp_unsigned(">", builder.and_(bits, word(0x7FFFFFFF)), word(0x7F800000))
    kept = builder.select(is_nan, builder.or_(bits, word(0x400000)), rounded)
    return builder.trunc(builder.lshr(kept, word(16)), HALF)


def pointer(builder: Any, address: Any, kind: Any, space: int = GLOBAL) -> Any:
    return builder.inttoptr(address, ir.PointerType(kind, space))


def elements(builder: Any, vector: Any, count: int) -> list[Any]:
    return [builder.extract_element(vector, word(k)) for k in range(count)]


def load_vector(
    builder: Any, storage: str, address: Any, count: int, space: int = GLOBAL
) -> list[Any]:
    """`count` elements side by side as float64; one load where they fill at most 16 bytes."""
    size = BYTES[storage]
    most = max(16 // size, 1)
    values = []
    for first in range(0, count, most):
        number = min(most, count - first)
        at = builder.add(address, ir.Constant(LONG, first * size))
        values += _load_at_once(builder, storage, at, number, space)
    return [as_double(builder, storage, value) for value in values]


def _load_at_once(builder: Any, storage: str, at: Any, number: int, space: int) -> list[Any]:
    """Pairs of halves as words: NVVM loads no more than four elements at once."""
    paired = BYTES[storage] == 2 and number % 2 == 0
    kind = ir.VectorType(WORD, number // 2) if paired else ir.VectorType(MEMORY[storage], number)
    place = pointer(builder, at, kind, space)
    vector = builder.load(place, align=number * BYTES[storage])
    if not paired:
        return elements(builder, vector, number)
    words = elements(builder, vector, number // 2)
    return [
        builder.trunc(half, HALF) for w in words for half in (w, builder.lshr(w, word(16)))
    ]


def load_one(builder: Any, storage: str, address: Any, space: int = GLOBAL) -> Any:
    at = pointer(builder, address, MEMORY[storage], space)
    return as_double(builder, storage, builder.load(at, align=BYTES[storage]))


def store_one(builder: Any, storage: str, address: Any, value: Any) -> None:
    at = pointer(builder, address, MEMORY[storage])
    builder.store(from_double(builder, storage, value), at, align=BYTES[storage])


def in_reach(builder: Any, k: int, n: Any) -> Any:
    return builder.icmp_signed("<", ir.Constant(LONG, k), n)


def step_to(builder: Any, address: Any, step: Any, k: int) -> Any:
    return builder.add(address, builder.mul(step, ir.Constant(LONG, k)))


@cache
def loader(
    storage: str, count: int, steps: int = 1, shared: bool = False
) -> Callable[[int, int], Any]:
    """(address, apart): `count` elements side by side, `steps` times, as a tuple of float64.

    From one time to the next it is `apart` bytes.
    """
    space = GENERIC if shared else GLOBAL

    @intrinsic  # type: ignore[untyped-decorator]
    def load(typing: Any, address: Any, apart: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            values = []
            for k in range(steps):
                at = step_to(builder, args[0], args[1], k)
                values += load_vector(builder, storage, at, count, space)
            return context.make_tuple(builder, signature.return_type, values)

        kind = types.UniTuple(types.float64, count * steps)
        return kind(types.int64, types.int64), generate

    return load


@cache
def part_loader(storage: str, count: int, shared: bool = False) -> Callable[[int, int, int], Any]:
    """(address, step, n): n elements, `step` bytes apart, then zeros; nothing is read there."""
    space = GENERIC if shared else GLOBAL

    @intrinsic  # type: ignore[untyped-decorator]
    def load_part(typing: Any, address: Any, step: Any, n: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            values = []
            for k in range(count):
                place = cgutils.alloca_once_value(builder, double(0.0))
                with builder.if_then(in_reach(builder, k, args[2])):
                    at = step_to(builder, args[0], args[1], k)
                    builder.store(load_one(builder, storage, at, space), place)
                values.append(builder.load(place))
            return context.make_tuple(builder, signature.return_type, values)

        signature = types.UniTuple(types.float64, count)(types.int64, types.int64, types.int64)
        return signature, generate

    return load_part


def store_vector(builder: Any, storage: str, address: Any, values: list[Any]) -> None:
    size = BYTES[storage]
    most = max(16 // size, 1)
    for first in range(0, len(values), most):
        part = [from_double(builder, storage, value) for value in values[first : first + most]]
        if size == 2 and len(part) % 2 == 0:
            part = [
                builder.or_(
                    builder.zext(low, WORD), builder.shl(builder.zext(high, WORD), word(16))
                )
                for low, high in zip(part[::2], part[1::2], strict=True)
            ]
        kind = ir.VectorType(part[0].type, len(part))
        vector = ir.Constant(kind, ir.Undefined)
        for k, element in enumerate(part):
            vector = builder.insert_element(vector, element, word(k))
        at = builder.add(address, ir.Constant(LONG, first * size))
        align = min(len(values) - first, most) * size
        builder.store(vector, pointer(builder, at, kind), align=align)


@cache
def storer(storage: str, count: int, steps: int = 1) -> Callable[[int, int, Any], None]:
    """(address, apart, values): to where `loader` finds them."""

    @intrinsic  # type: ignore[untyped-decorator]
    def store(typing: Any, address: Any, apart: Any, values: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            for k in range(steps):
                part = range(k * count, (k + 1) * count)
                elements = [builder.extract_value(args[2], at) for at in part]
                store_vector(builder, storage, step_to(builder, args[0], args[1], k), elements)
            return context.get_dummy_value()

        kind = types.UniTuple(types.float64, count * steps)
        return types.void(types.int64, types.int64, kind), generate

    return store


@cache
def part_storer(storage: str, count: int) -> Callable[[int, int, int, Any], None]:
    """(address, step, n, values): the first n, `step` bytes apart."""

    @intrinsic  # type: ignore[untyped-decorator]
    def store_part(typing: Any, address: Any, step: Any, n: Any, values: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            for k in range(count):
                with builder.if_then(in_reach(builder, k, args[2])):
                    at = step_to(builder, args[0], args[1], k)
                    store_one(builder, storage, at, builder.extract_value(args[3], k))
            return context.get_dummy_value()

        kinds = (types.int64, types.int64, types.int64, types.UniTuple(types.float64, count))
        return types.void(*kinds), generate

    return store_part


@cache
def rows_loader(
    storage: str, count: int, vectors: int, threads: int, rows: int, full: bool
) -> Callable[..., Any]:
    """(x, row, column, i, apart, n, left): rows i, i + apart, ..., a tuple of float64 each.

    x is the address of a thread's first column in row 0; `row` and `column` are bytes. Of a row the
    thread has vectors of `count` columns, one in `threads`, for as long as there are `left`
    columns from its first on; zeros follow, where not all are there anyway. In place of rows
    from n on the last one is read.
    """

    def load_row(builder: Any, at: Any, column: Any, left: Any) -> list[Any]:
        values = []
        for v in range(vectors):
            first = v * threads * count
            here = step_to(builder, at, column, first)
            if full:
                values += load_vector(builder, storage, here, count)
                continue
            places = [cgutils.alloca_once_value(builder, double(0.0)) for _ in range(count)]
            with builder.if_then(in_reach(builder, first, left)):
                loaded = load_vector(builder, storage, here, count)
                for place, value in zip(places, loaded, strict=True):
                    builder.store(value, place)
            values += [builder.load(place) for place in places]
        return values

    @intrinsic  # type: ignore[untyped-decorator]
    def load_rows(
        typing: Any, x: Any, row: Any, column: Any, i: Any, apart: Any, n: Any, left: Any
    ) -> Any:
        kind = types.UniTuple(types.float64, count * vectors)

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            x, row, column, i, apart, n, left = args
            last = builder.sub(n, ir.Constant(LONG, 1))
            loaded = []
            for r in range(rows):
                at = step_to(builder, i, apart, r)
                at = builder.select(builder.icmp_signed("<", at, n), at, last)
                at = builder.add(x, builder.mul(at, row))
                loaded.append(
                    context.make_tuple(builder, kind, load_row(builder, at, column, left))
                )
            return context.make_tuple(builder, signature.return_type, loaded)

        return types.UniTuple(kind, rows)(*[types.int64] * 7), generate

    return load_rows


@intrinsic  # type: ignore[untyped-decorator]
def fence(typing: Any) -> Any:
    """What is loaded after this is not loaded before: of a loop's invariant no register is held."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [])
        builder.asm(kind, "", "~{memory}", [], side_effect=True)
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic  # type: ignore[untyped-decorator]
def address_of(typing: Any, array: Any) -> Any:
    """The address of a shared array, for loaders of shared memory."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        make = context.make_array(signature.args[0])
        return builder.ptrtoint(make(context, builder, args[0]).data, LONG)

    return types.int64(array), generate
