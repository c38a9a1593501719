"""What evaluations and fits return: frozen values, derived fields computed when asked for."""

from fastmse.results.evaluation import Evaluation
from fastmse.results.fit import Fit

__all__ = ["Evaluation", "Fit"]
