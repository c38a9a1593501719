"""Fits of the linear model: the gate, and the method that serves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastmse import backends, inputs
from fastmse.results import Evaluation, Fit
from fastmse.results.features import column_names
from fastmse.weighting import weigh


class LinearFits:
    """What `Linear` fits by: see there."""

    __slots__ = ()

    intercept: bool
    evaluate: Callable[..., Evaluation]

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        weight_type: str = "frequency",
        l2: float | ArrayLike = 0.0,
        method: str = "auto",
        tol: float | None = None,
        max_iter: int | None = None,
        callback: Callable[[int, float], object] | None = None,
        n_threads: int | None = None,
    ) -> Any:
        """Maximum likelihood: the θ that minimises SSE + Σⱼ l2ⱼ θⱼ², the intercept apart.

        Parameters
        ----------
        X : array_like or table (n, d)
            As in `evaluate`. A table's column names become ``Fit.names``, as text.
        y : array_like (n,), or array_like or table (n, k) with k >= 2
            k targets, each fitted on its own, share the passes over X. A table's column names
            become their ``Fit.target``, else y0, y1, ... One column is refused: use ``.ravel()``.
        sample_weight : array_like (n,), optional
            Finite and >= 0; 0 drops its row.
        weight_type : {"frequency", "precision"}
            Frequencies repeat rows; precisions are R's ``lm(weights=)``: Var εᵢ = σ²/wᵢ.
        l2 : float >= 0, or (d,) array_like of them
            Ridge penalty, scikit-learn's ``Ridge(alpha=)``: of all slopes, or one for each. The
            intercept is not penalised.
        method : {"auto", "gram", "gram2", "cg"}
            Normal equations in float64 or in double-double; "auto" takes the second where
            the condition of X asks for it, or the data are few. "cg": conjugate gradients, for
            d up to 10⁵ where d² numbers do not fit; no standard errors.
        tol : float in [0, 1), optional
            "cg" ends when |X'r| has fallen to this part of what it was at the start, at the mean
            of y; X centred and its columns of length one. 10⁻¹⁰ without.
        max_iter : int >= 1, optional
            Most iterations of "cg"; 1000 without.
        callback : callable, optional
            ``callback(iteration, gradient)`` after each of them, gradient what `tol` is about.
        n_threads : int >= 1, optional

        Returns
        -------
        Fit, or tuple of k Fits

        Raises
        ------
        TypeError, ValueError
            As `evaluate`, and for NaN and infinity, naming column and row.

        Warns
        -----
        RankWarning
            Columns are linearly dependent: the solution of least norm is given.
        AccuracyWarning
            Fewer than ten digits can be expected.
        ConvergenceWarning
            "cg" ended before `tol`. All are told in ``Fit.message`` too.

        Notes
        -----
        "cg": three passes over X, and one of 4 n d flops for each iteration; O(d) memory. The rest:
        one pass, n p² flops; a second in double-double, 6 to 15 times as many, where float64 could
        lose the tenth digit; one more for the residuals, 13 n p flops, where SSE would lose some or
        d > 256. O(p²) memory for each thread and a block of rows. θ is right to ten digits unless a
        warning says otherwise. θ and SSE have the same bits for any n_threads and instruction set.

        Examples
        --------
        >>> import fastmse as fm
        >>> fit = fm.Linear(intercept=True).fit([[1.0], [2.0], [3.0], [4.0]], [3.1, 4.9, 7.2, 8.8])
        >>> fit.theta.round(6), fit.names
        (array([1.15, 1.94]), ('intercept', 'x0'))
        """
        given: dict[str, Any] = {"sample_weight": sample_weight, "weight_type": weight_type}
        limits = {"tol": tol, "max_iter": max_iter, "callback": callback}
        if method == "cg":
            return self._iterated(X, y, l2=l2, **given, **limits, n_threads=n_threads)
        for name, value in limits.items():
            if value is not None:
                raise ValueError(f"{name}: got {value!r}; only method='cg' has iterations")
        target: Any = inputs.rows(y, "y")
        given |= {"method": method, "n_threads": n_threads}
        if target.ndim == 2 and target.shape[1] > 1:
            return self._of_targets(X, target, column_names(target) or column_names(y), l2, given)
        return self._path(X, target, [l2], **given)[0]

    def fit_path(
        self,
        X: Any,
        y: Any,
        l2s: Iterable[float | ArrayLike],
        *,
        sample_weight: Any = None,
        weight_type: str = "frequency",
        method: str = "auto",
        n_threads: int | None = None,
    ) -> tuple[Fit, ...]:
        """A fit for each penalty, from the passes over the data that one of them takes.

        Parameters
        ----------
        l2s : iterable of float >= 0, or of (d,) array_like
            Penalties, in any order; the others are those of `fit`.

        Returns
        -------
        tuple of Fit
            Element k is ``fit(X, y, l2=l2s[k])``, but for some ulp; all of one method, which is
            double-double where one of them asks for it.

        Raises, Warns
        -------------
        As `fit`.

        Notes
        -----
        p³ flops in double-double for each penalty, beside what `fit` takes.

        Examples
        --------
        >>> import fastmse as fm
        >>> X, y = [[1.0], [2.0], [3.0], [4.0]], [3.1, 4.9, 7.2, 8.8]
        >>> path = fm.Linear(intercept=True).fit_path(X, y, [0, 5])
        >>> [round(float(fit.theta[1]), 4) for fit in path]
        [1.94, 0.97]
        """
        given = {"sample_weight": sample_weight, "weight_type": weight_type}
        return self._path(X, y, l2s, **given, method=method, n_threads=n_threads)

    def _path(self, X: Any, y: Any, l2s: Iterable[Any], **options: Any) -> tuple[Fit, ...]:
        """A fit for each penalty."""
        from fastmse.fitting import fit_path

        data, names = self._checked(X, y, options.pop("sample_weight"))
        return fit_path(
            lambda: [data],
            data[0].shape[1],
            l2s,
            intercept=self.intercept,
            names=names,
            **options,
        )

    def _of_targets(
        self, X: Any, Y: Any, called: Sequence[str] | None, l2: Any, options: dict[str, Any]
    ) -> tuple[Fit, ...]:
        """A fit for each column of Y."""
        from fastmse.fitting import fit_targets
        from fastmse.fitting.targets import column

        (X, _, sample_weight), names = self._checked(X, column(Y, 0), options.pop("sample_weight"))
        return fit_targets(
            lambda: [(X, Y, sample_weight)],
            X.shape[1],
            called or tuple(f"y{k}" for k in range(Y.shape[1])),
            intercept=self.intercept,
            l2=l2,
            names=names,
            **options,
        )

    def _iterated(
        self, X: Any, y: Any, *, sample_weight: Any, n_threads: int | None, **options: Any
    ) -> Fit:
        """The fit by conjugate gradients."""
        from fastmse.fitting import fit_conjugate_gradients

        (X, y, weight), names = self._checked(X, y, sample_weight)

        def evaluate(target: Any, theta: np.ndarray) -> Evaluation:
            return self.evaluate(X, target, theta, sample_weight=weight, n_threads=n_threads)

        return fit_conjugate_gradients(
            X, y, weight, evaluate, intercept=self.intercept, names=names, **options
        )

    def _checked(
        self, X: Any, y: Any, sample_weight: Any
    ) -> tuple[list[Any], tuple[str, ...] | None]:
        """The data of a fit, past the gate, and the names of a table's columns."""
        table = X
        X, y, sample_weight = inputs.design(X, y, sample_weight)
        self._n_parameters(X.shape[1])
        weigh(backends.select("auto"), len(y), sample_weight, 1)
        return [X, y, sample_weight], column_names(X) or column_names(table)

    def _n_parameters(self, d: int) -> int:
        if d + self.intercept == 0:
            raise ValueError("X: got no columns, without an intercept; want at least one parameter")
        return d + self.intercept
