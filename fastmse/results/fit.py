"""`Fit`: a maximum-likelihood fit and the statistics that follow from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastmse import gaussian
from fastmse.columns import Array, Columns
from fastmse.gaussian import FloatArray
from fastmse.results.leverage import EXPONENT, Block, leverage, robust_variances
from fastmse.results.mean import LinearMean, Mean
from fastmse.results.summary import as_dict, as_table
from fastmse.results.tails import f_upper, t_half_width, t_two_sided

PREDICT_ROWS = 4096  # rows at a time: a prediction needs no second copy of X


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Fit:
    """Estimates, and all that is derived from them; frozen.

    With *frequency* weights everything equals repeated rows. With *precision* weights, R's
    ``lm(weights=)``, Var εᵢ = σ²/wᵢ. Below, N stands for `count`, W = Σ wᵢ, k for `rank`.

    Standard errors and what needs them are None if an ``l2 > 0`` (the estimates are biased on
    purpose), the rank is deficient (no single coefficient is determined), or the method is "cg"
    (which forms no matrix); `aic`, `bic` and the F test are None if an ``l2 > 0``. They are NaN if
    no degree of freedom is left (N ≤ k), and of a parameter that a bound holds.

    For a model that is not linear, X stands for J = ∂f/∂θ at θ̂, (n, p): the tangent plane.

    Attributes
    ----------
    theta : (p,) ndarray
        Estimates θ̂, the intercept first, in units of y per unit of their feature.
    names : tuple of str
        One name per estimate.
    cov_unscaled : (p, p) ndarray or None
        (XᵀWX)⁻¹.
    n : int
        Rows with wᵢ > 0.
    weight_sum : float
        W = Σ wᵢ; n without weights.
    sse, sst : float
        SSE = Σ wᵢ (yᵢ − fᵢ)², and SST = Σ wᵢ (yᵢ − c)² with c the weighted mean of y if
        there is an intercept or the model is not linear, else 0. Squared units of y.
    log_weight_sum : float
        Σ log wᵢ of precision weights; 0 otherwise.
    weight_type : {"frequency", "precision"}
        What a weight means.
    intercept : bool
        Whether θ₀ is an intercept.
    l2 : float or (d,) ndarray
        Penalty of SSE + Σ λⱼ θⱼ²: one λ for all slopes, or one for each; the intercept has none.
    condition : float
        Column-scaled condition number κ₂ of the design, estimated.
    rank : int
        Rank of the design; parameters that a bound holds are not counted.
    method, passes, n_iter, converged, message
        How the fit was found: algorithm, passes over the data, iterations, success, and what the
        user should know ("" if nothing).
    target : str
        Name of y.
    rows : callable or None
        Gives the blocks (X, y, w or None) of the data once more, for `robust`. Pickling drops it.
    mean : Mean or None
        f(x; θ) and its derivatives, for `predict` and `robust`; None for the linear model of
        `names` and `intercept`.
    """

    theta: FloatArray
    names: tuple[str, ...]
    cov_unscaled: FloatArray | None
    n: int
    weight_sum: float
    sse: float
    sst: float
    condition: float
    rank: int
    method: str
    passes: int
    intercept: bool = False
    weight_type: str = "frequency"
    log_weight_sum: float = 0.0
    l2: float | FloatArray = 0.0
    n_iter: int = 0
    converged: bool = True
    message: str = ""
    target: str = "y"
    rows: Callable[[], Iterable[Block]] | None = None
    mean: Mean | None = None

    def __post_init__(self) -> None:
        for name in ("theta", "cov_unscaled"):
            if getattr(self, name) is not None:
                frozen = np.array(getattr(self, name), dtype=np.float64)
                frozen.flags.writeable = False
                object.__setattr__(self, name, frozen)

    @property
    def model(self) -> Mean:
        """The mean f(x; θ) that was fitted."""
        return self.mean or LinearMean(self.names[self.intercept :], self.intercept)

    # Size

    @property
    def p(self) -> int:
        """Number of parameters, the intercept counted."""
        return len(self.theta)

    @property
    def penalised(self) -> bool:
        """Whether a penalty is > 0."""
        return bool(np.any(self.l2))

    @property
    def count(self) -> float:
        """Number of observations N: Σ wᵢ of frequency weights, n of precision weights."""
        return self.weight_sum if self.weight_type == "frequency" else float(self.n)

    @property
    def df_resid(self) -> float:
        """Residual degrees of freedom, N − k."""
        return self.count - self.rank

    @property
    def df_model(self) -> int:
        """Degrees of freedom of the features, k − 1 with an intercept, else k."""
        return self.rank - self.intercept

    @property
    def _df(self) -> float:
        """`df_resid`, NaN where none is left: so is all that divides by it."""
        return self.df_resid if self.df_resid > 0 else math.nan

    # Spread

    @property
    def mse(self) -> float:
        """Mean squared error, SSE/W."""
        return _ratio(self.sse, self.weight_sum)

    @property
    def sigma2(self) -> float:
        """Maximum-likelihood noise variance, σ̂² = SSE/N, biased low by the factor (N − k)/N."""
        return gaussian.sigma2_hat(self.sse, self.count)

    @property
    def s2(self) -> float:
        """Unbiased noise variance, s² = SSE/(N − k); √s² is R's residual standard error."""
        return _ratio(self.sse, self._df)

    @property
    def r2(self) -> float:
        """R² = 1 − SSE/SST. Of a linear model centred if and only if it has an intercept, as in R.

        Of another model always centred: MATLAB's and lmfit's. It may then be negative, and is no
        share of a variance; R's nls gives none.
        """
        return 1 - _ratio(self.sse, self.sst)

    @property
    def r2_adj(self) -> float:
        """R² adjusted for its parameters, 1 − s²/(SST/(N − 1)); N, not N − 1, if not centred."""
        return 1 - _ratio(self.s2, _ratio(self.sst, self.count - self.model.centred))

    # Likelihood

    @property
    def loglik(self) -> float:
        """ℓ(θ̂, σ̂²) = −N/2 (log(2πσ̂²) + 1) + ½ Σ log wᵢ (precision weights only): R's logLik."""
        return gaussian.log_likelihood(self.sse, self.count) + self.log_weight_sum / 2

    @property
    def aic(self) -> float | None:
        """AIC = −2ℓ + 2k, as statsmodels. R's AIC counts σ² as a parameter: 2 more."""
        return None if self.penalised else -2 * self.loglik + 2 * self.rank

    @property
    def bic(self) -> float | None:
        """BIC = −2ℓ + k log N, as statsmodels. R's BIC counts σ² as a parameter: log N more."""
        return None if self.penalised else -2 * self.loglik + self.rank * math.log(self.count)

    # Coefficients

    @property
    def cov(self) -> FloatArray | None:
        """Covariance of the estimates, s² (XᵀWX)⁻¹, (p, p); R's vcov."""
        return None if self.cov_unscaled is None else self.s2 * self.cov_unscaled

    @property
    def stderr(self) -> FloatArray | None:
        """Standard errors, √diag cov, (p,)."""
        return None if self.cov is None else np.sqrt(np.diag(self.cov))

    @property
    def tvalues(self) -> FloatArray | None:
        """Return tⱼ = θ̂ⱼ / stderrⱼ, (p,); ±inf for a perfect fit."""
        if self.stderr is None:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.theta / self.stderr)

    @property
    def pvalues(self) -> FloatArray | None:
        """Two-sided P(|T| > |tⱼ|) with N − k degrees of freedom, were θⱼ = 0, (p,)."""
        return None if self.tvalues is None else t_two_sided(self.tvalues, self._df)

    def conf_int(self, level: float = 0.95) -> FloatArray | None:
        """Confidence intervals θ̂ⱼ ∓ q stderrⱼ, q the Student quantile, (p, 2): R's confint."""
        half = t_half_width(level, self._df)
        if self.stderr is None:
            return None
        return np.column_stack((self.theta - half * self.stderr, self.theta + half * self.stderr))

    def robust(self, kind: str = "HC3") -> FloatArray | None:
        """Heteroscedasticity-consistent standard errors, (p,): one more pass over the data.

        Parameters
        ----------
        kind : {"HC3", "HC2", "HC1", "HC0"}
            HC3, the most careful, is also the default of R's sandwich::vcovHC. The formulas stand
            in `fastmse.results.leverage`.

        Returns
        -------
        (p,) ndarray, or None where `stderr` is None

        Raises
        ------
        ValueError
            If ``kind`` is another, or the fit has no data to pass over.
        """
        if kind not in EXPONENT:
            raise ValueError(f"kind: got {kind!r}; want one of {', '.join(EXPONENT)}")
        if self.cov_unscaled is None:
            return None
        if self.rows is None:
            raise ValueError(
                "robust() passes over the data again, and this fit holds none: it was made from "
                "sufficient statistics, or unpickled. Fit the arrays again."
            )
        variances = robust_variances(
            kind,
            self.rows(),
            self.theta,
            self.cov_unscaled,
            self.model,
            weight_type=self.weight_type,
        )
        factor = self.count / self._df if kind == "HC1" else 1.0
        return np.sqrt(factor * variances)

    # All slopes at once

    @property
    def fvalue(self) -> float | None:
        """F = ((SST − SSE)/df_model) / s²: the features against the intercept alone (else 0).

        None of a model that is not linear: it need not hold a constant as a special case.
        """
        if self.penalised or not self.model.linear:
            return None
        return _ratio(_ratio(self.sst - self.sse, self.df_model), self.s2)

    @property
    def f_pvalue(self) -> float | None:
        """P(F > fvalue) with df_model and N − k degrees of freedom, were all slopes zero."""
        return None if self.fvalue is None else f_upper(self.fvalue, self.df_model, self._df)

    # Use

    def predict(self, X: ArrayLike, interval: str | None = None, level: float = 0.95) -> FloatArray:
        """Fitted values f(x; θ̂) of new rows, and their intervals: R's predict.lm.

        Parameters
        ----------
        X : (m, d) array_like or table
            Features in the order of the fit, without a column for the intercept. A table's
            columns must have the names of the fit, if that had names from a table.
        interval : {None, "confidence", "prediction"}
            fit ∓ q √(s² h) for the mean of y at x, or fit ∓ q √(s² (1 + h)) for one new
            observation of weight 1; h is the leverage of x, q the Student quantile. Of a model
            that is not linear, by its tangent plane at θ̂ (delta method).
        level : float
            Probability that the interval covers.

        Returns
        -------
        (m,) ndarray, or (m, 3) of fit, lower, upper
            In units of y. A row with NaN gives NaN.

        Raises
        ------
        ValueError
            If X has another shape or other columns, an argument another value, or standard
            errors are None.
        TypeError
            If X is not real numbers.
        """
        if interval not in (None, "confidence", "prediction"):
            raise ValueError(f"interval: got {interval!r}; want None, 'confidence' or 'prediction'")
        array = self.model.features(X)
        if interval is None:
            return np.concatenate([self.model.at(X, self.theta) for X in _blocks(array)])
        if self.cov_unscaled is None:
            raise ValueError(
                "no intervals: the fit is penalised, its rank deficient, or its method 'cg'"
            )
        half, own = t_half_width(level, self._df), float(interval == "prediction")
        blocks = [
            (f, half * np.sqrt(self.s2 * (own + leverage(D, self.cov_unscaled))))
            for f, D in (self.model.jacobian(X, self.theta) for X in _blocks(array))
        ]
        return np.concatenate([np.column_stack((f, f - w, f + w)) for f, w in blocks])

    def summary(self, digits: int = 11) -> str:
        """Return a table of the fit, with ``digits`` significant digits of the estimates."""
        return as_table(self, digits)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON knows them: lists for arrays, None for NaN and infinity."""
        return as_dict(self)

    def __repr__(self) -> str:
        return (
            f"Fit(target={self.target!r}, p={self.p}, n={self.n}, "
            f"s={math.sqrt(self.s2):.6g}, r2={self.r2:.6g})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # The rows are the caller's data: they would travel with every fit, and closures cannot.
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "rows"}
        return partial(Fit, **values), ()


def _blocks(X: Array | Columns) -> Iterator[FloatArray]:
    """Rows in float64 by blocks: at least one, so that no rows give no values."""
    for start in range(0, max(len(X), 1), PREDICT_ROWS):
        yield np.asarray(X[start : start + PREDICT_ROWS], dtype=np.float64)


def _ratio(numerator: float, denominator: float) -> float:
    """Divide as IEEE says: 1/0 is inf, 0/0 is NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.float64(numerator) / np.float64(denominator))
