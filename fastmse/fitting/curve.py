"""One curve's fit as `fit_many` does it, by NumPy: from its start to how it ended."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fastmse.fitting.curve_search import EPS, LAST_LAMBDA, VAIN_LAMBDA, CurveSearch, Step, Sums
from fastmse.gaussian import FloatArray
from fastmse.results.fit_many import (
    CONVERGED,
    MAX_ITER,
    NOT_FINITE,
    SINGULAR,
    STALLED,
    TOO_FEW,
)

LEAST_POWER = 1e-280


class CurveOutcome(NamedTuple):
    theta: FloatArray
    stderr: FloatArray
    sse: float
    n_iter: int
    status: int


@np.errstate(all="ignore")
def fit_curve(
    search: CurveSearch, start: FloatArray, weight_type: str, tol: float, max_iter: int
) -> CurveOutcome:
    """The fit from `start`."""
    n, p = len(search.y), len(start)
    freedom = (float(search.weight.sum()) if weight_type == "frequency" else n) - p
    if not np.isfinite(start).all():
        return _failure(p, NOT_FINITE)
    if n < p:
        return _failure(p, TOO_FEW)
    theta, at, n_iter = start, search.sums(start), 0
    sound = not search.y.any() or LEAST_POWER < search.power < np.inf
    if not (sound and at.finite):
        return _failure(p, NOT_FINITE)
    while True:
        search.scale = np.maximum(search.scale, np.diag(at.A))
        search.least = tol**2 * at.sse / max(freedom, 1) + 64 * EPS**2 * search.power
        step = search.step(theta, at)
        status = _status(search, step, n_iter >= max_iter)
        if status is not None:
            return _outcome(search, theta, at, step, freedom, tol, status, n_iter)
        after = search.sums(step.trial)
        search.judge(at, after, step)
        n_iter += 1
        if search.accepted:
            theta, at = step.trial, after


def _status(search: CurveSearch, step: Step, is_last: bool) -> int | None:
    """How the fit ends here; None where it goes on."""
    if search.arrived(step.offset, search.rate):
        if search.singular:
            return SINGULAR
        if search.damping == 0:
            return CONVERGED
    if search.damping > (VAIN_LAMBDA if search.accepted else LAST_LAMBDA):
        return STALLED
    return MAX_ITER if is_last else None


def _failure(p: int, status: int) -> CurveOutcome:
    return CurveOutcome(np.full(p, np.nan), np.full(p, np.nan), np.nan, 0, status)


def _outcome(
    search: CurveSearch,
    theta: FloatArray,
    at: Sums,
    step: Step,
    freedom: float,
    tol: float,
    status: int,
    n_iter: int,
) -> CurveOutcome:
    """The last step is taken, and SSE lowered by what that gains, as far as `tol` goes."""
    stderr = np.full(len(theta), np.nan)
    if status != CONVERGED:
        return CurveOutcome(theta, stderr, at.sse, n_iter, status)
    sse = at.sse - min(max(step.offset, 0.0), tol**2 * at.sse)
    if freedom > 0:
        inverse = np.linalg.inv(step.factor)
        stderr = np.sqrt(sse / freedom) * np.sqrt((inverse**2).sum(axis=0))
        stderr[~step.free] = np.nan
    return CurveOutcome(step.trial, stderr, sse, n_iter, status)
