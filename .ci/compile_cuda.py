"""Compile every CUDA kernel to PTX for a compute capability, without a driver, and look at it."""

import math
import re
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

from numba import cuda
from numba.cuda import dispatcher

LOCAL = r"(ld|st)\.local"
CALLS = r"call\.uni"
CONTRACTED = r"fma\.rn\.f64|mul\.f64"
"""A product that is not rounded by itself may be contracted by ptxas."""

VECTORS = r"ld\.global\.(v2\.(f64|b64|u64)|v4\.(f32|b32|u32))"


class Case(NamedTuple):
    name: str
    kernel: Any
    vectors: bool
    "whether loads are of 16 bytes"
    bits: bool
    "whether they are the CPU's"


def cases() -> Iterator[Case]:
    from fastmse.kernels.cuda import merge, reading, roof
    from fastmse.statistics import PREDICTION_BLOCK

    yield Case("merge_nodes", merge.merge_nodes, False, True)
    yield Case("merge_to_total", merge.merge_to_total, False, True)
    yield Case("roof", roof._read, True, False)
    for storage, count in (("float64", 2), ("float32", 4), ("float16", 8), ("bfloat16", 8)):
        yield Case(f"decode {storage}", reading._decoder(storage), False, False)
        yield from predictions(storage, count, PREDICTION_BLOCK)
        yield from linear(storage, count)
    yield from models()


def predictions(storage: str, count: int, block: int) -> Iterator[Case]:
    from fastmse.kernels.cuda.predictions import predictions_kernel
    from fastmse.kernels.cuda.sizes import THREADS
    from fastmse.kernels.cuda.weights import weights_kernel

    for together in (count, 1) if storage == "float64" else (count,):
        for w in ("", storage):
            for out in ("", storage) if storage != "float32" else (storage,):
                kernel = predictions_kernel(storage, storage, w, out, together, block, THREADS)
                name = f"predictions {storage} {together} w={w} out={out}"
                yield Case(name, kernel, together > 1, True)
        kernel = weights_kernel(storage, together, block, THREADS)
        yield Case(f"weights {storage} {together}", kernel, together > 1, True)


def linear(storage: str, count: int) -> Iterator[Case]:
    from fastmse.kernels.cuda.linear_columns import columns_kernel
    from fastmse.kernels.cuda.linear_rows import rows_kernel, shape_of
    from fastmse.kernels.cuda.sizes import THREADS

    shapes = ((8, count), (64, count), (512, count), (4096, count), (13, 1))
    for d, together in shapes if storage == "float64" else shapes[1:3]:
        shape = shape_of(d, together)
        for w, graded in (("", True), (storage, True)) if d != 13 else (("", False),):
            kernel = rows_kernel(storage, storage, w, shape, True, graded)
            name = f"rows {storage} d={d} w={w} {graded=}"
            yield Case(name, kernel, together > 1, False)
    for together in (count, 1) if storage == "float64" else (count,):
        for w in ("", storage):
            kernel = columns_kernel(storage, storage, w, together, 2048, THREADS, True, True)
            name = f"columns {storage} {together} w={w}"
            yield Case(name, kernel, together > 1, True)


def models() -> Iterator[Case]:
    from fastmse import formulas
    from fastmse.kernels.cuda.functions import FUNCTIONS
    from fastmse.kernels.cuda.models import _kernel
    from fastmse.kernels.cuda.users import users_scalar
    from fastmse.kernels.scalars import Sums

    def f(x: Any, theta: Any) -> Any:
        if theta[0] < 0:
            raise ValueError("a < 0")
        return theta[0] * math.exp(-theta[1])

    def grad(x: Any, theta: Any, out: Any) -> None:
        out[0] = math.exp(-theta[1])
        out[1] = -theta[0] * out[0]

    decay = formulas.parse("a*exp(-b*t) + c*s", ("a", "b", "c"))
    for sums in Sums:
        scalar = decay.scalar(sums.order, FUNCTIONS)
        kernel = _kernel("float64", "float32", "float64", 2, 3, sums, False, scalar)
        yield Case(f"models {sums.name}", kernel, False, False)
        apart = ("float64", "float16")
        kernel = _kernel(apart, "float32", "", 2, 3, sums, False, scalar)
        yield Case(f"models {sums.name} of columns apart", kernel, False, False)
    for sums in (Sums.VALUE, Sums.GRADIENT, Sums.NORMAL):
        for is_vector in (False, True):
            scalar = users_scalar(f, grad if sums else None, 2 - is_vector, 2, is_vector)
            kernel = _kernel("float64", "float64", "", 2 - is_vector, 2, sums, True, scalar)
            yield Case(f"a user's {sums.name} {is_vector=}", kernel, False, False)


def faults(case: Case, ptx: str) -> Iterator[str]:
    if re.search(LOCAL, ptx):
        yield "an array in local memory"
    if re.search(CALLS, ptx):
        yield "a call that is not inlined"
    if case.vectors and not re.search(VECTORS, ptx):
        yield "no load of 16 bytes"
    if case.bits and re.search(CONTRACTED, ptx):
        yield "a product that may be contracted"


def main(capability: str) -> int:
    cc = tuple(map(int, capability.split(".")))
    # Functions that kernels call are compiled for the current device: there is none.
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=cc)
    count, found = 0, 0
    for case in cases():
        ptx, _ = cuda.compile_ptx(case.kernel.py_func, case.kernel.signature, cc=cc)
        for fault in faults(case, ptx):
            print(f"{capability} {case.name}: {fault}")
            found += 1
        count += 1
    print(f"compute capability {capability}: {count} kernels, {found} faults")
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
