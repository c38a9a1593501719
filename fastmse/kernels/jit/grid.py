"""The block grid and its binary counter, as in ``compiled/grid.pxi``: the same bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import prange
from numpy.typing import NDArray

from fastmse.kernels.jit import layers
from fastmse.kernels.jit.flags import inner_kernel, parallel_kernel, serial_kernel
from fastmse.kernels.jit.memory import take
from fastmse.statistics import BlockCounter
from fastmse.statistics.counter import LEVELS

Array = NDArray[np.float64]
Tasks = NDArray[np.int64]
Job = tuple[Any, ...]

TASKS_PER_THREAD = 32
TASK_BYTES = 2**22


@serial_kernel
def merge_nodes(into: Array, other: Array, k: int) -> None:
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


@inner_kernel
def copy(source: Array, target: Array) -> None:
    """target = source; an element loop compiles in a tenth of the time of `target[:] = source`."""
    for i in range(source.size):
        target[i] = source[i]


@serial_kernel
def push(nodes: Array, blocks: int, node: Array, level: int, k: int) -> int:
    """Count the node of 2^level blocks in, the next ones; the new number of blocks."""
    at = level
    while (blocks >> at) & 1:
        merge_nodes(nodes[at], node, k)
        copy(nodes[at], node)
        at += 1
    copy(node, nodes[at])
    return blocks + (1 << level)


def plan_tasks(start: int, count: int, wanted: int) -> tuple[Tasks, int]:
    """`count` blocks, the first with global number `start`, in aligned spans: first, level.

    About `wanted` of them, and the greatest level.
    """
    depth = (count // (wanted + 1)).bit_length()  # the least with count >> depth <= wanted
    tasks = np.empty((wanted + 2 * depth + 2, 2), np.int64)
    return tasks[: _cut_tasks(tasks, start, count, depth)], depth


@serial_kernel
def _cut_tasks(tasks: Tasks, start: int, count: int, depth: int) -> int:
    """How many. Not the array: to return one, Numba calls Python, where a Ctrl-C would be lost."""
    n, done = 0, 0
    while done < count:
        level = 0
        while level < depth and ((start + done) >> level) & 1 == 0 and done + (2 << level) <= count:
            level += 1
        tasks[n, 0], tasks[n, 1] = done, level
        done += 1 << level
        n += 1
    return n


@serial_kernel
def push_all(nodes: Array, blocks: int, tasks: Tasks, results: Array, k: int) -> int:
    """Count the results of consecutive tasks in."""
    for t in range(len(tasks)):
        blocks = push(nodes, blocks, results[t], tasks[t, 1], k)
    return blocks


class Driver:
    """Counts rows in, serially or with `prange`; `evaluate` evaluates one block.

    ``evaluate(job, first, rows, node, scratch)`` writes the node of rows
    [first, first + rows); a job is whatever tuple it wants.
    """

    def __init__(self, evaluate: Callable[..., None]) -> None:
        self.serial = _serial(evaluate)
        self.parallel = _parallel(evaluate)

    def __call__(
        self,
        counter: BlockCounter,
        job: Job,
        block: int,
        rows: int,
        scratch: int,
        n_threads: int,
    ) -> None:
        whole = rows // block * block
        threads = layers.usable_threads(n_threads) if whole > block else 1
        done = 0
        if threads > 1:
            self._count_parallel(counter, job, block, whole // block, scratch, threads)
            done = whole
        if done < rows:
            counter.blocks = self.serial(
                counter.nodes, counter.blocks, job, block, done, rows, scratch, counter.n_double
            )

    def _count_parallel(
        self,
        counter: BlockCounter,
        job: Job,
        block: int,
        count: int,
        scratch: int,
        threads: int,
    ) -> None:
        k = counter.n_double
        width = counter.nodes.shape[1]
        wanted = max(min(TASKS_PER_THREAD * threads, TASK_BYTES // (8 * width)), 2 * threads)
        tasks, depth = plan_tasks(counter.blocks, count, wanted)
        results = np.empty((len(tasks), width))
        taken = np.zeros(1, np.int64)
        with layers.using_threads(threads):
            self.parallel(threads, tasks, taken, depth, results, job, block, scratch, k)
        counter.blocks = push_all(counter.nodes, counter.blocks, tasks, results, k)


def _serial(evaluate: Any) -> Any:
    @serial_kernel
    def serial(
        nodes: Array,
        blocks: int,
        job: Job,
        block: int,
        first: int,
        rows: int,
        scratch: int,
        k: int,
    ) -> int:
        node = np.empty(nodes.shape[1])
        memory = np.empty(scratch)
        while first + block <= rows:
            evaluate(job, first, block, node, memory)
            blocks = push(nodes, blocks, node, 0, k)
            first += block
        if first < rows:
            evaluate(job, first, rows - first, nodes[LEVELS], memory)
        return blocks

    return serial


def _parallel(evaluate: Any) -> Any:
    @inner_kernel
    def run_tasks(
        tasks: Tasks,
        taken: Tasks,
        depth: int,
        results: Array,
        job: Job,
        block: int,
        scratch: int,
        k: int,
    ) -> None:
        """Run tasks that nobody has taken, until there are none."""
        stack = np.empty((depth + 2, results.shape[1]))
        memory = np.empty(scratch)
        t = take(taken)
        while t < len(tasks):
            first, level = tasks[t, 0], tasks[t, 1]
            top = 0
            for b in range(1 << level):
                evaluate(job, (first + b) * block, block, stack[top], memory)
                carry = b
                while carry & 1:
                    merge_nodes(stack[top - 1], stack[top], k)
                    top -= 1
                    carry >>= 1
                top += 1
            copy(stack[0], results[t])
            t = take(taken)

    # Only the call stands in the parallel function: its compiler passes cost ten times a
    # serial function's.
    @parallel_kernel
    def parallel(
        threads: int,
        tasks: Tasks,
        taken: Tasks,
        depth: int,
        results: Array,
        job: Job,
        block: int,
        scratch: int,
        k: int,
    ) -> None:
        for _ in prange(threads):
            run_tasks(tasks, taken, depth, results, job, block, scratch, k)

    return parallel
