"""asv: MSE of predictions, with and without the gradient."""

from __future__ import annotations

from benchmarks import evaluations, exact
from benchmarks.parameters import BACKENDS, COMPILED, THREADS, VALUES
from benchmarks.works import Predictions


class Speed(evaluations.Speed):
    """n predictions."""

    params = [BACKENDS, VALUES, ["float64"], [False, True], THREADS]  # noqa: RUF012 (asv's form)
    param_names = ("backend", "n", "dtype", "grad", "n_threads")

    def make(self, n, dtype, grad):
        return Predictions(n, grad=grad, dtype=dtype)


class Dtypes(Speed):
    """float32 from main memory."""

    params = [COMPILED, VALUES[-1:], ["float32"], [False, True], THREADS]  # noqa: RUF012


class Accuracy(evaluations.Accuracy):
    """Error of MSE against exact arithmetic."""

    params = [BACKENDS, ["float64", "float16"]]  # noqa: RUF012
    param_names = ("backend", "dtype")

    def make(self, dtype):
        return Predictions(min(VALUES[-1], exact.MAX_VALUES), grad=False, dtype=dtype)
