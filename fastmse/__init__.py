"""The Gaussian likelihood at memory speed.

y = f(x; θ) + ε, ε ~ N(0, σ²): MSE, its gradient, σ̂² and the log-likelihood of large arrays
from one pass over the data.
"""

from fastmse import gaussian
from fastmse.models import Linear, evaluate, mse
from fastmse.results import Evaluation, Fit

__version__ = "0.1.0"

__all__ = ["Evaluation", "Fit", "Linear", "evaluate", "gaussian", "mse"]
