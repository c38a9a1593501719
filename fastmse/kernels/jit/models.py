"""Sums of a nonlinear model's callback, as ``compiled/models.pxi``: the same bits.

Node: SSE.hi[K] and W.hi, SSE.lo[K] and W.lo, the numbers of zero and of invalid weights, and for
each theta G (p,), N (p (p + 1) / 2,). W and the two numbers only with weights.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmse.kernels.jit.decoding import decode
from fastmse.kernels.jit.flags import inlined_kernel, inner_kernel
from fastmse.kernels.jit.grid import Driver
from fastmse.kernels.jit.lanes import RUN, add_run, fill, run_dot, store_pair
from fastmse.kernels.jit.memory import DOUBLES, Pointer, begin, pointer, shift
from fastmse.kernels.jit.predictions import run_loss
from fastmse.kernels.jit.scalars import PITCH
from fastmse.kernels.jit.weights import any_zero, weigh
from fastmse.kernels.scalars import Sums
from fastmse.statistics.counter import Node

GRADIENT, NORMAL, HESSIAN = int(Sums.GRADIENT), int(Sums.NORMAL), int(Sums.HESSIAN)


class ModelsJob(NamedTuple):
    """Addresses, and strides in bytes where X has a decoder, else in doubles; 0: no weights."""

    decoder: int
    x: int
    row: int
    column: int
    y: int
    w: int
    thetas: int
    "(K, p)"
    K: int
    q: int
    p: int
    n_outputs: int
    sums: int
    callback: int


@intrinsic  # type: ignore[untyped-decorator]
def call(typing: Any, callback: Any, theta: Any, columns: Any, n: Any) -> Any:
    """callback(theta, columns, n), by its address."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = [value.type for value in args[1:]]
        kind = ir.FunctionType(ir.VoidType(), kinds)
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(types.intp, DOUBLES, DOUBLES, types.intp), generate


@inlined_kernel
def triangle(p: int) -> int:
    return p * (p + 1) // 2


@inner_kernel
def read_variables(job: ModelsJob, first: int, n: int, x: Pointer) -> None:
    """Rows [first, first + n) of the variables, as the columns of a callback."""
    for j in range(job.q):
        target = shift(x, j * PITCH)
        if job.decoder != 0:
            source = job.x + first * job.row + j * job.column
            decode(job.decoder, source, job.row, n, target)
        else:
            column = shift(pointer(job.x), first * job.row + j * job.column)
            for i in range(n):
                target[i] = column[i * job.row]


@inner_kernel
def keep_columns(columns: Pointer, count: int, w: Pointer, n: int) -> None:
    """Rows of zero weight become 0, whatever they hold."""
    for j in range(count):
        for i in range(n):
            if w[i] == 0.0:
                columns[j * PITCH + i] = 0.0


@inner_kernel
def multiply(w: Pointer, g: Pointer, n: int, out: Pointer) -> None:
    for i in range(n):
        out[i] = w[i] * g[i]


@inner_kernel
def add_derivatives(
    job: ModelsJob, g: Pointer, c: Pointer, w: Pointer, free: Pointer, n: int, sums: Pointer
) -> None:
    """G and N of one theta over a run."""
    p, N = job.p, shift(sums, job.p)
    for j in range(p):
        g_j = shift(g, j * PITCH)
        sums[j] += run_dot(c, g_j, n)
        if job.sums >= NORMAL:
            left = g_j
            if job.w != 0:
                multiply(w, g_j, n, free)
                left = free
            for k in range(j + 1):
                N[triangle(j) + k] += run_dot(left, shift(g, k * PITCH), n)
    if job.sums == HESSIAN:
        for jk in range(triangle(p)):
            N[jk] += run_dot(c, shift(g, (p + jk) * PITCH), n)


@inner_kernel
def models_block(job: ModelsJob, first: int, rows: int, node: Node, scratch: Node) -> None:
    K, p, weighted = job.K, job.p, job.w != 0
    n_double = K + (1 if weighted else 0)
    each = (p if job.sums >= GRADIENT else 0) + (triangle(p) if job.sums >= NORMAL else 0)
    fill(begin(node), node.size, 0.0)
    sums = shift(begin(node), 2 * n_double + (2 if weighted else 0))
    x = begin(scratch)
    f = shift(x, job.q * PITCH)
    c = shift(f, job.n_outputs * PITCH)
    pairs = shift(c, 2 * PITCH)
    fill(pairs, 2 * K, 0.0)
    for start in range(0, rows, RUN):
        n = min(RUN, rows - start)
        y = shift(pointer(job.y), first + start)
        w = shift(pointer(job.w), first + start) if weighted else y
        read_variables(job, first + start, n, x)
        for k in range(K):
            call(job.callback, shift(pointer(job.thetas), k * p), x, n)
            if weighted and any_zero(w, n):
                keep_columns(f, job.n_outputs, w, n)
            run = run_loss(f, y, w, weighted, 1.0, c, True, n)
            pairs[2 * k], pairs[2 * k + 1] = add_run(pairs[2 * k], pairs[2 * k + 1], run)
            if job.sums >= GRADIENT:
                add_derivatives(
                    job, shift(f, PITCH), c, w, shift(c, PITCH), n, shift(sums, k * each)
                )
    for k in range(K):
        store_pair(pairs[2 * k], pairs[2 * k + 1], shift(begin(node), k), n_double)
    if weighted:
        weigh(shift(pointer(job.w), first), rows, begin(node), K, n_double)


count_models = Driver(models_block)
