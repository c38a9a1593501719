"""The linear model f = θᵀx, with or without an intercept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from fastmse import backends, inputs
from fastmse.backends import DeviceCall
from fastmse.kernels import compiled
from fastmse.models.linear_fits import LinearFits
from fastmse.models.sums import ThetaSums
from fastmse.results import Evaluation
from fastmse.statistics import (
    BlockCounter,
    Count,
    Rows,
    Stream,
    block_rows,
    by_columns,
    count_pieces,
    piece_rows,
)
from fastmse.weighting import Weighting, check_weights, require_rows

THETAS_AT_ONCE = 64
"""Parameter vectors that share a pass: with 16 B of residuals a row each, 1 MB for a block."""


class Linear(LinearFits):
    """f(x; θ) = θᵀx, or θ₀ + Σⱼ θⱼ xⱼ with an intercept, which comes first.

    Parameters
    ----------
    intercept : bool
        Whether θ₀ is a parameter. X never holds a column of ones for it.

    Examples
    --------
    >>> import fastmse as fm
    >>> X, y = [[1.0], [2.0], [3.0]], [3.0, 5.0, 7.5]
    >>> e = fm.Linear(intercept=True).evaluate(X, y, [1.0, 2.0])
    >>> e.mse, e.grad
    (0.08333333333333333, array([-0.33333333, -1.        ]))
    """

    __slots__ = ("intercept",)

    def __init__(self, *, intercept: bool = False) -> None:
        if not isinstance(intercept, bool | np.bool_):
            raise TypeError(f"intercept: got {intercept!r}; want True or False")
        self.intercept = bool(intercept)

    def __repr__(self) -> str:
        return f"Linear(intercept={self.intercept})"

    def evaluate(
        self,
        X: Any,
        y: Any,
        theta: Any,
        *,
        sample_weight: Any = None,
        grad: bool = True,
        backend: str = "auto",
        n_threads: int | None = None,
    ) -> Evaluation:
        """SSE, MSE, σ̂², ℓ and ∇θ MSE at θ; each element of X is read from memory once.

        SSE = Σ wᵢ rᵢ²,    ∇θ MSE = 2/W Σ wᵢ rᵢ xᵢ,    rᵢ = θᵀxᵢ - yᵢ,    W = Σ wᵢ

        Parameters
        ----------
        X : array_like or table (n, d)
            In any real dtype and layout. Of a table (pandas, polars, pyarrow, ...) each column
            is read where it lies; rows that do not lie in one piece, 2 MB at a time, or a block
            where that is more, 2 KB a column. A stream of record batches is read into memory,
            once. Rows go by position: no index is looked at.
        y : array_like (n,)
        theta : array_like (p,) or (K, p)
            p = d, or d + 1 with an intercept, in the order of the columns: labels are not looked
            at. K parameter vectors share one pass, up to 64; row k has the bits of `theta[k]`
            alone.
        sample_weight : array_like (n,), optional
            Frequencies: w counts as w repeated rows. Finite and >= 0; 0 drops its row, even
            one that holds NaN.
        grad : bool
            Whether to compute the gradient.
        backend : {"auto", "numpy", "cython", "numba", "cuda"}
            "auto" takes the CPU's compiled kernels, and CUDA's for arrays in a GPU's memory.
        n_threads : int >= 1, optional
            None: ``FASTMSE_NUM_THREADS``, else OpenMP's setting, else the CPUs available.

        Returns
        -------
        Evaluation
            ``grad`` is (p,), or (K, p); the other fields are floats, or (K,).

        Raises
        ------
        TypeError, ValueError
            For shapes that do not match (nothing is broadcast), no rows, dtypes that hold no
            real numbers, missing values in a table (NaN is none), and invalid weights.

        Notes
        -----
        Reads 8 (d + 1) bytes a row for float64, 8 more with weights, once; (4 d + 3) K flops.
        SSE within 4 ulp, gradient component j within 8 eps 2/W Σ |wᵢ rᵢ xᵢⱼ|, both of the
        float64 residuals; the same bits for any number of threads and instruction set.
        """
        if sample_weight is None and backends.is_default(backend, n_threads):
            small = compiled.small_linear(X, y, theta, self.intercept, grad)
            if small is not None:
                return Evaluation(len(y), float(len(y)), *small)
        device_call = backends.for_device(backend, X, y, sample_weight)
        if device_call is not None:
            return self._evaluate_on_device(device_call, X, y, theta, sample_weight, grad)
        kernels = backends.select(backend)
        X, y, sample_weight = inputs.design(X, y, sample_weight)
        n, d = X.shape
        theta, single = self._parameters(theta, d)
        if len(theta) > THETAS_AT_ONCE:
            groups = np.split(theta, range(THETAS_AT_ONCE, len(theta), THETAS_AT_ONCE))
            at = partial(self.evaluate, X, y, grad=grad, backend=backend, n_threads=n_threads)
            return _joined([at(group, sample_weight=sample_weight) for group in groups])
        threads = backends.n_threads_for((d + 1) * n * len(theta), n_threads)
        columns = by_columns(X)
        sums = _sums(theta, grad, sample_weight is not None)
        counter = sums.counter()
        count = self._counting(kernels, theta, grad, columns, threads)
        piece = piece_rows(d, len(theta), block_rows(d, columns))
        count_pieces(counter, count, [X, y, sample_weight], 0, n, piece)
        total = counter.total()
        weighting = sums.weighting(total, n, sample_weight)
        return _evaluation(sums, total, require_rows(weighting), single)

    def _evaluate_on_device(
        self, call: DeviceCall, X: Any, y: Any, theta: Any, sample_weight: Any, grad: bool
    ) -> Evaluation:
        from fastmse.models import device_linear

        gated = device_linear.gate(call.on_device, X, y, sample_weight)
        theta, single = self._parameters(theta, gated[0].shape[1])
        return device_linear.evaluate(call, gated, theta, single, self.intercept, grad)

    def objective(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        backend: str = "auto",
        n_threads: int | None = None,
    ) -> Callable[[Any], tuple[Any, Any]]:
        """A function theta -> (MSE, ∇θ MSE), for ``scipy.optimize.minimize(..., jac=True)``.

        Parameters are those of `evaluate`; each call is one pass over the data.
        """
        device_call = backends.for_device(backend, X, y, sample_weight)
        if device_call is None or not device_call.on_device:
            X, y, sample_weight = inputs.design(X, y, sample_weight)

        def mse_and_grad(theta: Any) -> tuple[Any, Any]:
            at = self.evaluate(
                X, y, theta, sample_weight=sample_weight, backend=backend, n_threads=n_threads
            )
            return at.mse, at.grad

        return mse_and_grad

    def _parameters(self, theta: Any, d: int) -> tuple[np.ndarray, bool]:
        p = self._n_parameters(d)
        return inputs.parameters(theta, p, f"{d} features" + " and an intercept" * self.intercept)

    def _counting(
        self, kernels: ModuleType, theta: np.ndarray, grad: bool, columns: bool, n_threads: int
    ) -> Count:
        block = block_rows(theta.shape[1] - self.intercept, columns)

        def count(counter: BlockCounter, rows: Rows) -> None:
            for part in backends.readable(kernels, rows, block, columns):
                kernels.linear(
                    counter, block, *part, theta, self.intercept, grad, columns, n_threads
                )

        return count


def _joined(parts: list[Evaluation]) -> Evaluation:
    """One evaluation of all the parameter vectors of several."""
    gradient = None
    if parts[0].grad is not None:
        gradient = np.concatenate([part.grad for part in parts])
        gradient.flags.writeable = False
    sse = np.concatenate([part.sse for part in parts])
    return Evaluation(parts[0].n, parts[0].weight_sum, sse, gradient)


def _sums(theta: np.ndarray, grad: bool, weighted: bool) -> ThetaSums:
    """Of theta (K, p): Σ wᵢ rᵢ xᵢ beside SSE and W."""
    K, p = theta.shape
    return ThetaSums(K, p if grad else 0, weighted)


def _evaluation(
    sums: ThetaSums, total: np.ndarray, weighting: Weighting, single: bool
) -> Evaluation:
    sse = sums.sse(total)
    gradient = None
    if sums.each:
        gradient = sums.plain(total)
        gradient = gradient[0] if single else gradient
        gradient *= 2.0
        gradient /= weighting.weight_sum
        gradient.flags.writeable = False
    return Evaluation(*weighting, float(sse[0]) if single else sse, gradient)


class LinearStream:
    """`Linear.evaluate` of rows that come in chunks of any length.

    The result has the bits of all rows at once, in an array of the given `order`.
    O(block · d) memory.
    """

    def __init__(
        self,
        theta: Any,
        n_features: int,
        *,
        intercept: bool = False,
        order: str = "C",
        grad: bool = True,
        backend: str = "auto",
        n_threads: int | None = None,
    ) -> None:
        self._model = model = Linear(intercept=intercept)
        self._backend = backend
        self._kernels = backends.select(backend)
        self._theta, self._single = model._parameters(theta, n_features)
        self._d = n_features
        self._grad = grad
        columns = by_columns(np.empty((2, n_features), order=order))  # type: ignore[call-overload]
        block = block_rows(n_features, columns)
        piece = piece_rows(n_features, len(self._theta), block)
        self._threads = backends.n_threads_for(piece * (n_features + 1), n_threads)
        count = model._counting(self._kernels, self._theta, grad, columns, self._threads)
        self._sums = _sums(self._theta, grad, weighted=True)
        self._stream = Stream(self._sums.counter(), count, block, piece)

    def update(self, X: Any, y: Any, sample_weight: Any = None) -> None:
        """Count rows in: X (m, n_features), y (m,), sample_weight (m,)."""
        if np.shape(X) == (0, self._d) and np.shape(y) == (0,):
            return
        X, y, sample_weight = inputs.design(X, y, sample_weight)
        if X.shape[1] != self._d:
            raise ValueError(f"X: got {X.shape[1]} columns; want {self._d}")
        if sample_weight is None:
            sample_weight = np.broadcast_to(1.0, y.shape)
        check_weights(self._kernels, sample_weight, self._threads)
        self._stream.update([X, y, sample_weight])

    def merge(self, other: LinearStream) -> None:
        """Count in all rows of `other`, which was made with the same theta."""
        mine, theirs = self._kind(), other._kind()
        if mine != theirs or not np.array_equal(self._theta, other._theta, equal_nan=True):
            raise ValueError(f"other: got a stream of {theirs} or another theta; want {mine}")
        self._stream.merge(other._stream)

    def _evaluate_row(self) -> Evaluation:
        """The only row so far: one row counts as C order, whatever the order of the stream."""
        X, y, sample_weight = (
            None if column is None else column[:1] for column in self._stream.pending
        )
        theta = self._theta[0] if self._single else self._theta
        return self._model.evaluate(
            X, y, theta, sample_weight=sample_weight, grad=self._grad, backend=self._backend
        )

    def _kind(self) -> str:
        return f"{self._d} features, intercept={self._model.intercept}, grad={self._grad}"

    def finalize(self) -> Evaluation:
        """The evaluation of all rows so far; the stream may go on."""
        if not self._stream.n:
            raise ValueError("X: got no rows; want at least one")
        if self._stream.n == self._stream.n_pending == 1:
            return self._evaluate_row()
        total = self._stream.total()
        weighting = require_rows(self._sums.weighting(total, self._stream.n, None))
        return _evaluation(self._sums, total, weighting, self._single)
