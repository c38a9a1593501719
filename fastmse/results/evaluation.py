"""`Evaluation`: what one pass over the data says about a model at a given θ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmse import gaussian
from fastmse.gaussian import Real, plain


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Evaluation:
    """Sufficient statistics of one pass, and the likelihood they determine.

    With weights everything equals repeated rows: W = Σ wᵢ stands where n stands otherwise.
    Evaluated at K parameter vectors, ``sse`` and all that derives from it have shape (K,).

    Attributes
    ----------
    n : int
        Rows; those of weight zero are none.
    weight_sum : float
        W = Σ wᵢ; n without weights.
    sse : float or (K,) ndarray
        SSE = Σ wᵢ (yᵢ − fᵢ)², in squared units of y.
    grad : ndarray or None
        ∇MSE = 2/W Σ wᵢ (fᵢ − yᵢ) ∇fᵢ: with respect to θ, (p,) or (K, p), for a model; with
        respect to the predictions, in their shape, for `evaluate`. None if not asked for.
    normal : ndarray or None
        Σ wᵢ ∇fᵢ ∇fᵢᵀ, (p, p) or (K, p, p), from a model's `normal`: σ² times the inverse of
        (J'WJ) is the covariance of θ̂. None elsewhere.

    Examples
    --------
    >>> e = Evaluation(n=4, weight_sum=4.0, sse=6.0, grad=None)
    >>> e.mse, e.sigma2, round(e.loglik, 6)
    (1.5, 1.5, -6.486684)
    """

    n: int
    weight_sum: float
    sse: Real
    grad: NDArray[Any] | None = None
    normal: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        # grad may be the caller's own out=, which stays writeable.
        if isinstance(self.sse, np.ndarray):
            frozen = self.sse.copy()
            frozen.flags.writeable = False
            object.__setattr__(self, "sse", frozen)

    @property
    def mse(self) -> Real:
        """Mean squared error, MSE = SSE/W."""
        return gaussian.sigma2_hat(self.sse, self.weight_sum)

    @property
    def rmse(self) -> Real:
        """Root mean squared error, √MSE, in units of y."""
        return plain(np.sqrt(self.mse))

    @property
    def sigma2(self) -> Real:
        """Maximum-likelihood noise variance, σ̂² = SSE/W = MSE (`Fit.s2` is the unbiased one)."""
        return self.mse

    @property
    def loglik(self) -> Real:
        """Log-likelihood at σ̂², ℓ(θ, σ̂²) = −W/2 (log(2πσ̂²) + 1); +inf for a perfect fit."""
        return self.log_likelihood()

    @property
    def nll(self) -> Real:
        """Negative log-likelihood at σ̂², −ℓ(θ, σ̂²): the loss that MSE stands for."""
        return -self.loglik

    def log_likelihood(self, sigma2: Real | None = None) -> Real:
        """ℓ(θ, σ²) = −W/2 log(2πσ²) − SSE/(2σ²); None means σ̂². ValueError if σ² ≤ 0."""
        return gaussian.log_likelihood(self.sse, self.weight_sum, sigma2)

    def likelihood(self, sigma2: Real | None = None) -> Real:
        """L(θ, σ²) = ∏ p(yᵢ | xᵢ; θ)^wᵢ = exp ℓ(θ, σ²); None means σ̂². ValueError if σ² ≤ 0.

        Leaves the range of float64 (0 below ℓ = −745, inf above 709) from some hundred rows
        on: compare models by `log_likelihood`.
        """
        with np.errstate(over="ignore"):
            return plain(np.exp(self.log_likelihood(sigma2)))

    def score_sigma2(self, sigma2: Real | None = None) -> Real:
        """∂ℓ/∂σ² = −W/(2σ²) + SSE/(2σ⁴): zero at σ̂², the default. ValueError if σ² ≤ 0."""
        return gaussian.score_sigma2(self.sse, self.weight_sum, sigma2)

    def __repr__(self) -> str:
        grad = None if self.grad is None else f"<{self.grad.dtype} {self.grad.shape}>"
        return (
            f"Evaluation(n={self.n}, weight_sum={self.weight_sum:g}, "
            f"sse={plain(self.sse)}, mse={self.mse}, grad={grad})"
        )
