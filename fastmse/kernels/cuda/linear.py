"""Which kernel evaluates the linear model on a device, and what it is given."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fastmse.device_arrays import DeviceArray
from fastmse.device_inputs import Line
from fastmse.kernels.cuda.counting import STREAM, Nodes
from fastmse.kernels.cuda.linear_columns import columns_kernel
from fastmse.kernels.cuda.linear_rows import WIDEST, chunk_rows, rows_kernel, shape_of
from fastmse.kernels.cuda.sizes import THREADS
from fastmse.kernels.cuda.storage import VECTOR_BYTES
from fastmse.kernels.cuda.workspace import address_of, workspace
from fastmse.statistics import block_rows
from fastmse.statistics.grid import TINY


class Matrix(NamedTuple):
    """X (n, d): its address, and bytes from a row to the next and from a column to the next."""

    pointer: int
    row: int
    column: int
    n: int
    d: int
    storage: str
    itemsize: int

    def is_dense(self, step: int, other: int) -> bool:
        """Whether 16 bytes may be loaded along the axis of `step`."""
        aligned = self.pointer % VECTOR_BYTES == 0 and other % VECTOR_BYTES == 0
        return step == self.itemsize and aligned

    @property
    def by_columns(self) -> bool:
        """As `statistics.by_columns`, and rows that are more than registers hold."""
        lies_so = self.n > 1 and 0 < abs(self.row) < abs(self.column)
        return self.d <= TINY or lies_so or self.d > WIDEST


def matrix_of(X: DeviceArray) -> Matrix:
    return Matrix(X.pointer, *X.strides, *X.shape, X.storage, X.itemsize)  # type: ignore[arg-type]


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


def linear(X: Matrix, y: Line, w: Line | None, model: Model, device: int) -> np.ndarray:
    """SSE.hi, SSE.lo, then Σ w_i r_i x_i with the intercept's first, if `graded`."""
    return (_by_columns if X.by_columns else _by_rows)(X, y, w, model, device)


def _by_rows(X: Matrix, y: Line, w: Line | None, model: Model, device: int) -> np.ndarray:
    count = VECTOR_BYTES // X.itemsize
    if not (X.is_dense(X.column, X.row) and X.d % count == 0):
        count = 1
    shape = shape_of(X.d, count)
    chunk = chunk_rows(X.n, X.d, shape)
    chunks = (X.n - 1) // chunk + 1
    nodes = Nodes(workspace(device), chunks, 0, 0, model.width)
    kernel = rows_kernel(
        X.storage, y.storage, w.storage if w else "", shape, model.intercept, model.graded
    )
    theta = _to_device(model.slopes, shape.columns * shape.threads, device)
    kernel[chunks, shape.groups * shape.threads, STREAM](
        *(X.pointer, X.row, X.column, y.pointer, y.step, *((w.pointer, w.step) if w else (0, 0))),
        *(X.n, X.d, theta, model.offset, chunk, nodes.nodes, 0),
    )
    return nodes.total()


def _by_columns(X: Matrix, y: Line, w: Line | None, model: Model, device: int) -> np.ndarray:
    block = block_rows(X.d, True)
    count = VECTOR_BYTES // X.itemsize
    vectors = [line for line in (y, w) if line is not None]
    if not (X.is_dense(X.row, X.column) and all(_is_dense(line, count) for line in vectors)):
        count = 1
    nodes = Nodes(workspace(device), X.n // block, X.n % block, 0, model.width)
    kernel = columns_kernel(
        X.storage, y.storage, w.storage if w else "", count, block, THREADS,
        model.intercept, model.graded,
    )
    theta = _to_device(model.slopes, max(X.d, 1), device)
    kernel[(X.n - 1) // block + 1, THREADS, STREAM](
        *(X.pointer, X.row, X.column, y.pointer, y.step, *((w.pointer, w.step) if w else (0, 0))),
        *(X.n, X.d, theta, model.offset, nodes.nodes, 0, nodes.levels),
    )
    return nodes.total()


def _is_dense(line: Line, count: int) -> bool:
    """Whether `count` elements may be loaded at once, in pieces of 16 bytes."""
    size = line.itemsize
    return line.step == size and line.pointer % min(count * size, VECTOR_BYTES) == 0


def _to_device(slopes: np.ndarray, room: int, device: int) -> int:
    """The address of the slopes and, after them, zeros."""
    padded = np.zeros((1, room))
    padded[0, : len(slopes)] = slopes
    target = workspace(device).take("theta", (1, room))
    target.copy_to_device(padded)
    return address_of(target)
