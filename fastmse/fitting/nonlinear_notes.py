"""What a nonlinear fit has to say about its answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from fastmse.fitting.problem import Search
from fastmse.fitting.verdict import Curvature


def named(names: Sequence[str], which: Iterable[int]) -> str:
    """The names, in words."""
    return ", ".join(repr(names[j]) for j in which)


def bounds_note(search: Search, free: np.ndarray, names: Sequence[str]) -> str:
    """Name the parameters that a bound holds."""
    at = [f"{names[j]!r} at {search.theta[j]:.6g}" for j in np.flatnonzero(~free).tolist()]
    return (
        f"held by a bound: {', '.join(at)}; without a standard error, and the others' are for "
        "its value given"
    )


def undetermined_note(found: Curvature, names: Sequence[str]) -> str:
    """Name the parameters that the data do not determine."""
    p = int(found.free.sum())
    return (
        f"rank {found.rank} of {p}: at the end SSE does not depend on "
        f"{named(names, found.undetermined)}, alone or in combination; start elsewhere, set "
        "bounds, or drop a parameter"
    )


def unfinished_note(search: Search, found: Curvature, s: float) -> str:
    """Tell why a search ended, how far it came and what to do."""
    if search.stopped:
        return f"not converged: stopped by the callback after {search.n_iter} steps"
    off = found.length / s if s > 0 else np.inf
    left = f"the next one is {off:.1g} standard errors long"
    if search.n_iter >= search.max_iter:
        return f"not converged after {search.n_iter} steps, {left}: raise max_iter, or start nearer"
    return (
        f"not converged: after {search.n_iter} steps none lowers SSE by more than rounding, {left}: "
        "a plateau, a saddle point, or a function that is not smooth here; start elsewhere"
    )


def start_note(search: Search, names: Sequence[str]) -> str | None:
    """What is not finite at the start; None if all is."""
    at = search.at
    what = [f"SSE is {at.sse}"] if not np.isfinite(at.sse) else []
    bad = ~np.isfinite(at.gradient) | ~np.isfinite(at.normal).all(axis=1)
    if not what and bad.any():
        diagonal = ~np.isfinite(np.diag(at.normal)) | ~np.isfinite(at.gradient)
        which = np.flatnonzero(diagonal if diagonal.any() else bad).tolist()
        what = [f"the derivative by {named(names, which)} is NaN, infinite or too large to square"]
    if not what:
        return None
    theta = ", ".join(f"{n}={t:g}" for n, t in zip(names, search.theta, strict=True))
    return f"start: {what[0]} at {theta}; want a start where the model is finite in every row"
