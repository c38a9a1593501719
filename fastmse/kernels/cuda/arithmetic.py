"""Arithmetic on tuples of float64, which live in registers.

Where bits are promised a product is `times`: it is rounded, never contracted with a sum.
"""

from __future__ import annotations

from fastmse.kernels.cuda.flags import SIMULATED

if SIMULATED:
    from fastmse.kernels.cuda.simulated import (
        add,
        add_rows,
        add_steps,
        dots,
        each_times,
        fill,
        joined,
        keep,
        minus,
        model_adder,
        scaled,
        spread,
        times,
        zeros,
    )
else:
    from fastmse.kernels.cuda.registers import (
        add,
        add_rows,
        add_steps,
        dots,
        each_times,
        fill,
        joined,
        keep,
        minus,
        model_adder,
        scaled,
        spread,
        times,
        zeros,
    )

__all__ = [
    "add",
    "add_rows",
    "add_steps",
    "dots",
    "each_times",
    "fill",
    "joined",
    "keep",
    "minus",
    "model_adder",
    "scaled",
    "spread",
    "times",
    "zeros",
]
