"""A nonlinear fit: from an objective and a start to a `Fit`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from fastmse.fitting.bounds import Bounds, checked_bounds, parameters
from fastmse.fitting.covariance import covariance
from fastmse.fitting.gram import WEIGHT_TYPES, one_of
from fastmse.fitting.levenberg_marquardt import minimise
from fastmse.fitting.limits import checked_limits
from fastmse.fitting.linear import Blocks
from fastmse.fitting.nonlinear_notes import (
    bounds_note,
    start_note,
    undetermined_note,
    unfinished_note,
)
from fastmse.fitting.notes import ConvergenceWarning, RankWarning, warn_caller
from fastmse.fitting.objective import Objective
from fastmse.fitting.problem import Callback, Search
from fastmse.fitting.survey import check_finite, log_weight_sum, survey
from fastmse.fitting.verdict import Curvature, Precision
from fastmse.gaussian import FloatArray
from fastmse.results import Fit
from fastmse.results.mean import Mean
from fastmse.weighting import Weighting

Note: TypeAlias = tuple[str, type[UserWarning] | None]

TOL, MAX_ITER = 1e-12, 1000


def fit_model(
    objective: Objective,
    mean: Mean,
    rows: tuple[Any, Any, Any],
    weighting: Weighting,
    start: Any,
    *,
    names: Sequence[str],
    variables: Sequence[str],
    bounds: Any = None,
    weight_type: str = "frequency",
    tol: float = TOL,
    max_iter: int = MAX_ITER,
    callback: Callback | None = None,
) -> Fit:
    """Least squares of a model, from a start; the arguments are those of its `fit`.

    `rows` are (X, y, sample_weight or None), past the gate; `weighting` is theirs.

    Raises
    ------
    TypeError, ValueError
        For an argument out of its domain, NaN or infinity in the data, and a start at which the
        model is not finite.

    Warns
    -----
    ConvergenceWarning, RankWarning
    """
    one_of("weight_type", weight_type, WEIGHT_TYPES)
    tol, max_iter = checked_limits(tol, max_iter, callback, "callable(iteration, theta, sse)")
    theta = parameters(start, names)
    box = checked_bounds(bounds, names, theta)
    count = weighting.weight_sum if weight_type == "frequency" else float(weighting.n)
    _check_rows(weighting.n, box)
    X, y, weight = rows
    check_finite(X, y, weight, variables, "y")
    columns = survey(np.empty((len(y), 0)), y, weight, (), "y", centred=True)
    search = _begun(objective, box, theta, max_iter, callback, names)
    size = math.hypot(columns.length[-1], columns.mean[-1] * math.sqrt(columns.weight_sum))
    precision = Precision(tol, size, max(count - len(theta), 1.0))
    converged = minimise(search, precision)
    found = precision.curvature(search, search.at)
    notes = _notes(search, found, converged, precision, names)
    blocks = Blocks(lambda: [rows], variables, "y")
    cov, looked = covariance(search, found, mean, blocks)
    for text, category in notes:
        if category is not None:
            warn_caller(text, category)
    return Fit(
        theta=search.theta,
        names=tuple(names),
        cov_unscaled=cov,
        n=weighting.n,
        weight_sum=weighting.weight_sum,
        sse=float(search.at.sse),
        sst=float(columns.length[-1] ** 2),
        log_weight_sum=0.0
        if weight is None or weight_type == "frequency"
        else log_weight_sum(weight),
        weight_type=weight_type,
        condition=found.condition,
        rank=found.rank,
        method="lm",
        passes=search.passes + 1 + looked,
        n_iter=search.n_iter,
        converged=converged and not found.undetermined,
        message="; ".join(text for text, _ in notes),
        rows=blocks,
        mean=mean,
    )


def _check_rows(n: int, box: Bounds) -> None:
    free = int((box.lower < box.upper).sum())
    if n < free:
        raise ValueError(
            f"X: got {n} rows of positive weight; want at least {free}, one for each parameter"
        )


def _begun(
    objective: Objective,
    box: Bounds,
    theta: FloatArray,
    max_iter: int,
    callback: Callback | None,
    names: Sequence[str],
) -> Search:
    """The search at its start; ValueError if the model is not finite there."""
    with np.errstate(all="ignore"):
        search = Search(objective, box, theta, max_iter, callback)
        refused = start_note(search, names)
    if refused is not None:
        raise ValueError(refused)
    return search


def _notes(
    search: Search, found: Curvature, converged: bool, precision: Precision, names: Sequence[str]
) -> list[Note]:
    notes: list[Note] = []
    if found.undetermined:
        notes.append((undetermined_note(found, names), RankWarning))
    if not converged and not (found.undetermined and precision.at_minimum(search)):
        s = math.sqrt(search.at.sse / precision.dof)
        notes.append((unfinished_note(search, found, s), ConvergenceWarning))
    if not found.free.all():
        notes.append((bounds_note(search, found.free, names), None))
    return notes
