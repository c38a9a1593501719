"""Fits of many curves: the gate of `fit_many`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fastmse import inputs
from fastmse.gaussian import FloatArray
from fastmse.kernels.scalars import ModelScalar

if TYPE_CHECKING:
    from fastmse.results.fit_many import FitMany


class ManyCurves:
    """What a `ScalarModel` fits to many curves by: see there."""

    __slots__ = ()

    parameters: tuple[str, ...]
    variables: tuple[str, ...] | None

    @abstractmethod
    def _scalar(self, q: int, is_vector: bool) -> ModelScalar: ...

    def fit_many(
        self,
        X: Any,
        Y: Any,
        start: Any,
        *,
        bounds: Any = None,
        sample_weight: Any = None,
        weight_type: str = "frequency",
        tol: float | None = None,
        max_iter: int | None = None,
        callback: Callable[[int, int], object] | None = None,
        backend: str = "auto",
        n_threads: int | None = None,
    ) -> FitMany:
        """Maximum likelihood for each row of Y on its own: thousands to millions of small fits.

        Curve i is yᵢⱼ = f(xⱼ; θᵢ) + ε. The fits advance side by side in the lanes of vectors, on
        all threads. One that fails says so in its `status` and harms no other.

        Parameters
        ----------
        X : array_like (n, q), or (n,) for one variable; dict; or table
            The points, shared by all curves, as in `evaluate`.
        Y : array_like (k, n)
            A row is a curve, in any real dtype and layout; memory maps are read as the fits go.
        start : array_like (p,) or (k, p), or dict
            Where the fits begin: all at one θ, or each at its own.
        bounds : optional
            lower ≤ θ ≤ upper for every curve: a tuple (lower, upper), a list of p pairs, or a dict
            of pairs by name.
        sample_weight : array_like (n,) or (k, n), optional
            Weights of the points, shared or of each curve. Finite and >= 0; 0 marks a missing
            point, which may hold NaN.
        weight_type : {"frequency", "precision"}
            As in `fit`.
        tol : float in [0, 1), optional
            A fit has converged when, by the lengths of its last steps, no combination of its
            parameters is off by more than `tol` of its standard error, or by rounding. 10⁻⁸
            without.
        max_iter : int >= 1, optional
            Most steps tried in a fit; 200 without.
        callback : callable, optional
            ``callback(done, total)``, curves each, every few milliseconds. What it raises ends
            the call.
        backend : {"auto", "numpy", "cython"}
            NumPy fits one curve after the other.
        n_threads : int >= 1, optional

        Returns
        -------
        FitMany
            theta and stderr (k, p); sse, n_iter, status and converged (k,).

        Raises
        ------
        TypeError, ValueError
            For shapes that do not match (nothing is broadcast), NaN or infinity in X, invalid
            weights or bounds, and a start outside of them. NaN in Y or in a row of `start` is no
            error: it is the `status` of that fit.

        Notes
        -----
        A step costs n evaluations of f and its derivatives and n (p + 1)(p + 2) flops. Outputs
        take O(k p) memory, and nothing else grows with k. A row has the same bits for any number
        of threads and whatever the others are. Standard errors and the matrix behind them are
        float64: a column-scaled condition number of ∂f above 10⁷ counts as singular.

        Examples
        --------
        >>> import fastmse as fm
        >>> decay = fm.Expression("a*exp(-b*t)", ["a", "b"])
        >>> Y = [[2.0, 1.2, 0.7, 0.5], [4.0, 1.5, 0.5, 0.2], [1.0, float("nan"), 0.3, 0.1]]
        >>> many = decay.fit_many([0.0, 1.0, 2.0, 3.0], Y, [1.0, 1.0])
        >>> many.theta.round(4), many.status
        (array([[1.9907, 0.4966],
               [4.0053, 1.0016],
               [   nan,    nan]]), array([0, 0, 4], dtype=int8))
        """
        from fastmse.fitting.gram import WEIGHT_TYPES, one_of
        from fastmse.fitting.limits import checked_limits
        from fastmse.fitting.many import MAX_ITER, TOL, CurveData, Options, fit_many

        one_of("weight_type", weight_type, WEIGHT_TYPES)
        limits = checked_limits(
            TOL if tol is None else tol,
            MAX_ITER if max_iter is None else max_iter,
            callback,
            "a function (done, total)",
        )
        rows, is_vector = inputs.variables(X, self.variables)
        curves = _curves(Y, len(rows))
        weights = None if sample_weight is None else _weights(sample_weight, *curves.shape)
        x = _points(rows, weights)
        begin = self._starts(start, len(curves))
        data = CurveData(x, curves, weights, begin, _bounds(bounds, self.parameters, begin))
        return fit_many(
            self._scalar(x.shape[1], is_vector),
            data,
            self.parameters,
            Options(weight_type, *limits),
            backend=backend,
            n_threads=n_threads,
            callback=callback,
        )

    def _starts(self, start: Any, k: int) -> FloatArray:
        """(1, p), or (k, p)."""
        p = len(self.parameters)
        if isinstance(start, Mapping):
            from fastmse.fitting.bounds import parameters

            return parameters(start, self.parameters)[None]
        array = np.array(inputs.real_array(start, "start"), np.float64, order="C")
        if array.shape not in ((p,), (k, p)):
            shown = ", ".join(self.parameters)
            raise ValueError(
                f"start: got shape {array.shape}; want ({p},), or ({k}, {p}) for {k} curves, of "
                f"the parameters {shown}"
            )
        return array.reshape(-1, p)


def _curves(Y: Any, n: int) -> np.ndarray:
    array: np.ndarray = inputs.real_array(Y, "Y")
    if array.ndim != 2 or array.shape[1] != n:
        hint = "; use Y[None, :] for one curve" if array.shape == (n,) else ""
        hint = "; use Y.T where a column is a curve" if array.shape[:-1] == (n,) else hint
        raise ValueError(
            f"Y: got shape {array.shape}; want (k, {n}), a row for each curve and a column for "
            f"each row of X{hint}"
        )
    return array


def _weights(sample_weight: Any, k: int, n: int) -> np.ndarray:
    from fastmse.fitting.many import blocks

    array: np.ndarray = inputs.real_array(sample_weight, "sample_weight")
    if array.shape not in ((n,), (k, n)):
        raise ValueError(f"sample_weight: got shape {array.shape}; want ({n},) or ({k}, {n})")
    first = 0
    for block in blocks(np.atleast_2d(array)):
        bad = np.argwhere(~(np.isfinite(block) & (block >= 0)))
        if len(bad):
            row, point = bad[0]
            where = f"point {point}" + (f" of curve {first + row}" if array.ndim == 2 else "")
            raise ValueError(
                f"sample_weight: got {block[row, point]} at {where}; want finite weights >= 0"
            )
        first += len(block)
    return array


def _points(rows: Any, weights: np.ndarray | None) -> FloatArray:
    """(n, q) in float64; finite, but where a point is missing in every curve."""
    x = np.array(rows, np.float64, order="C")
    for j in np.flatnonzero(~np.isfinite(x).all(axis=1)):
        if weights is None or weights[..., j].any():
            raise ValueError(
                f"X: row {j} holds NaN or infinity; want finite values: drop the point or give it "
                "weight 0 in every curve"
            )
    return x


def _bounds(bounds: Any, names: tuple[str, ...], start: FloatArray) -> FloatArray | None:
    """(2, p) or None; every start that is finite lies within."""
    from fastmse.fitting.bounds import checked_bounds

    if bounds is None:
        return None
    finite = start[np.isfinite(start).all(axis=1)]
    if not len(finite):
        return None  # no fit begins
    checked_bounds(bounds, names, finite.min(axis=0))
    return np.array(checked_bounds(bounds, names, finite.max(axis=0)))
