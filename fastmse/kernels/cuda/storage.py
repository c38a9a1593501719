"""Where elements lie in device memory, and how they become float64: decode, then compute.

Kernels are given addresses, whose arrays the host keeps alive. A loader is made for a storage type
and a number of elements; where they fill 16 bytes it is one instruction.
"""

from __future__ import annotations

from fastmse.kernels.cuda.flags import SIMULATED

if SIMULATED:
    from fastmse.kernels.cuda.simulated import (
        address_of,
        fence,
        loader,
        part_loader,
        part_storer,
        rows_loader,
        storer,
    )
else:
    from fastmse.kernels.cuda.memory import (
        address_of,
        fence,
        loader,
        part_loader,
        part_storer,
        rows_loader,
        storer,
    )

__all__ = [
    "ITEMSIZE",
    "VECTOR_BYTES",
    "address_of",
    "fence",
    "loader",
    "part_loader",
    "part_storer",
    "rows_loader",
    "storer",
]

ITEMSIZE = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}

VECTOR_BYTES = 16
"""The widest load there is; an address must be a multiple of it."""
