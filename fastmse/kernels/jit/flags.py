"""Numba's flags, in one place.

- nogil: other Python threads go on while a kernel runs.
- error_model: nothing raises, so no loop has a way out.
- fastmath stays off: reordered or contracted sums have other bits.
- cache stays off: two processes that compile at once can leave a wrong kernel on disk.
- No signatures: kernels of other targets could not call functions that have one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])

_FLAGS = {"nogil": True, "error_model": "numpy"}
_INNER = {**_FLAGS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def serial_kernel(function: Function) -> Function:
    return cast("Function", numba.njit(**_FLAGS)(function))


def parallel_kernel(function: Function) -> Function:
    """Its `prange` loops run on Numba's threads: for functions that only call serial kernels."""
    return cast("Function", numba.njit(parallel=True, **_FLAGS)(function))


def inlined_kernel(function: Function) -> Function:
    """For kernels to call, never Python: a part of whoever calls it."""
    return cast("Function", numba.njit(forceinline=True, **_INNER)(function))


def callback(signature: Any) -> Callable[[Function], Any]:
    """For kernels to call by an address they are given; compiled at once."""
    return cast("Callable[[Function], Any]", numba.cfunc(signature, error_model="numpy"))


def inner_kernel(function: Function) -> Function:
    """For kernels to call, never Python: compiled by itself, and called by its address.

    LLVM would optimise it again in every function that calls it, and in their callers.
    """
    kernel = numba.njit(**_INNER)(function)

    def call(typing: Any, *arguments: Any) -> Any:
        kinds = tuple(types.unliteral(kind) for kind in arguments)
        kernel.compile(kinds)
        compiled = kernel.overloads[kinds]
        name = compiled.fndesc.llvm_func_name

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            convention, result = context.call_conv, compiled.fndesc.restype
            kind = convention.get_function_type(result, compiled.fndesc.argtypes)
            address = context.get_constant(
                types.intp, compiled.library.get_pointer_to_function(name)
            )
            target = builder.inttoptr(address, ir.PointerType(kind))
            _, value = convention.call_function(
                builder, target, result, compiled.fndesc.argtypes, args
            )
            return value

        return compiled.signature, generate

    own = inspect.Parameter("typing", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    call.__signature__ = inspect.Signature([own, *parameters])  # type: ignore[attr-defined]
    return cast("Function", intrinsic(call))
