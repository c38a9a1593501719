"""`SufficientStatistics`: rows in chunks, on any machine, in any order; then the fit."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from fastmse import backends, inputs, threads
from fastmse.fitting import stored
from fastmse.fitting.anchored import AnchoredStatistic
from fastmse.fitting.overflow import check_gram
from fastmse.fitting.quadratic import sse_and_products
from fastmse.results import Evaluation
from fastmse.results.features import check_names, column_names
from fastmse.weighting import check_weights

if TYPE_CHECKING:
    from fastmse.results import Fit


class SufficientStatistics(AnchoredStatistic):
    """All that a linear fit needs to know of its rows, which come in chunks, in any order.

    G = Σ wᵢ zᵢ zᵢᵀ,    z = (1, x₁ … x_d, y)

    Chunks that follow each other give the same bits however they are cut. Merged in any order and
    by any tree, SSE of the fit is within 4 ulp ("double": 8) and θ within 10⁻¹³ (1 + κ) of its
    size, κ the column-scaled condition number.

    Parameters
    ----------
    n_features : int >= 0
        d, the columns of X.
    intercept : bool
        Whether the model has one; X never holds a column of ones for it.
    weight_type : {"frequency", "precision"}
        As in `Linear.fit`.
    precision : {"double", "double-double"}
        What products are summed in: float64 carries κ up to 10³ or so, twice that precision up to
        10¹⁴, at 6 to 15 times the work. In "double" y is replaced by its residual from a fit of
        the first rows, which keeps the digits of SSE: see `fastmse.fitting.anchor`. The bound on it
        supposes that later rows are somewhat like them.
    names : sequence of str, optional
        Names of the features; without, those of the first table that comes in, or x0, x1, ...
    target : str
        Name of y.
    n_threads : int >= 1, optional

    Notes
    -----
    Memory: 16 (d + 2)² bytes, and a block of at most 4 MB of rows, or 1024 rows; during an update
    as much as the former again for each thread.

    Examples
    --------
    >>> import fastmse as fm
    >>> monday, tuesday = (fm.SufficientStatistics(1, intercept=True) for _ in range(2))
    >>> monday.update([[1.0], [2.0]], [3.1, 4.9])
    >>> tuesday.update([[3.0], [4.0]], [7.2, 8.8])
    >>> both = monday + tuesday
    >>> both.n, both.fit().theta.round(6)
    (4, array([1.15, 1.94]))
    >>> round(both.evaluate([1.0, 2.0]).sse, 6)
    0.1
    """

    def __init__(
        self,
        n_features: int,
        *,
        intercept: bool = False,
        weight_type: str = "frequency",
        precision: str = "double",
        names: Sequence[str] | None = None,
        target: str = "y",
        n_threads: int | None = None,
    ) -> None:
        _check(n_features, intercept)
        if n_threads is not None:
            threads.requested(n_threads)
        super().__init__(
            int(n_features),
            intercept=bool(intercept),
            weight_type=weight_type,
            precision=precision,
            names=names,
            target=str(target),
            n_threads=n_threads,
        )

    # Rows in

    def update(self, X: Any, y: Any, sample_weight: Any = None) -> None:
        """Take rows in, with the arguments of `Linear.fit`: X (m, d), y and sample_weight (m,).

        A chunk may have any length, also 0, any dtype and layout. A table must have the columns
        of the first one. A chunk that is refused, or interrupted, leaves no trace.

        Raises
        ------
        TypeError, ValueError
            As `Linear.fit`, and for another number of columns or other names.

        Notes
        -----
        Reads the chunk once; m d² flops, and 13 m d for the residuals in "double".
        """
        if np.shape(X) == (0, self.n_features) and np.shape(y) == (0,):
            return
        table = X
        X, y, sample_weight = inputs.design(X, y, sample_weight)
        if X.shape[1] != self.n_features:
            raise ValueError(f"X: got shape {X.shape}; want ({len(y)}, {self.n_features})")
        names = column_names(X) or column_names(table)
        check_names(names, self.names)
        if sample_weight is not None:
            check_weights(backends.select("auto"), sample_weight, 1)
        restore = self.checkpoint(len(y))
        self._adopt(names)
        try:
            self.push(X, y, sample_weight)
        except BaseException:
            restore()
            raise

    def merge(self, other: SufficientStatistics) -> None:
        """Take the rows of another statistic in; `other` stays as it is. O(d²), and its last rows.

        Raises
        ------
        TypeError, ValueError
            Unless `other` is a statistic of the same features, intercept, weight type, precision
            and target.
        """
        if not isinstance(other, SufficientStatistics):
            raise TypeError(f"other: got {type(other).__name__}; want SufficientStatistics")
        mine, theirs = self._kind(other), other._kind(self)
        if mine != theirs:
            raise ValueError(f"other: got a statistic of {theirs}; want one of {mine}")
        restore = self.checkpoint(other.n)
        try:
            self.add(other)
        except BaseException:
            restore()
            raise
        self._adopt(other.names if other._named else None)

    def __add__(self, other: SufficientStatistics) -> SufficientStatistics:
        """A statistic of the rows of both, neither of which is modified."""
        if not isinstance(other, SufficientStatistics):
            return NotImplemented
        both = copy.deepcopy(self)
        both.merge(other)
        return both

    # Answers

    def fit(self, l2: float | Sequence[float] = 0.0) -> Fit:
        """Fit what was taken in so far, O(d³); more rows may follow.

        Parameters
        ----------
        l2 : float >= 0, or (d,) array_like of them
            As in `Linear.fit`.

        Returns
        -------
        Fit
            Without rows to pass over: `Fit.robust` raises ValueError.

        Raises
        ------
        ValueError
            If there is no row yet, or the squares of a column overflow.

        Warns
        -----
        RankWarning, AccuracyWarning
            As `Linear.fit`.
        """
        from fastmse.fitting.linear import fit_statistics

        return fit_statistics(self, [l2])[0]

    def fit_path(self, l2s: Iterable[float | Sequence[float]]) -> tuple[Fit, ...]:
        """A fit for each penalty, O(d³) each: ``tuple(fit(l2) for l2 in l2s)``."""
        from fastmse.fitting.linear import fit_statistics

        return fit_statistics(self, l2s)

    def evaluate(self, theta: Any) -> Evaluation:
        """SSE, MSE, σ̂², ℓ and ∇θ MSE at θ in O(d²), whatever the number of rows.

        SSE = aᵀGa for the coefficients a of y − θᵀx in z, in double-double.

        Parameters
        ----------
        theta : array_like (p,) or (K, p)
            p = d, or d + 1 with an intercept.

        Returns
        -------
        Evaluation
            Of frequency weights, as `Linear.evaluate` gives.

        Raises
        ------
        TypeError, ValueError
            For another shape of theta, no rows, and squares of a column that overflow.

        Notes
        -----
        Nothing but G rounds. With l_r² = Σ w r² at θ⁰, the fit of the first rows, and lⱼ² = Σ w x²
        of column j, about its first value if there is an intercept,

            |ΔSSE| ≤ u (l_r + Σⱼ |θⱼ − θ⁰ⱼ| lⱼ)²,    u = 9 · 2⁻⁵³

        in "double": of the size of SSE, and so a few ulp, near the fit and far from it. Digits are
        lost where the terms cancel: if θ is as good as θ⁰ but not near it, columns being nearly
        dependent. In "double-double" u = 2⁻¹⁰¹, and y stands for r, 0 for θ⁰.
        """
        d = self.n_features
        formula = f"{d} features" + " and an intercept" * self.intercept
        theta, single = inputs.parameters(theta, d + self.intercept, formula)
        frame, gram, _ = self.total()
        check_gram(frame, gram.hi, np.zeros(d), self.names, self.target)
        whole = theta if self.intercept else np.column_stack((np.zeros(len(theta)), theta))
        sse, products = sse_and_products(frame, gram, whole)
        gradient = 2.0 / self.weight_sum * products[:, 1 - self.intercept :]
        gradient = gradient[0] if single else gradient
        gradient.flags.writeable = False
        return Evaluation(self.n, self.weight_sum, float(sse[0]) if single else sse, gradient)

    # Storage

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all of it to a file, exactly, whole or not at all: plain arrays, no pickle.

        16 (d + 2)² bytes, and the rows of the incomplete block.
        """
        stored.write(path, self.__getstate__())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote: goes on as if it had never been away.

        Raises
        ------
        ValueError
            For another kind of file, a damaged one, and one of a newer version.
        OSError
            If it cannot be read.
        """
        state = stored.read(path)
        statistics = cls.__new__(cls)
        try:
            statistics.__setstate__(state)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{os.fspath(path)}: damaged: {error}") from error
        return statistics

    def _adopt(self, names: Sequence[str] | None) -> None:
        if names is not None and not self._named:
            self._named = True
            self.names = tuple(names)
            self._rows.names = (*self.names, self.target)

    def _kind(self, other: SufficientStatistics) -> tuple[object, ...]:
        """What must be equal to merge: the names, where both have some."""
        features = self.names if self._named and other._named else f"{self.n_features} features"
        return features, f"intercept={self.intercept}", self.weight_type, self.precision


def _check(n_features: Any, intercept: Any) -> None:
    if isinstance(n_features, bool) or not isinstance(n_features, int | np.integer):
        raise TypeError(f"n_features: got {n_features!r}; want an integer")
    if not isinstance(intercept, bool | np.bool_):
        raise TypeError(f"intercept: got {intercept!r}; want True or False")
    if n_features + intercept < 1 or n_features < 0:
        raise ValueError(f"n_features: got {n_features}; want at least one parameter")
