"""`FitMany`: the fits of many curves by one model, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastmse import gaussian
from fastmse.gaussian import FloatArray

CONVERGED, MAX_ITER, STALLED, SINGULAR, NOT_FINITE, TOO_FEW = range(6)
"""How a fit ended: as in ``kernels/compiled/many_batch.h``."""

MESSAGES = {
    CONVERGED: "converged",
    MAX_ITER: "max_iter steps were tried before the minimum was reached",
    STALLED: "no step lowers SSE any more, though its gradient is not zero",
    SINGULAR: "SSE is as low as it gets, but the data do not determine every parameter",
    NOT_FINITE: "y, the start, or the model there is NaN or infinite, or y is too small to square",
    TOO_FEW: "fewer points of positive weight than parameters",
}

_FIELDS = (
    "names", "theta", "stderr", "sse", "sigma2", "s2", "loglik", "n", "weight_sum", "weight_type",
    "n_iter", "status", "converged",
)  # fmt: skip


class CurveFit(NamedTuple):
    """One of the fits."""

    theta: FloatArray
    stderr: FloatArray
    sse: float
    n_iter: int
    status: int
    converged: bool
    message: str


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FitMany:
    """k fits, a row for each curve; frozen. ``many[i]`` is one of them, a `CurveFit`.

    Below, N stands for `count`, as in `Fit`: Σ wᵢ of frequency weights, n of precision weights.

    Attributes
    ----------
    theta : (k, p) ndarray
        Estimates θ̂. Where `converged` is False the best θ met, no estimate; NaN where nothing
        could be fitted (`status` 4, 5).
    stderr : (k, p) ndarray
        Standard errors √(s² (Σ w ∂f ∂fᵀ)⁻¹ⱼⱼ). NaN where the fit did not converge, for a parameter
        on a bound, and where no degree of freedom is left (N ≤ p).
    sse : (k,) ndarray
        SSE = Σ wᵢ (yᵢ − fᵢ)², in squared units of y.
    n_iter : (k,) ndarray of int
        Steps tried.
    status : (k,) ndarray of int8
        How each fit ended: a key of ``FitMany.messages``, 0 where it converged.
    names : tuple of str
        Of the parameters.
    n : int or (k,) ndarray of int
        Points with wᵢ > 0.
    weight_sum : float or (k,) ndarray
        W = Σ wᵢ; n without weights.
    log_weight_sum : float or (k,) ndarray
        Σ log wᵢ of precision weights; 0 otherwise.
    weight_type : {"frequency", "precision"}
    """

    theta: FloatArray
    stderr: FloatArray
    sse: FloatArray
    n_iter: NDArray[np.int64]
    status: NDArray[np.int8]
    names: tuple[str, ...]
    n: int | NDArray[np.int64]
    weight_sum: float | FloatArray
    log_weight_sum: float | FloatArray = 0.0
    weight_type: str = "frequency"

    def __post_init__(self) -> None:
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    messages = MESSAGES

    @property
    def converged(self) -> NDArray[np.bool_]:
        """Whether each fit reached its minimum, (k,)."""
        return np.asarray(self.status == CONVERGED)

    @property
    def count(self) -> float | FloatArray:
        """Observations N of each fit: Σ wᵢ of frequency weights, n of precision weights."""
        return self.weight_sum if self.weight_type == "frequency" else np.float64(self.n)

    @property
    def sigma2(self) -> FloatArray:
        """Maximum-likelihood noise variances, σ̂² = SSE/N, (k,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.sse / self.count)

    @property
    def s2(self) -> FloatArray:
        """Unbiased noise variances, s² = SSE/(N − p), (k,); NaN where N ≤ p."""
        freedom = np.asarray(self.count - len(self.names), np.float64)
        with np.errstate(invalid="ignore"):
            return np.asarray(self.sse / np.where(freedom > 0, freedom, np.nan))

    @property
    def loglik(self) -> FloatArray:
        """ℓ(θ̂, σ̂²) = −N/2 (log(2πσ̂²) + 1), + ½ Σ log wᵢ of precision weights, (k,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            at = -0.5 * self.count * (gaussian.LOG_2PI + np.log(self.sigma2) + 1)
        return np.asarray(at + np.asarray(self.log_weight_sum) / 2)

    def __len__(self) -> int:
        return len(self.sse)

    def __getitem__(self, i: int) -> CurveFit:
        status = int(self.status[i])
        return CurveFit(
            self.theta[i],
            self.stderr[i],
            float(self.sse[i]),
            int(self.n_iter[i]),
            status,
            status == CONVERGED,
            MESSAGES[status],
        )

    def summary(self) -> str:
        """How many fits ended how, in a few lines."""
        counts = np.bincount(self.status, minlength=len(MESSAGES))
        width = len(f"{len(self)}")
        lines = [f"{len(self)} fits of {', '.join(self.names)}"]
        lines += [f"  {counts[s]:>{width}}  {MESSAGES[s]}" for s in MESSAGES if counts[s]]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON knows them: lists for arrays, None for NaN and infinity."""
        from fastmse.results.summary import json_value

        return {name: json_value(getattr(self, name)) for name in _FIELDS}

    def __repr__(self) -> str:
        return (
            f"FitMany(k={len(self)}, p={len(self.names)}, "
            f"converged={np.count_nonzero(self.converged)})"
        )
