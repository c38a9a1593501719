"""Models of the mean, and what is evaluated on them in one pass."""

from fastmse.models.linear import Linear
from fastmse.models.predictions import evaluate, mse

__all__ = ["Linear", "evaluate", "mse"]
