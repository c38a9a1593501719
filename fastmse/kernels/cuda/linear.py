"""Which kernel evaluates the linear model on a device, and what it is given."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from fastmse.device_inputs import Line
from fastmse.kernels.cuda.counting import Nodes, nodes_of
from fastmse.kernels.cuda.launching import Queue, launch
from fastmse.kernels.cuda.linear_columns import columns_kernel
from fastmse.kernels.cuda.linear_rows import WIDEST, Shape, chunk_rows, rows_kernel, shape_of
from fastmse.kernels.cuda.rows import Matrix, Piece, PlacedRows, SentRows
from fastmse.kernels.cuda.sizes import THREADS
from fastmse.kernels.cuda.storage import VECTOR_BYTES
from fastmse.kernels.cuda.workspace import to_device
from fastmse.statistics import block_rows
from fastmse.statistics.grid import TINY


class Layout(NamedTuple):
    """How the rows of an X are taken."""

    by_columns: bool
    rows: int
    "to a node"
    room: int
    "of theta, with zeros after it"
    cut: Shape
    "of rows that are not taken by columns"
    together: int
    "rows that 16 bytes of a column hold, if its elements lie so; else 1"


@lru_cache
def _layout(aligned: bool, row: int, column: int, n: int, d: int, itemsize: int) -> Layout:
    """By columns as `statistics.by_columns`, and rows that are more than registers hold."""
    count = VECTOR_BYTES // itemsize
    lies_so = n > 1 and 0 < abs(row) < abs(column)
    whole = aligned and column == itemsize and row % VECTOR_BYTES == 0 and d % count == 0
    cut = shape_of(d, count if whole else 1)
    together = count if aligned and row == itemsize and column % VECTOR_BYTES == 0 else 1
    if d <= TINY or lies_so or d > WIDEST:
        return Layout(True, block_rows(d, True), max(d, 1), cut, together)
    return Layout(False, chunk_rows(n, d, cut), cut.columns * cut.threads, cut, together)


def layout_of(X: Matrix) -> Layout:
    aligned = X.pointer % VECTOR_BYTES == 0
    return _layout(aligned, X.row, X.column, X.n, X.d, X.itemsize)


class Model(NamedTuple):
    """One theta, without its intercept, on the device; what is wanted of it."""

    slopes: Any
    "float64 on the host"
    offset: float
    intercept: bool
    graded: bool

    @property
    def width(self) -> int:
        """Of a node."""
        return 2 + (self.intercept + len(self.slopes)) * self.graded


class Plan(NamedTuple):
    """How all rows are counted, whatever pieces they come in."""

    layout: Layout
    nodes: Nodes
    theta: int
    "its address on the device"


def linear(rows: PlacedRows | SentRows, model: Model, queue: Queue) -> np.ndarray:
    """SSE.hi, SSE.lo, then Σ w_i r_i x_i with the intercept's first, if `graded`."""
    plan = _plan(rows.X, model, queue)
    for piece in rows.pieces(plan.layout.rows, queue):
        _launch(plan, piece, model)
    return plan.nodes.total(queue)


def _plan(X: Matrix, model: Model, queue: Queue) -> Plan:
    layout = layout_of(X)
    if layout.by_columns:
        counted = X.n // layout.rows, X.n % layout.rows
    else:
        counted = (X.n - 1) // layout.rows + 1, 0
    nodes = nodes_of(queue, *counted, 0, model.width)
    return Plan(layout, nodes, to_device(model.slopes, layout.room, queue.device))


def _launch(plan: Plan, piece: Piece, model: Model) -> None:
    first, X, y, w, queue = piece
    layout, nodes, theta = plan
    w_type, weights = (w.storage, (w.pointer, w.step)) if w else ("", (0, 0))
    data = (X.pointer, X.row, X.column, y.pointer, y.step, *weights, X.n, X.d)
    grid, first_node = (X.n - 1) // layout.rows + 1, first // layout.rows
    if layout.by_columns:
        count = _rows_together(piece)
        kernel = columns_kernel(
            *(X.storage, y.storage, w_type, count, layout.rows, THREADS),
            *(model.intercept, model.graded),
        )
        launch(
            *(kernel, grid, THREADS, queue),
            *(*data, theta, model.offset, *nodes.words, first_node, *nodes.levels_words),
        )
        return
    shape = layout.cut
    kernel = rows_kernel(X.storage, y.storage, w_type, shape, model.intercept, model.graded)
    launch(
        *(kernel, grid, shape.groups * shape.threads, queue),
        *(*data, theta, model.offset, layout.rows, *nodes.words, first_node),
    )


def _rows_together(piece: Piece) -> int:
    """Rows that a thread loads at once, by columns, which in a piece lie closer than in X."""
    most = layout_of(piece.X).together
    lines = [line for line in (piece.y, piece.w) if line is not None]
    return most if all(_is_dense(line, most) for line in lines) else 1


def _is_dense(line: Line, count: int) -> bool:
    """Whether `count` elements may be loaded at once, in pieces of 16 bytes."""
    size = line.itemsize
    return line.step == size and line.pointer % min(count * size, VECTOR_BYTES) == 0
