"""Fits: from rows to `fastmse.results.Fit`."""

from fastmse.fitting.iterated import fit_conjugate_gradients
from fastmse.fitting.linear import fit_path, fit_rows
from fastmse.fitting.nonlinear import fit_model
from fastmse.fitting.notes import AccuracyWarning, ConvergenceWarning, RankWarning
from fastmse.fitting.sufficient import SufficientStatistics
from fastmse.fitting.targets import fit_targets

__all__ = [
    "AccuracyWarning",
    "ConvergenceWarning",
    "RankWarning",
    "SufficientStatistics",
    "fit_conjugate_gradients",
    "fit_model",
    "fit_path",
    "fit_rows",
    "fit_targets",
]
