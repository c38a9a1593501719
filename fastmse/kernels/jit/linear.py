"""What the linear model's kernels share, as ``compiled/linear.pxi``.

Node: SSE.hi[K] and W.hi, SSE.lo[K] and W.lo, the numbers of zero and of invalid weights, G (K, p).
W and the two numbers only with weights.
"""

from __future__ import annotations

from typing import NamedTuple

from fastmse.kernels.jit.flags import inlined_kernel, inner_kernel
from fastmse.kernels.jit.lanes import block_dot2, block_sum, fill, store_pair
from fastmse.kernels.jit.memory import Pointer, begin, pointer, shift
from fastmse.kernels.jit.residuals import Rows
from fastmse.kernels.jit.weights import weigh
from fastmse.statistics.counter import Node


class LinearJob(NamedTuple):
    """Where X and the rest lie: addresses, and strides in doubles. 0 stands for no weights."""

    decoder: int
    "of X, whose strides are then bytes; 0 where its elements are read in place"
    x: int
    row: int
    column: int
    y: int
    w: int
    thetas: int
    "(n_thetas, pitch): each its intercept or 0, its slopes, then zeros"
    pitch: int
    n_thetas: int
    n_features: int
    intercept: int
    graded: bool
    room: int
    "rows that scratch is for"


class Theta(NamedTuple):
    """Of <theta, x> = offset + sum_j slopes_j x_j. Seven zeros or more follow the slopes."""

    slopes: Pointer
    offset: float


class Block(NamedTuple):
    rows: Rows
    "of theta 0; r and c of the others follow, `room` rows each"
    G: Pointer
    "of the node, without the intercept"
    free: Pointer
    "scratch after all that"


@inlined_kernel
def n_double_of(job: LinearJob) -> int:
    return job.n_thetas + (job.w != 0)


@inner_kernel
def block_at(job: LinearJob, first: int, node: Node, scratch: Node) -> Block:
    """Where the parts of the block lie that begins with row `first`."""
    weighted = job.w != 0
    y, r = shift(pointer(job.y), first), begin(scratch)
    w, c = y, r
    if weighted:
        w, c = shift(pointer(job.w), first), shift(r, job.n_thetas * job.room)
    plain = 2 * n_double_of(job) + (2 if weighted else 0)
    G = shift(begin(node), plain + job.intercept)
    return Block(Rows(y, w, r, c, weighted), G, shift(r, 2 * job.n_thetas * job.room))


@inner_kernel
def begin_block(job: LinearJob, first: int, rows: int, node: Node, scratch: Node) -> Block:
    """The node cleared, and the weights counted into it."""
    at = block_at(job, first, node, scratch)
    fill(begin(node), node.size, 0.0)
    if at.rows.weighted:
        weigh(at.rows.w, rows, begin(node), job.n_thetas, n_double_of(job))
    return at


@inlined_kernel
def theta_of(job: LinearJob, k: int) -> Theta:
    theta = shift(pointer(job.thetas), k * job.pitch)
    return Theta(shift(theta, 1), theta[0])


@inlined_kernel
def rows_of(job: LinearJob, at: Block, k: int, start: int) -> Rows:
    """Rows from `start` of the block, for theta k."""
    y, w, r, c, weighted = at.rows
    n = k * job.room + start
    return Rows(shift(y, start), shift(w, start), shift(r, n), shift(c, n), weighted)


@inner_kernel
def end_block(job: LinearJob, rows: int, at: Block, node: Node) -> None:
    """SSE and the intercept's gradient, from the residuals of the whole block."""
    p = job.n_features + job.intercept
    for k in range(job.n_thetas):
        here = rows_of(job, at, k, 0)
        high, low = block_dot2(here.c, here.r, rows)
        store_pair(high, low, shift(begin(node), k), n_double_of(job))
        if job.graded and job.intercept > 0:
            at.G[k * p - 1] = block_sum(here.c, rows)
