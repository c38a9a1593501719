"""Vectors of 4, 8 or 16 doubles in registers, with the arithmetic of their elements.

Numba alone keeps an array of lanes in memory. Vectors are split into those that the CPU has;
each element is rounded as a scalar would be, so the bits are the same everywhere.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

from fastmse.kernels.jit.memory import DOUBLE, DOUBLES, masked_load

Vector = Any


class VectorType(types.Type):  # type: ignore[misc]
    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"vector of {count}")

    @property
    def llvm(self) -> ir.VectorType:
        return ir.VectorType(DOUBLE, self.count)


@register_model(VectorType)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: VectorType) -> None:
        super().__init__(manager, kind, kind.llvm)


def _spread(builder: Any, a: Any, count: int) -> Any:
    """A vector whose elements are all a, of a's type."""
    kind = ir.VectorType(a.type, count)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), a, ir.Constant(ir.IntType(32), 0))
    return _shuffle(builder, one, one, [0] * count)


def _shuffle(builder: Any, a: Any, b: Any, which: list[int]) -> Any:
    """The elements of a and b, one after the other, by their numbers."""
    kind = ir.VectorType(ir.IntType(32), len(which))
    return builder.shuffle_vector(a, b, ir.Constant(kind, which))


def _define(operation: Callable[..., Any], instruction: str) -> None:
    """a ∘ b for two vectors, and for a scalar with a vector."""

    @type_callable(operation)  # type: ignore[untyped-decorator]
    def _type(context: Any) -> Any:
        def kind(a: Any, b: Any) -> Any:
            return b if isinstance(b, VectorType) and a in (b, types.float64) else None

        return kind

    @lower_builtin(operation, VectorType, VectorType)  # type: ignore[untyped-decorator]
    def _vectors(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return getattr(builder, instruction)(*args)

    @lower_builtin(operation, types.Float, VectorType)  # type: ignore[untyped-decorator]
    def _scalar(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a = _spread(builder, args[0], signature.args[1].count)
        return getattr(builder, instruction)(a, args[1])


_define(operator.add, "fadd")
_define(operator.iadd, "fadd")
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")


def _address(builder: Any, args: Any) -> Any:
    return builder.gep(args[0], [args[1]])


def _spreader(count: int) -> Any:
    @intrinsic  # type: ignore[untyped-decorator]
    def spread(typing: Any, a: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return _spread(builder, args[0], count)

        return VectorType(count)(types.float64), generate

    return spread


def _loader(kind: Any) -> Any:
    @intrinsic  # type: ignore[untyped-decorator]
    def load(typing: Any, p: Any, i: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            element = context.get_value_type(kind)
            at = builder.bitcast(_address(builder, args), element.as_pointer())
            return builder.load(at, align=8)

        return kind(DOUBLES, types.intp), generate

    return load


def _part_loader(count: int) -> Any:
    kind = VectorType(count)

    @intrinsic  # type: ignore[untyped-decorator]
    def load_part(typing: Any, p: Any, i: Any, n: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            at = builder.bitcast(_address(builder, args), kind.llvm.as_pointer())
            number = ir.Constant(ir.VectorType(args[2].type, count), list(range(count)))
            mask = builder.icmp_signed("<", number, _spread(builder, args[2], count))
            return masked_load(builder, at, kind.llvm, mask)

        return kind(DOUBLES, types.intp, types.intp), generate

    return load_part


spread4, spread8, spread16 = map(_spreader, (4, 8, 16))
"""(a): all elements a."""

load1, load4, load8, load16 = map(_loader, (types.float64, *map(VectorType, (4, 8, 16))))
"""(p, i): p[i], p[i + 1], ..."""

part4, part8, part16 = map(_part_loader, (4, 8, 16))
"""(p, i, n): the first n of them, then zeros; nothing is read there."""


@intrinsic  # type: ignore[untyped-decorator]
def store(typing: Any, p: Any, i: Any, a: Any) -> Any:
    """p[i], p[i + 1], ... = a, a vector or a scalar."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        at = builder.bitcast(_address(builder, args), args[2].type.as_pointer())
        builder.store(args[2], at, align=8)
        return context.get_dummy_value()

    return types.void(DOUBLES, types.intp, a), generate


@intrinsic  # type: ignore[untyped-decorator]
def widen(typing: Any, a: Any) -> Any:
    """A vector of 8: a, then zeros."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zeros = ir.Constant(args[0].type, None)
        return _shuffle(builder, args[0], zeros, list(range(8)))

    return VectorType(8)(a), generate


@intrinsic  # type: ignore[untyped-decorator]
def elements(typing: Any, a: Any) -> Any:
    """The elements as a tuple."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        each = [
            builder.extract_element(args[0], ir.Constant(ir.IntType(32), k)) for k in range(a.count)
        ]
        return context.make_tuple(builder, signature.return_type, each)

    return types.UniTuple(types.float64, a.count)(a), generate


@intrinsic  # type: ignore[untyped-decorator]
def keep(typing: Any, r: Any, w: Any) -> Any:
    """r where w is not 0, and 0 there, whatever r is; scalars or vectors."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zero = ir.Constant(args[1].type, 0.0 if w == types.float64 else None)
        return builder.select(builder.fcmp_unordered("!=", args[1], zero), args[0], zero)

    return r(r, w), generate


@intrinsic  # type: ignore[untyped-decorator]
def fold(typing: Any, a: Any) -> Any:
    """The sum of the elements, pairwise: the upper half to the lower, until one is left."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        half, rest = a.count // 2, args[0]
        while half > 0:
            low = _shuffle(builder, rest, rest, list(range(half)))
            high = _shuffle(builder, rest, rest, list(range(half, 2 * half)))
            half, rest = half // 2, builder.fadd(low, high)
        return builder.extract_element(rest, ir.Constant(ir.IntType(32), 0))

    return types.float64(a), generate


@intrinsic  # type: ignore[untyped-decorator]
def fold_four(typing: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """`fold` of four vectors of 8, as a vector."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        low, high = list(range(4)), list(range(4, 8))
        halves = [
            builder.fadd(_shuffle(builder, v, v, low), _shuffle(builder, v, v, high)) for v in args
        ]
        x, y = (
            builder.fadd(
                _shuffle(builder, halves[k], halves[k + 2], [0, 1, 4, 5]),
                _shuffle(builder, halves[k], halves[k + 2], [2, 3, 6, 7]),
            )
            for k in (0, 1)
        )
        return builder.fadd(
            _shuffle(builder, x, y, [0, 4, 2, 6]), _shuffle(builder, x, y, [1, 5, 3, 7])
        )

    return VectorType(4)(a, b, c, d), generate


@intrinsic  # type: ignore[untyped-decorator]
def split(typing: Any, rows: Any) -> Any:
    """Of d vectors that hold rows of d elements: the columns."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        d, n = rows.count, rows.dtype.count
        vectors = [builder.extract_value(args[0], k) for k in range(d)]
        columns = []
        for j in range(d):
            column = vectors[0]
            for k in range(d):  # its elements up to those of vector k
                places = [divmod(i * d + j, n) for i in range(n)]
                which = [n + at if own == k else i for i, (own, at) in enumerate(places)]
                column = _shuffle(builder, column, vectors[k], which)
            columns.append(column)
        return context.make_tuple(builder, signature.return_type, columns)

    return rows(rows), generate
