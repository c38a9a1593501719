"""`arithmetic` as LLVM writes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.cuda.extending import intrinsic

from fastmse.kernels.cuda.memory import DOUBLE, LONG, WORD, double, word

CHAINS = 2
"""Sums side by side in a dot product: a dependent FMA waits 8 cycles or so."""


def rounded_product(builder: Any, a: Any, b: Any) -> Any:
    """a b, which neither NVVM nor ptxas contracts with a sum."""
    kind = ir.FunctionType(DOUBLE, [DOUBLE, DOUBLE])
    times_rn = cgutils.get_or_insert_function(builder.module, kind, "llvm.nvvm.mul.rn.d")
    return builder.call(times_rn, [a, b])


def fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    kind = ir.FunctionType(DOUBLE, [DOUBLE, DOUBLE, DOUBLE])
    fma = cgutils.get_or_insert_function(builder.module, kind, "llvm.fma.f64")
    return builder.call(fma, [a, b, c])


def kept(builder: Any, r: Any, w: Any) -> Any:
    return builder.select(builder.fcmp_unordered("!=", w, double(0.0)), r, double(0.0))


def _parts(builder: Any, a: Any, count: int) -> list[Any]:
    return [builder.extract_value(a, k) for k in range(count)]


def _each(operation: Callable[..., Any]) -> Any:
    """`operation` on the elements of two tuples."""

    @intrinsic  # type: ignore[untyped-decorator]
    def each(typing: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pairs = zip(*(_parts(builder, arg, a.count) for arg in args), strict=True)
            values = [operation(builder, *pair) for pair in pairs]
            return context.make_tuple(builder, signature.return_type, values)

        return a(a, a), generate

    return each


add = _each(lambda builder, a, b: builder.fadd(a, b))
minus = _each(lambda builder, a, b: builder.fsub(a, b))
each_times = _each(rounded_product)
keep = _each(kept)
"""(r, w): r where w is not 0, and 0 there, whatever r is."""


@intrinsic  # type: ignore[untyped-decorator]
def times(typing: Any, a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return rounded_product(builder, *args)

    return types.float64(types.float64, types.float64), generate


@intrinsic  # type: ignore[untyped-decorator]
def scaled(typing: Any, a: Any, b: Any) -> Any:
    """a b for a scalar a and a tuple b."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = [rounded_product(builder, args[0], x) for x in _parts(builder, args[1], b.count)]
        return context.make_tuple(builder, signature.return_type, values)

    return b(types.float64, b), generate


@intrinsic  # type: ignore[untyped-decorator]
def dots(typing: Any, a: Any, rows: Any) -> Any:
    """Σ_k a_k x_k for each of several rows x, in two chains of FMAs.

    The rows side by side, so that no more than a few a_k are in registers at a time.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        factors = _parts(builder, args[0], a.count)
        elements = [_parts(builder, row, a.count) for row in _parts(builder, args[1], rows.count)]
        sums = [[double(0.0)] * CHAINS for _ in elements]
        for k, factor in enumerate(factors):
            for chain, row in zip(sums, elements, strict=True):
                chain[k % CHAINS] = fused(builder, factor, row[k], chain[k % CHAINS])
        values = [builder.fadd(*chain) for chain in sums]
        return context.make_tuple(builder, signature.return_type, values)

    return types.UniTuple(types.float64, rows.count)(a, rows), generate


@intrinsic  # type: ignore[untyped-decorator]
def add_rows(typing: Any, g: Any, c: Any, rows: Any) -> Any:
    """g + Σ_i c_i x_i over several rows x, one after the other, by FMAs.

    A row whose c is 0 adds nothing, whatever it holds: it weighs nothing, or is none.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums = [cgutils.alloca_once_value(builder, x) for x in _parts(builder, args[0], g.count)]
        pairs = zip(*(_parts(builder, arg, c.count) for arg in args[1:]), strict=True)
        for factor, row in pairs:
            with builder.if_then(builder.fcmp_unordered("!=", factor, double(0.0))):
                for place, x in zip(sums, _parts(builder, row, g.count), strict=True):
                    builder.store(fused(builder, factor, x, builder.load(place)), place)
        values = [builder.load(place) for place in sums]
        return context.make_tuple(builder, signature.return_type, values)

    return g(g, c, rows), generate


