"""MSE of predictions, its gradient, σ̂² and ℓ: one pass over (y_true, y_pred)."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from fastmse import backends, inputs
from fastmse.backends import DeviceCall
from fastmse.kernels import compiled
from fastmse.models.elements import OutputElements, as_elements, gradient_array
from fastmse.results import Evaluation
from fastmse.statistics import (
    PREDICTION_BLOCK,
    PREDICTION_PIECE,
    BlockCounter,
    Count,
    Rows,
    Stream,
    count_pieces,
)
from fastmse.weighting import Weighting, WeightStream, require_rows, weigh

COPIED_PIECE = 16 * PREDICTION_BLOCK
"""Elements that no stride describes are copied out in pieces of 512 KB."""

SMALL_ROWS = 2**15
"""Elements on which a second thread gains less than the 9 µs of the way to it."""

SERIAL_ROWS = 2**20
"""Elements of one thread in one call, 1 ms: signals wait for it."""


def mse(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    backend: str = "auto",
    n_threads: int | None = None,
) -> float:
    """Mean squared error of predictions.

    MSE = Σ wᵢ (yᵢ - fᵢ)² / Σ wᵢ

    Parameters
    ----------
    y_true, y_pred : array_like of one shape
        Truth and predictions, in any real dtype and layout, n elements each, matched by their
        positions: an index is not looked at. A column of a table is read where it lies; one
        that does not lie in one piece, 2 MB at a time. A table of several is copied.
    sample_weight : array_like of that shape, optional
        Frequencies: w counts as w repeated elements. Finite and >= 0.
    backend : {"auto", "numpy", "cython", "numba", "cuda"}
        "auto" takes the CPU's compiled kernels, and CUDA's for arrays in a GPU's memory.
    n_threads : int >= 1, optional
        None: ``FASTMSE_NUM_THREADS``, else OpenMP's setting, else the CPUs available.

    Returns
    -------
    float
        In the units of y squared. Within 4 ulp of the exact value for the float64 residuals,
        and the same bits for any number of threads, instruction set and dtype of equal values.

    Raises
    ------
    TypeError, ValueError
        For shapes that differ (nothing is broadcast), empty input, and dtypes that hold no
        real numbers.

    Notes
    -----
    Reads 16 bytes per element, weights twice; 3 flops, no temporary.

    Examples
    --------
    >>> import fastmse as fm
    >>> fm.mse([1.0, 2.0, 3.0], [1.0, 2.0, 5.0])
    1.3333333333333333
    """
    if sample_weight is None and backends.is_default(backend, n_threads):
        most = SERIAL_ROWS if n_threads == 1 else SMALL_ROWS
        sse = compiled.small_predictions(y_true, y_pred, PREDICTION_BLOCK, most)
        if sse is not None:
            return sse / len(y_true)
    device_call = backends.for_device(backend, y_true, y_pred, sample_weight)
    if device_call is not None:
        return float(_on_device(device_call, y_true, y_pred, sample_weight, False, None).mse)
    kernels = backends.select(backend)
    gated = inputs.predictions(y_true, y_pred, sample_weight)
    weighting, sse = _sums(kernels, gated, None, n_threads)
    return sse / weighting.weight_sum


def evaluate(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    grad: bool = True,
    out: np.ndarray | None = None,
    backend: str = "auto",
    n_threads: int | None = None,
) -> Evaluation:
    """SSE, MSE, σ̂², ℓ and the gradient with respect to the predictions, in one pass.

    SSE = Σ wᵢ (yᵢ - fᵢ)²,    ∂MSE/∂fᵢ = 2 wᵢ (fᵢ - yᵢ) / Σ w

    Parameters
    ----------
    y_true, y_pred : array_like of one shape
        Truth and predictions, in any real dtype and layout, n elements each, matched by their
        positions: an index is not looked at. A column of a table is read where it lies; one
        that does not lie in one piece, 2 MB at a time. A table of several is copied.
    sample_weight : array_like of that shape, optional
        Frequencies: w counts as w repeated elements. Finite and >= 0; 0 drops its element,
        even a NaN.
    grad : bool
        Whether to compute the gradient.
    out : ndarray of y_pred's shape and a floating dtype, optional
        Where the gradient goes; it may be `y_pred` itself.
    backend : {"auto", "numpy", "cython", "numba", "cuda"}
        "auto" takes the CPU's compiled kernels, and CUDA's for arrays in a GPU's memory.
    n_threads : int >= 1, optional
        None: ``FASTMSE_NUM_THREADS``, else OpenMP's setting, else the CPUs available.

    Returns
    -------
    Evaluation
        Its ``grad`` has the shape of `y_pred` and its dtype if that is floating, else
        float64; it is `out` if given, None without `grad`.

    Raises
    ------
    TypeError, ValueError
        For shapes that differ (nothing is broadcast), empty input, dtypes that hold no real
        numbers, an `out` that overlaps an input other than exactly, and invalid weights.

    Notes
    -----
    Reads 16 bytes per element and writes 8; weights are read once more, beforehand, for
    their sum. 4 flops per element, 5 with weights; no temporary.

    Examples
    --------
    >>> import fastmse as fm
    >>> e = fm.evaluate([1.0, 2.0, 3.0], [1.0, 2.0, 5.0])
    >>> e.sse, e.grad
    (4.0, array([0.        , 0.        , 1.33333333]))
    """
    device_call = backends.for_device(backend, y_true, y_pred, sample_weight, out)
    if device_call is not None:
        return _on_device(device_call, y_true, y_pred, sample_weight, grad, out)
    kernels = backends.select(backend)
    gated = inputs.predictions(y_true, y_pred, sample_weight)
    out, target = gradient_array(gated, grad, out)
    weighting, sse = _sums(kernels, gated, target, n_threads)
    return Evaluation(weighting.n, weighting.weight_sum, sse, out)


def _on_device(call: DeviceCall, *arguments: Any) -> Evaluation:
    from fastmse.models.device_predictions import evaluate, evaluate_sent

    return (evaluate if call.on_device else evaluate_sent)(call.kernels, *arguments)


def _sums(
    kernels: ModuleType, gated: Sequence[Any], target: np.ndarray | None, n_threads: int | None
) -> tuple[Weighting, float]:
    """The weighting and SSE of (y_true, y_pred, sample_weight); the gradient to `target`."""
    n = gated[0].size
    threads = backends.n_threads_for(2 * n, n_threads)
    rows, copied = as_elements(gated, target)
    weighting = weigh(kernels, n, rows[2], threads)
    counter = BlockCounter(1, 0)
    count = _counting(kernels, 2.0 / weighting.weight_sum, threads)
    count_pieces(counter, count, rows, 0, n, COPIED_PIECE if copied else PREDICTION_PIECE)
    return weighting, _sse(counter.total())


class PredictionStream:
    """`evaluate` without the gradient, of rows that come in chunks of any length.

    The result has the bits of all rows at once. O(1) memory.
    """

    def __init__(self, *, backend: str = "auto", n_threads: int | None = None) -> None:
        self._kernels = backends.select(backend)
        self._threads = backends.n_threads_for(PREDICTION_PIECE, n_threads)
        count = _counting(self._kernels, 0.0, self._threads)
        self._stream = Stream(BlockCounter(1, 0), count, PREDICTION_BLOCK, PREDICTION_PIECE)
        self._weights = WeightStream(self._kernels, self._threads)

    def update(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count rows in: 1-D arrays of one length."""
        y_true = inputs.vector(y_true, "y_true")
        y_pred = inputs.vector(y_pred, "y_pred", len(y_true))
        if sample_weight is None:
            sample_weight = np.broadcast_to(1.0, y_true.shape)
        sample_weight = inputs.vector(sample_weight, "sample_weight", len(y_true))
        if len(y_true):
            self._weights.update(sample_weight)
            self._stream.update([y_true, y_pred, sample_weight, None])

    def merge(self, other: PredictionStream) -> None:
        """Count in all rows of `other`; within 1 ulp of the rows in one stream."""
        self._weights.merge(other._weights)
        self._stream.merge(other._stream)

    def finalize(self) -> Evaluation:
        """The evaluation of all rows so far; the stream may go on."""
        if not self._stream.n:
            raise ValueError("y_true: got no rows; want at least one")
        weighting = require_rows(self._weights.total())
        return Evaluation(weighting.n, weighting.weight_sum, _sse(self._stream.total()), None)


def _sse(node: np.ndarray) -> float:
    high, low = node.tolist()
    return float(high + low)


def _counting(kernels: ModuleType, scale: float, n_threads: int) -> Count:
    def count(counter: BlockCounter, rows: Rows) -> None:
        for y_true, y_pred, sample_weight, out in backends.readable(
            kernels, rows, PREDICTION_BLOCK
        ):
            target = out.buffer() if isinstance(out, OutputElements) else out
            kernels.predictions(
                counter, PREDICTION_BLOCK, y_true, y_pred, sample_weight, target, scale, n_threads
            )
            if isinstance(out, OutputElements):
                out.write(target)

    return count
