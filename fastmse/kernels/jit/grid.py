"""The block grid and its binary counter, as in ``compiled/grid.pxi``: the same bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, prange

from fastmse.kernels.jit import layers
from fastmse.statistics import BlockCounter
from fastmse.statistics.counter import LEVELS

TASKS_PER_THREAD = 32


@njit(nogil=True)
def merge_nodes(into, other, k):
    """into += other: the first k sums in double-double, the rest plainly."""
    for i in range(k):
        s = into[i] + other[i]
        t = s - into[i]
        error = (into[i] - (s - t)) + (other[i] - t)
        error = error + (into[k + i] + other[k + i])
        if s - s == 0.0:
            into[i] = s + error
            into[k + i] = error - (into[i] - s)
        else:
            into[i] = s
            into[k + i] = 0.0
    for i in range(2 * k, into.size):
        into[i] += other[i]


@njit(nogil=True)
def push(nodes, blocks, node, level, k):
    """Count the node of 2^level blocks in, the next ones; the new number of blocks."""
    at = level
    while (blocks >> at) & 1:
        merge_nodes(nodes[at], node, k)
        node[:] = nodes[at]
        at += 1
    nodes[at] = node
    return blocks + (1 << level)


@njit(nogil=True)
def plan_tasks(start, count, wanted):
    """`count` blocks, the first with global number `start`, in aligned spans: first, level."""
    depth = 0
    while (count >> depth) > wanted:
        depth += 1
    tasks = np.empty((wanted + 2 * depth + 2, 2), np.int64)
    n, done = 0, 0
    while done < count:
        level = 0
        while (
            level < depth
            and ((start + done) >> level) & 1 == 0
            and done + (2 << level) <= count
        ):
            level += 1
        tasks[n, 0], tasks[n, 1] = done, level
        done += 1 << level
        n += 1
    return tasks[:n], depth


class Driver:
    """Counts blocks in, serially or with `prange`; `block` evaluates one.

    ``block(job, first, rows, node, scratch)`` writes the node of rows [first, first + rows);
    a job is whatever tuple it wants.
    """

    def __init__(self, block: Callable[..., None]) -> None:
        self.serial = _serial(block)
        self.parallel = _parallel(block)

    def __call__(
        self,
        counter: BlockCounter,
        job: tuple[Any, ...],
        block: int,
        rows: int,
        scratch: int,
        n_threads: int,
    ) -> None:
        k = counter.n_double
        threads = layers.usable_threads(n_threads) if rows >= 2 * block else 1
        if threads == 1:
            counter.blocks = self.serial(
                counter.nodes, counter.blocks, job, block, rows, scratch, k
            )
            return
        wanted = TASKS_PER_THREAD * threads
        with layers.using_threads(threads):
            counter.blocks = self.parallel(
                counter.nodes, counter.blocks, job, block, rows, scratch, k, wanted
            )


def _serial(evaluate: Any) -> Any:
    @njit(nogil=True)
    def serial(nodes, blocks, job, block, rows, scratch, k):
        node = np.empty(nodes.shape[1])
        memory = np.empty(scratch)
        count = rows // block
        for b in range(count):
            evaluate(job, b * block, block, node, memory)
            blocks = push(nodes, blocks, node, 0, k)
        if count * block < rows:
            evaluate(job, count * block, rows - count * block, nodes[LEVELS], memory)
        return blocks

    return serial


def _parallel(evaluate: Any) -> Any:
    @njit(nogil=True)
    def run_task(job, block, first, level, stack, memory, k):
        top = 0
        for b in range(1 << level):
            evaluate(job, (first + b) * block, block, stack[top], memory)
            carry = b
            while carry & 1:
                merge_nodes(stack[top - 1], stack[top], k)
                top -= 1
                carry >>= 1
            top += 1

    @njit(nogil=True, parallel=True)
    def parallel(nodes, blocks, job, block, rows, scratch, k, wanted):
        width = nodes.shape[1]
        count = rows // block
        tasks, depth = plan_tasks(blocks, count, wanted)
        results = np.empty((len(tasks), width))
        for t in prange(len(tasks)):
            stack = np.empty((depth + 2, width))
            run_task(job, block, tasks[t, 0], tasks[t, 1], stack, np.empty(scratch), k)
            results[t] = stack[0]
        for t in range(len(tasks)):
            blocks = push(nodes, blocks, results[t], tasks[t, 1], k)
        if count * block < rows:
            evaluate(job, count * block, rows - count * block, nodes[LEVELS], np.empty(scratch))
        return blocks

    return parallel
