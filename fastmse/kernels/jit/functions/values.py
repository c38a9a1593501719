"""Values that write LLVM's instructions as Python computes with them.

The functions of this package are straight lines of arithmetic, run once with such values where a
loop calls them. Numba, which would infer the type of every step, took up to 0.5 s a function; this
takes a hundredth of that, and leaves no branch and no call that would keep LLVM from vectors.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic

DOUBLE, WORD = ir.DoubleType(), ir.IntType(64)

SHIFT = 1.5 * 2.0**52
"""x + SHIFT - SHIFT is x rounded to a whole number, ties to even, for |x| < 2^51; the bits of
x + SHIFT end in it. SSE and AVX2 convert no 64-bit integers."""

EXPONENT = 52
"""The bit where a float's exponent begins."""

SIGN = 2**63

Operation = Callable[["Value", Any], "Value"]

WHOLE = 2.0**52
WHOLE_BITS = 0x4330000000000000
"""The bits of 2^52, which end where the ones stand: word | WHOLE_BITS is 2^52 + word."""


def _operation(of_floats: str, of_words: str = "") -> Operation:
    def operate(self: Value, other: Any) -> Value:
        name = of_floats if self.ir.type == DOUBLE else of_words
        return Value(self.builder, getattr(self.builder, name)(self.ir, self.alike(other).ir))

    return operate


def _reflected(operation: Operation) -> Operation:
    return lambda self, other: operation(self.alike(other), self)


def _comparison(sign: str) -> Operation:
    """False where one is NaN, but of `!=`."""
    unordered = sign == "!="

    def compare(self: Value, other: Any) -> Value:
        a, b = self.ir, self.alike(other).ir
        if a.type != DOUBLE:
            return Value(self.builder, self.builder.icmp_unsigned(sign, a, b))
        test = self.builder.fcmp_unordered if unordered else self.builder.fcmp_ordered
        return Value(self.builder, test(sign, a, b))

    return compare


class Value:
    """A float64, an unsigned word of 64 bits, or a truth value."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.ir = value

    def alike(self, other: Any) -> Value:
        """The other operand; a number becomes a constant of this one's type."""
        if isinstance(other, Value):
            return other
        return Value(self.builder, ir.Constant(self.ir.type, other))

    __add__ = _operation("fadd", "add")
    __sub__ = _operation("fsub", "sub")
    __mul__ = _operation("fmul", "mul")
    __truediv__ = _operation("fdiv")
    __radd__, __rsub__ = _reflected(__add__), _reflected(__sub__)
    __rmul__, __rtruediv__ = _reflected(__mul__), _reflected(__truediv__)
    __and__, __or__, __xor__ = (_operation("", name) for name in ("and_", "or_", "xor"))
    __lshift__, __rshift__ = _operation("", "shl"), _operation("", "lshr")
    __lt__, __le__, __gt__ = _comparison("<"), _comparison("<="), _comparison(">")
    __ge__ = _comparison(">=")
    __eq__, __ne__ = _comparison("=="), _comparison("!=")  # type: ignore[assignment]

    def __neg__(self) -> Value:
        return Value(self.builder, self.builder.fneg(self.ir))

    def __invert__(self) -> Value:
        return Value(self.builder, self.builder.not_(self.ir))

    def __abs__(self) -> Value:
        return float_of(bits_of(self) & (SIGN - 1))


def bits_of(x: Value) -> Value:
    return Value(x.builder, x.builder.bitcast(x.ir, WORD))


def float_of(bits: Value) -> Value:
    return Value(bits.builder, bits.builder.bitcast(bits.ir, DOUBLE))


def where(condition: Value, a: Any, b: Any) -> Value:
    """a where the condition holds, else b; one of them a value."""
    a, b = (b.alike(a), b) if isinstance(b, Value) else (a, a.alike(b))
    return Value(a.builder, a.builder.select(condition.ir, a.ir, b.ir))


def whole(word: Value) -> Value:
    """The float of a word below 2^52."""
    return float_of(word | WHOLE_BITS) - WHOLE


def entry(table: tuple[int, ...], index: Value) -> Value:
    """The word of a constant table."""
    kind = ir.ArrayType(WORD, len(table))
    constant = cgutils.global_constant(index.builder, "table", ir.Constant(kind, table))
    at = index.builder.gep(constant, [ir.Constant(WORD, 0), index.ir])
    return Value(index.builder, index.builder.load(at))


def absolute(x: Value) -> Value:
    return abs(x)


def fuses() -> bool:
    """Whether the CPU that Numba compiles for multiplies and adds in one operation."""
    _, _, features = cpu_target.target_context.codegen().magic_tuple()
    return "+fma" in features.split(",")


def fused(a: Value, b: Value, c: Value) -> Value:
    """a b + c, rounded once."""
    return Value(a.builder, a.builder.fma(a.ir, b.ir, c.ir))


def scalar(function: Callable[..., Value]) -> Callable[..., float]:
    """A function of values, for Numba's functions to call with floats."""

    def call(typing: Any, *arguments: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return function(*(Value(builder, value) for value in args)).ir

        kinds = [k if isinstance(k, types.Boolean) else types.float64 for k in arguments]
        return types.float64(*kinds), generate

    own = inspect.Parameter("typing", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    call.__signature__ = inspect.Signature([own, *parameters])  # type: ignore[attr-defined]
    call.__name__, call.__doc__ = function.__name__, function.__doc__
    result: Callable[..., float] = intrinsic(call)
    return result
