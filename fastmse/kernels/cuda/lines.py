"""Predictions and weights on a device: which kernel, on which grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastmse.device_inputs import Line
from fastmse.kernels.cuda.counting import Nodes, nodes_of
from fastmse.kernels.cuda.lanes import LANES, RUN
from fastmse.kernels.cuda.launching import Queue, launch
from fastmse.kernels.cuda.predictions import WIDTH, predictions_kernel
from fastmse.kernels.cuda.sizes import THREADS
from fastmse.kernels.cuda.spans import LOG_SPAN, SPAN
from fastmse.kernels.cuda.staging import rows_at_once, sent_line, storage_dtype, turns
from fastmse.kernels.cuda.storage import VECTOR_BYTES
from fastmse.kernels.cuda.weights import WIDTH as WEIGHTS_WIDTH
from fastmse.kernels.cuda.weights import weights_kernel
from fastmse.statistics import PREDICTION_BLOCK

NOTHING = Line(0, 0, 0, "")
BLOCK = PREDICTION_BLOCK


def weigh(w: Line, queue: Queue) -> np.ndarray:
    """W.hi, W.lo, the numbers of zero and of invalid weights."""
    nodes = _nodes(w.n, queue, WEIGHTS_WIDTH)
    count = together([w])
    kernel = weights_kernel(w.storage, count, BLOCK, _threads(count))
    launch(
        *(kernel, _spans(w.n), _threads(count), queue),
        *(w.pointer, w.step, w.n, *nodes.words, 0, *nodes.levels_words),
    )
    return nodes.total(queue)


def predictions(
    y: Line, f: Line, w: Line | None, out: Line | None, scale: float, queue: Queue
) -> np.ndarray:
    """SSE.hi, SSE.lo; fills `out` with scale w_i r_i."""
    nodes = _nodes(y.n, queue, WIDTH)
    _launch(nodes, 0, (y, f, w, out), scale, queue)
    return nodes.total(queue)


def staged_predictions(
    rows: Sequence[np.ndarray | None], out: np.ndarray | None, scale: float, queue: Queue
) -> np.ndarray:
    """The same of y, f and weights in host memory, a piece at a time."""
    given = [np.asarray(array) for array in rows if array is not None]
    n = len(given[0])
    sent = [*given, *([] if out is None else [out])]
    row_bytes = sum(storage_dtype(array.dtype).itemsize for array in sent)
    nodes = _nodes(n, queue, WIDTH)
    step = rows_at_once(row_bytes, SPAN * BLOCK)
    for slot, start, stop in turns(n, step, row_bytes, len(sent), queue.device):
        pieces = [array[start:stop] for array in sent]
        places = slot.send(pieces[: len(given)], pieces[len(given) :])
        lines = [sent_line(piece, place) for piece, place in zip(pieces, places, strict=True)]
        to = None if out is None else lines.pop()
        w = None if rows[2] is None else lines.pop()
        _launch(nodes, start // (SPAN * BLOCK), (*lines, w, to), scale, slot.queue)
        if out is not None and to is not None:
            slot.fetch(to.pointer, out[start:stop])
    return nodes.total(queue)


def _launch(
    nodes: Nodes, first: int, lines: Sequence[Line | None], scale: float, queue: Queue
) -> None:
    """The kernel on rows whose first span is number `first`."""
    count = together([line for line in lines if line is not None])
    y, f, w, out = (line or NOTHING for line in lines)
    threads = _threads(count)
    kernel = predictions_kernel(y.storage, f.storage, w.storage, out.storage, count, BLOCK, threads)
    launch(
        *(kernel, _spans(y.n), threads, queue),
        *(y.pointer, y.step, f.pointer, f.step, w.pointer, w.step, out.pointer, out.step),
        *(scale, y.n, *nodes.words, first, *nodes.levels_words),
    )


def together(lines: Sequence[Line]) -> int:
    """Elements that a thread loads at once: what 16 bytes hold of the widest, or one."""
    sizes = [line.itemsize for line in lines]
    count = VECTOR_BYTES // max(sizes)
    for line, size in zip(lines, sizes, strict=True):
        if line.step != size or line.pointer % (count * size):
            return 1
    return count


def _nodes(n: int, queue: Queue, width: int) -> Nodes:
    return nodes_of(queue, n // BLOCK, n % BLOCK, LOG_SPAN, width)


def _threads(count: int) -> int:
    """No more than the runs of a span keep busy."""
    return min(THREADS, SPAN * BLOCK // RUN * (LANES // count))


def _spans(n: int) -> int:
    return (n - 1) // (SPAN * BLOCK) + 1
