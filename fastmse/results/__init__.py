"""What evaluations and fits return: frozen values, derived fields computed when asked for."""

from fastmse.results.evaluation import Evaluation
from fastmse.results.fit import Fit
from fastmse.results.fit_many import FitMany

__all__ = ["Evaluation", "Fit", "FitMany"]
