"""The noise model: y = f(x; θ) + ε with ε ~ N(0, σ²), independent from row to row.

The density and its logarithm act on single observations. Everything else needs the data only
through two sufficient statistics, W = Σ wᵢ (n without weights) and SSE = Σ wᵢ (yᵢ − fᵢ)²:

    ℓ(θ, σ²) = −W/2 log(2πσ²) − SSE/(2σ²)        log_likelihood
    ∂ℓ/∂σ²   = −W/(2σ²) + SSE/(2σ⁴)              score_sigma2
    σ̂²       = SSE/W                             sigma2_hat, where the score is zero

σ² has the units of y². NaN and infinity propagate. The arguments are numbers or arrays of one
shape; numbers combine with any shape, two shapes never broadcast. Numbers give a ``float``.

Source: Bishop, Pattern Recognition and Machine Learning (2006), sections 1.2.5 and 3.1.1.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastmse import inputs

__all__ = ["log_likelihood", "logpdf", "pdf", "score_sigma2", "sigma2_hat"]

FloatArray: TypeAlias = NDArray[np.float64]
Real: TypeAlias = float | FloatArray

LOG_2PI = math.log(2 * math.pi)
SQRT_2PI = math.sqrt(2 * math.pi)

# A perfect fit divides by σ̂² = 0: the limits below are meant, not accidents.
_ieee = np.errstate(divide="ignore", invalid="ignore", over="ignore")


@_ieee
def pdf(y: ArrayLike, mean: ArrayLike, sigma2: ArrayLike) -> Real:
    """Density of each observation, p(y | x; θ) = exp(−(y − mean)²/(2σ²)) / √(2πσ²).

    Parameters
    ----------
    y, mean : array_like, one shape or scalars
        Observations, and the model's values f(x; θ).
    sigma2 : array_like, > 0
        Noise variance σ², in squared units of ``y``.

    Returns
    -------
    float or ndarray
        In units of 1/y; zero where the density underflows, about 38 σ from the mean.

    Raises
    ------
    ValueError
        If σ² ≤ 0, or two shapes differ.
    TypeError
        If an argument is not real numbers.

    Notes
    -----
    Relative error (4 + z²) eps, z = (y − mean)/σ: exp magnifies the rounding of its argument.

    Examples
    --------
    >>> round(pdf(1.0, 1.0, 4.0), 6)
    0.199471
    """
    y, mean, sigma2 = _aligned(y=y, mean=mean, sigma2=sigma2)
    return plain(np.exp(-((y - mean) ** 2) / _positive(sigma2) / 2) / (SQRT_2PI * np.sqrt(sigma2)))


@_ieee
def logpdf(y: ArrayLike, mean: ArrayLike, sigma2: ArrayLike) -> Real:
    """Logarithm of `pdf`, −½ (log(2πσ²) + (y − mean)²/σ²), which does not underflow.

    Parameters, shapes and errors are those of `pdf`.

    Examples
    --------
    >>> pdf(100.0, 0.0, 1.0), round(logpdf(100.0, 0.0, 1.0), 6)
    (0.0, -5000.918939)
    """
    y, mean, sigma2 = _aligned(y=y, mean=mean, sigma2=sigma2)
    return plain(-0.5 * (LOG_2PI + np.log(_positive(sigma2)) + (y - mean) ** 2 / sigma2))


@overload
def sigma2_hat(sse: float, weight_sum: float) -> float: ...
@overload
def sigma2_hat(sse: Real, weight_sum: float) -> Real: ...
def sigma2_hat(sse: Real, weight_sum: float) -> Real:
    """Maximum-likelihood variance, σ̂² = SSE/W: the mean squared error by another name.

    Biased low by the factor (W − p)/W after p parameters were fitted; `Fit.s2` is not.
    NaN if W = 0, the mean over no rows.

    Parameters
    ----------
    sse : float or (K,) ndarray, ≥ 0
        SSE = Σ wᵢ (yᵢ − fᵢ)², in squared units of y.
    weight_sum : float, ≥ 0
        W = Σ wᵢ; n without weights.

    Examples
    --------
    >>> sigma2_hat(6.0, 4)
    1.5
    """
    if isinstance(sse, float) and weight_sum > 0:
        return sse / weight_sum  # a tenth of the time of NumPy's division
    with np.errstate(divide="ignore", invalid="ignore"):
        return plain(np.true_divide(sse, weight_sum))


@overload
def log_likelihood(sse: float, weight_sum: float, sigma2: float | None = None) -> float: ...
@overload
def log_likelihood(sse: Real, weight_sum: float, sigma2: Real | None = None) -> Real: ...
@_ieee
def log_likelihood(sse: Real, weight_sum: float, sigma2: Real | None = None) -> Real:
    """Log-likelihood, ℓ(θ, σ²) = −W/2 log(2πσ²) − SSE/(2σ²).

    Parameters
    ----------
    sse : float or (K,) ndarray, ≥ 0
        SSE(θ) = Σ wᵢ (yᵢ − fᵢ)², in squared units of y.
    weight_sum : float, > 0
        W = Σ wᵢ; n without weights.
    sigma2 : float or (K,) ndarray, > 0, optional
        Noise variance. None means σ̂² = SSE/W, where ℓ = −W/2 (log(2πσ̂²) + 1) is at its
        maximum over σ²; a perfect fit (SSE = 0) has no maximum and gives +inf.

    Returns
    -------
    float or ndarray
        In nats. Likelihoods are densities: ℓ shifts by −W log c if y is measured in units 1/c.

    Raises
    ------
    ValueError
        If a given σ² ≤ 0, or two shapes differ.

    Examples
    --------
    >>> round(log_likelihood(6.0, 4, sigma2=2.0), 6)
    -6.562048
    >>> round(log_likelihood(6.0, 4), 6)
    -6.486684
    """
    sigma2, ratio = _variance_and_ratio(sse, weight_sum, sigma2)
    return plain(-0.5 * (weight_sum * (LOG_2PI + np.log(sigma2)) + ratio))


@overload
def score_sigma2(sse: float, weight_sum: float, sigma2: float | None = None) -> float: ...
@overload
def score_sigma2(sse: Real, weight_sum: float, sigma2: Real | None = None) -> Real: ...
@_ieee
def score_sigma2(sse: Real, weight_sum: float, sigma2: Real | None = None) -> Real:
    """Derivative ∂ℓ/∂σ² = −W/(2σ²) + SSE/(2σ⁴) = (SSE/σ² − W)/(2σ²).

    Positive below σ̂² = SSE/W, zero at it, negative above. None means σ̂²; of a perfect fit
    (σ̂² = 0) the score is NaN. Parameters and errors are those of `log_likelihood`.

    Examples
    --------
    >>> score_sigma2(6.0, 4, sigma2=1.0), score_sigma2(6.0, 4), score_sigma2(6.0, 4, sigma2=3.0)
    (1.0, 0.0, -0.3333333333333333)
    """
    sigma2, ratio = _variance_and_ratio(sse, weight_sum, sigma2)
    return plain((ratio - weight_sum) / (2 * sigma2))


def _variance_and_ratio(
    sse: Real, weight_sum: float, sigma2: Real | None
) -> tuple[FloatArray, FloatArray]:
    """The variance to use, and SSE/σ² there; at σ̂² that is W, even where both are zero."""
    if sigma2 is None:
        return np.asarray(sigma2_hat(sse, weight_sum)), np.asarray(weight_sum, np.float64)
    sse, sigma2 = _aligned(sse=sse, sigma2=sigma2)
    return sigma2, sse / _positive(sigma2)


def _aligned(**arguments: ArrayLike) -> list[FloatArray]:
    """Return the arguments as float64, after a check that their shapes are one shape or ()."""
    arrays = [_real(name, value) for name, value in arguments.items()]
    if len({array.shape for array in arrays if array.ndim}) > 1:
        shapes = ", ".join(
            f"{n}: got shape {a.shape}" for n, a in zip(arguments, arrays, strict=True)
        )
        raise ValueError(f"{shapes}; want one shape, or scalars")
    return arrays


def _real(name: str, value: ArrayLike) -> FloatArray:
    return inputs.real_array(value, name).astype(np.float64, copy=False)


def _positive(sigma2: FloatArray) -> FloatArray:
    if (sigma2 <= 0).any():
        raise ValueError(f"sigma2: got {sigma2.min()}; want > 0")
    return sigma2


def plain(value: Any) -> Real:
    """Numbers as ``float``, arrays as they are."""
    return float(value) if np.ndim(value) == 0 else value