@intrinsic  # type: ignore[untyped-decorator]
def add_steps(typing: Any, a: Any, b: Any) -> Any:
    """a plus each part of b, as long as a, one after the other."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums = _parts(builder, args[0], a.count)
        for k, value in enumerate(_parts(builder, args[1], b.count)):
            sums[k % a.count] = builder.fadd(sums[k % a.count], value)
        return context.make_tuple(builder, signature.return_type, sums)

    return a(a, b), generate


@cache
def model_adder(p: int, sums: int, n_sums: int) -> Any:
    """(totals, outputs, c, w): totals and what a row adds to G, N, by FMAs.

    `outputs` are f, its p derivatives, and its second ones, as far as `sums` says.
    """

    @intrinsic  # type: ignore[untyped-decorator]
    def add_model(typing: Any, totals: Any, outputs: Any, c: Any, w: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            values = [
                context.cast(builder, value, kind, types.float64)
                for value, kind in zip(_parts(builder, args[1], len(outputs)), outputs, strict=True)
            ]
            held = _parts(builder, args[0], n_sums)
            slopes, bends, c, w = values[1 : 1 + p], values[1 + p :], args[2], args[3]
            if sums >= 1:
                held[:p] = [fused(builder, c, g, G) for g, G in zip(slopes, held[:p], strict=True)]
            if sums >= 2:
                pairs = [(j, k) for j in range(p) for k in range(j + 1)]
                weighed = [builder.fmul(w, g) for g in slopes]
                for at, (j, k) in enumerate(pairs, p):
                    held[at] = fused(builder, weighed[j], slopes[k], held[at])
            if sums == 3:
                held[p:] = [fused(builder, c, h, N) for h, N in zip(bends, held[p:], strict=True)]
            return context.make_tuple(builder, signature.return_type, held)

        return totals(totals, outputs, types.float64, types.float64), generate

    return add_model


@cache
def spread(count: int) -> Any:
    """(a): a tuple whose elements are all a."""

    @intrinsic  # type: ignore[untyped-decorator]
    def make(typing: Any, a: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return context.make_tuple(builder, signature.return_type, [args[0]] * count)

        return types.UniTuple(types.float64, count)(types.float64), generate

    return make


def _places(context: Any, builder: Any, kind: Any, array: Any, count: int) -> list[Any]:
    """Of the first elements of a thread's own array."""
    data = context.make_array(kind)(context, builder, array).data
    return [builder.gep(data, [ir.Constant(LONG, k)]) for k in range(count)]


@intrinsic  # type: ignore[untyped-decorator]
def fill(typing: Any, array: Any, values: Any) -> Any:
    """The elements of a tuple to those of a thread's own array of float64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts = _parts(builder, args[1], values.count)
        places = _places(context, builder, array, args[0], values.count)
        for part, place in zip(parts, places, strict=True):
            builder.store(part, place)
        return context.get_dummy_value()

    return types.void(array, values), generate


@cache
def joined(count: int) -> Any:
    """(a, array): a tuple of a and so many elements of a thread's own array of float64."""

    @intrinsic  # type: ignore[untyped-decorator]
    def join(typing: Any, a: Any, array: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            places = _places(context, builder, array, args[1], count)
            values = [args[0], *map(builder.load, places)]
            return context.make_tuple(builder, signature.return_type, values)

        return types.UniTuple(types.float64, 1 + count)(types.float64, array), generate

    return join


@cache
def zeros(count: int) -> Any:
    """(): a tuple of zeros."""

    @intrinsic  # type: ignore[untyped-decorator]
    def make(typing: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return context.make_tuple(builder, signature.return_type, [double(0.0)] * count)

        return types.UniTuple(types.float64, count)(), generate

    return make


@intrinsic  # type: ignore[untyped-decorator]
def exchange(typing: Any, a: Any, distance: Any) -> Any:
    """The value of the thread whose number differs in the bit `distance` of this one's.

    All threads of the warp must come here.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        result = ir.LiteralStructType((WORD, ir.IntType(1)))
        kind = ir.FunctionType(result, [WORD] * 5)
        name = "llvm.nvvm.shfl.sync.i32"
        shuffle = cgutils.get_or_insert_function(builder.module, kind, name)
        bits = builder.bitcast(args[0], LONG)
        low = builder.trunc(bits, WORD)
        high = builder.trunc(builder.lshr(bits, ir.Constant(LONG, 32)), WORD)
        other = builder.trunc(args[1], WORD)
        halves = [
            builder.extract_value(
                builder.call(shuffle, [word(-1), word(3), half, other, word(31)]), 0
            )
            for half in (low, high)
        ]
        low, high = (builder.zext(half, LONG) for half in halves)
        bits = builder.or_(low, builder.shl(high, ir.Constant(LONG, 32)))
        return builder.bitcast(bits, DOUBLE)

    return types.float64(types.float64, types.int64), generate
