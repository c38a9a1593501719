"""Fits: from rows to `fastmse.results.Fit`."""

from fastmse.fitting.gram import SufficientStatistics
from fastmse.fitting.linear import fit_rows
from fastmse.fitting.notes import AccuracyWarning, RankWarning

__all__ = ["AccuracyWarning", "RankWarning", "SufficientStatistics", "fit_rows"]
