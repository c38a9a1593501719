"""Nonlinear models: f_i = f(x_i; θ), r_i = f_i - y_i, c_i = w_i r_i; SSE = Σ c_i r_i,
G_j = Σ c_i ∂_j f_i, and the packed N_jk = Σ w_i ∂_j f_i ∂_k f_i, to which Σ c_i ∂_jk f_i may be
added.

A thread takes a row, its sums in registers; a block of threads makes the node of a chunk of rows,
whose length n determines. Node: SSE.hi, SSE.lo, G, N. Sums are of FMAs, functions CUDA's: the same
bits on every run and every grid, not the CPU's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda, types

from fastmse.kernels.cuda.arithmetic import model_adder, zeros
from fastmse.kernels.cuda.counting import nodes_of
from fastmse.kernels.cuda.flags import device_function
from fastmse.kernels.cuda.functions import FUNCTIONS
from fastmse.kernels.cuda.lanes import add_run, finite_low, group_folder, merge_pairs
from fastmse.kernels.cuda.launching import Queue, kernel, launch, loaded
from fastmse.kernels.cuda.rows import PlacedRows, SentRows
from fastmse.kernels.cuda.sizes import ROW_THREADS
from fastmse.kernels.cuda.storage import loader, part_loader
from fastmse.kernels.cuda.variables import Storage, variables_of
from fastmse.kernels.cuda.workspace import to_device
from fastmse.kernels.scalars import ModelScalar, Sums

WARP = min(32, ROW_THREADS)
WARPS = ROW_THREADS // WARP
CHUNKS = 2048
TURNS = 64
"""Rows of a thread, at most, and as few as make so many chunks."""


def models(
    rows: PlacedRows | SentRows, theta: np.ndarray, scalar: ModelScalar, sums: Sums, queue: Queue
) -> np.ndarray:
    """SSE.hi, SSE.lo, then G and N as far as `sums` says, at one theta (p,)."""
    n = rows.X.n
    chunk = min(-(-n // (CHUNKS * ROW_THREADS)), TURNS) * ROW_THREADS
    n_sums = max(sums.count(scalar.p), 1)
    nodes = nodes_of(queue, (n - 1) // chunk + 1, 0, 0, 2 + n_sums + scalar.may_raise)
    given = np.append(theta, rows.X.places) if rows.X.places else theta
    place = to_device(given, len(given), queue.device)
    for first, X, y, w, piece_queue in rows.pieces(chunk, queue):
        w_type, weights = (w.storage, (w.pointer, w.step)) if w else ("", (0, 0))
        kernel = _compiled(scalar, X.storage, y.storage, w_type, sums, piece_queue)
        launch(
            *(kernel, (X.n - 1) // chunk + 1, ROW_THREADS, piece_queue),
            *(*X.words(place + 8 * scalar.p), y.pointer, y.step, *weights, X.n),
            *(place, chunk, *nodes.words, first // chunk),
        )
    totals = nodes.total(queue)
    if scalar.may_raise:
        scalar.check(rows_missing=bool(totals[-1] != n))
    return totals[: 2 + sums.count(scalar.p)]


def _compiled(
    scalar: ModelScalar, x_type: Storage, y_type: str, w_type: str, sums: Sums, queue: Queue
) -> Any:
    def build(make: Any) -> Any:
        shape = (scalar.q, scalar.p, sums, scalar.may_raise)
        made = make(sums.order, FUNCTIONS)
        return loaded(_kernel(x_type, y_type, w_type, *shape, made), queue)

    return scalar.on_device((x_type, y_type, w_type, sums), build)


@device_function
def rows_done(counts: Any) -> float:
    """The sum over all threads, of those that have ended 0."""
    cuda.syncthreads()
    total = 0.0
    for thread in range(ROW_THREADS):
        total += counts[thread]
    return total


def _kernel(
    x_type: Storage,
    y_type: str,
    w_type: str,
    q: int,
    p: int,
    sums: Sums,
    counted: bool,
    scalar: Any,
) -> Any:
    """The kernel of a scalar. `counted`: a last sum is that of rows done.

    A thread ends where its row raises, and nobody tells. So the rows are counted, by whichever
    threads are left, and without shuffles, which read nothing from a thread that has ended.
    """
    weighted, places = w_type != "", ROW_THREADS if counted else 1
    n_sums = max(sums.count(p), 1)
    where, load_x = variables_of(x_type, q)
    load_theta = loader("float64", p)
    load_y, load_w = part_loader(y_type, 1), part_loader(w_type or y_type, 1)
    add, none = model_adder(p, int(sums), n_sums), zeros(n_sums)
    evaluate, fold = device_function(scalar), group_folder(WARP)

    @device_function
    def add_up(total: float, parts: Any, nodes: Any, node: int, column: int) -> None:
        """The sum over all threads."""
        total = fold(total)
        cuda.syncthreads()
        if cuda.threadIdx.x % WARP == 0:
            parts[cuda.threadIdx.x // WARP] = total
        cuda.syncthreads()
        if cuda.threadIdx.x == 0:
            for warp in range(1, WARPS):
                total += parts[warp]
            nodes[node, column] = total

    @kernel
    def models_of_rows(
        x: int,
        row: int,
        column: int,
        y: int,
        y_step: int,
        w: int,
        w_step: int,
        n: int,
        theta: int,
        chunk: int,
        nodes: Any,
        first_node: int,
    ) -> None:
        pairs = cuda.shared.array((ROW_THREADS, 2), types.float64)
        parts = cuda.shared.array(WARPS, types.float64)
        counts = cuda.shared.array(places, types.float64)
        thread, node = cuda.threadIdx.x, first_node + cuda.blockIdx.x
        parameters, variables = load_theta(theta, 0), where(x, row, column)
        totals = none()
        high, low, weight, done = 0.0, 0.0, 1.0, 0.0
        first = cuda.blockIdx.x * chunk
        if counted:
            counts[thread] = 0.0
            if thread == 0:
                nodes[node, 2 + n_sums] = 0.0
            cuda.syncthreads()
        for i in range(first + thread, min(first + chunk, n), ROW_THREADS):
            if weighted:
                weight = load_w(w + i * w_step, w_step, 1)[0]
            if weight != 0.0:
                outputs = evaluate(load_x(variables, i), parameters)
                r = outputs[0] - load_y(y + i * y_step, y_step, 1)[0]
                c = weight * r
                high, low = add_run(high, low, c * r)
                totals = add(totals, outputs, c, weight)
            done += 1.0
        if counted:
            counts[thread] = done
        pairs[thread, 0] = high
        pairs[thread, 1] = finite_low(high, low)
        half = ROW_THREADS // 2
        while half > 0:
            cuda.syncthreads()
            if thread < half:
                high, low = merge_pairs(
                    pairs[thread, 0],
                    pairs[thread, 1],
                    pairs[thread + half, 0],
                    pairs[thread + half, 1],
                )
                pairs[thread, 0] = high
                pairs[thread, 1] = low
            half //= 2
        if thread == 0:
            nodes[node, 0] = high
            nodes[node, 1] = low
        for k in range(n_sums):
            add_up(totals[k], parts, nodes, node, 2 + k)
        if counted:
            nodes[node, 2 + n_sums] = rows_done(counts)

    return models_of_rows
