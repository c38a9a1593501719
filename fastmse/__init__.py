"""The Gaussian likelihood at memory speed.

y = f(x; θ) + ε, ε ~ N(0, σ²): MSE, its gradient, σ̂² and the log-likelihood of large arrays
from one pass over the data.
"""

try:
    from fastmse import inputs as _inputs  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"fastmse's compiled modules cannot be imported from {__path__[0]} ({error}). In a source "
        "checkout, build them by `pip install -e .`, or start Python outside of it."
    ) from error

from importlib import import_module
from typing import TYPE_CHECKING

from fastmse import gaussian
from fastmse.models import Linear, evaluate, mse
from fastmse.results import Evaluation, Fit

if TYPE_CHECKING:
    from fastmse.fitting import (
        AccuracyWarning,
        ConvergenceWarning,
        RankWarning,
        SufficientStatistics,
    )
    from fastmse.models.expression import Expression
    from fastmse.models.function import Function
    from fastmse.results.fit_many import FitMany

__version__ = "0.1.0"

__all__ = [
    "AccuracyWarning",
    "ConvergenceWarning",
    "Evaluation",
    "Expression",
    "Fit",
    "FitMany",
    "Function",
    "Linear",
    "RankWarning",
    "SufficientStatistics",
    "evaluate",
    "gaussian",
    "mse",
]

ON_DEMAND = {
    "AccuracyWarning": "fitting",
    "ConvergenceWarning": "fitting",
    "Expression": "models.expression",
    "FitMany": "results.fit_many",
    "Function": "models.function",
    "RankWarning": "fitting",
    "SufficientStatistics": "fitting",
}


def __getattr__(name: str) -> object:
    """What belongs to fits and to nonlinear models: imported when first asked for."""
    if name in ON_DEMAND:
        return getattr(import_module(f"fastmse.{ON_DEMAND[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
