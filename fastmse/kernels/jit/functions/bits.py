"""The bits of float64 values, as unsigned integers: what every CPU's vectors shift and mask.

SSE and AVX2 convert no 64-bit integers and shift none arithmetically; these functions need
neither. `bits + SHIFT`, with x + SHIFT rounded to a whole number, is that number's last bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

SHIFT = 1.5 * 2.0**52
"""x + SHIFT - SHIFT is x rounded to a whole number, ties to even, for |x| < 2^51."""

EXPONENT = np.uint64(52)
"""Where the exponent begins."""


@intrinsic  # type: ignore[untyped-decorator]
def bits_of(typing: Any, x: Any) -> Any:
    """The bits of a float64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.uint64(types.float64), generate


@intrinsic  # type: ignore[untyped-decorator]
def float_of(typing: Any, bits: Any) -> Any:
    """The float64 of these bits."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.uint64), generate
