"""Fits: from rows to `fastmse.results.Fit`."""

from fastmse.fitting.linear import fit_path, fit_rows
from fastmse.fitting.notes import AccuracyWarning, RankWarning
from fastmse.fitting.sufficient import SufficientStatistics

__all__ = ["AccuracyWarning", "RankWarning", "SufficientStatistics", "fit_path", "fit_rows"]
