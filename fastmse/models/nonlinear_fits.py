"""Fits of nonlinear models: the gate, the mean, and what minimises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastmse import backends
from fastmse.results import Fit
from fastmse.weighting import weigh

TOL = 1e-12
"""All digits: a looser one saves a pass or two of them."""

MAX_ITER = 1000


class NonlinearFits:
    """What a nonlinear model fits by."""

    __slots__ = ()

    parameters: tuple[str, ...]
    variables: tuple[str, ...] | None
    _fitted: Callable[..., Any]
    _least_squares: Callable[..., Any]

    def fit(
        self,
        X: Any,
        y: Any,
        start: Any,
        *,
        bounds: Any = None,
        sample_weight: Any = None,
        weight_type: str = "frequency",
        tol: float = TOL,
        max_iter: int = MAX_ITER,
        callback: Callable[[int, np.ndarray, float], object] | None = None,
        backend: str = "auto",
        n_threads: int | None = None,
    ) -> Fit:
        """Maximum likelihood: a θ that minimises SSE = Σ wᵢ (yᵢ − f(xᵢ; θ))², from a start.

        Parameters
        ----------
        X, y
            As in `evaluate`.
        start : array_like (p,), or dict by parameter
            Where to begin. Of several minima the fit finds one: start near the right one, and in
            the right order of magnitude.
        bounds : tuple, list or dict, optional
            A tuple (lower, upper) of arrays (p,) or numbers for all, a list of p pairs
            (lower, upper), or a dict of pairs by parameter. None and infinity are no bound.
        sample_weight : array_like (n,), optional
            Finite and >= 0; 0 drops its row.
        weight_type : {"frequency", "precision"}
            Frequencies repeat rows; precisions are R's ``nls(weights=)``: Var εᵢ = σ²/wᵢ.
        tol : float in [0, 1)
            Steps end when the next would be this many standard errors long, in the direction
            where that is most; rounding may end them earlier.
        max_iter : int >= 1
            Most steps to try.
        callback : callable, optional
            ``callback(iteration, theta, sse)`` after each step, taken or not, with the best θ so
            far; a search that is made once more begins at `start` again. It may raise
            StopIteration to end the fit there; what else it raises propagates.
        backend : {"auto", "numpy", "cython", "numba"}
        n_threads : int >= 1, optional

        Returns
        -------
        Fit
            `stderr` and `cov` are those of the tangent plane at θ̂, s² (J'WJ)⁻¹, as NIST and R's
            nls have them. Parameters that end on a bound count as known: their standard errors are
            NaN, and no degree of freedom is theirs. ``converged`` is False and ``message`` says
            why if `tol` was not reached, nor 10⁻⁶ by steps that rounding ended, or where SSE does
            not depend on some parameter.

        Raises
        ------
        TypeError, ValueError
            As `evaluate`; for NaN and infinity, naming column and row; for a start outside of the
            bounds, or where the model is not finite; for fewer rows than parameters.

        Warns
        -----
        ConvergenceWarning
            The steps ended before a minimum.
        RankWarning
            The data do not determine some parameters. Both are told in ``Fit.message`` too.

        Notes
        -----
        Levenberg-Marquardt, then Newton with exact second derivatives where Gauss-Newton steps
        converge slowly; where that ends on a plateau, once more by a short first step. One pass for
        each step tried, and two or three more; O(p²) memory. What limits the digits of θ̂ is the
        gradient, a plain float64 sum; standard errors lose those of `Fit.condition`, and at most
        twice as many where that is small.
        """
        from fastmse.fitting import fit_model

        rows, mean = self._fitted(X, y, sample_weight)
        variables = self.variables or tuple(f"x{j}" for j in range(mean.q))
        return fit_model(
            self._least_squares(rows, mean, backend=backend, n_threads=n_threads),
            mean,
            rows,
            weigh(backends.select("auto"), len(rows[1]), rows[2], 1),
            start,
            names=self.parameters,
            variables=variables,
            bounds=bounds,
            weight_type=weight_type,
            tol=tol,
            max_iter=max_iter,
            callback=callback,
        )
