"""asv: MSE and its gradient of a linear model."""

from __future__ import annotations

from benchmarks import evaluations, exact
from benchmarks.parameters import BACKENDS, COMPILED, THREADS, VALUES
from benchmarks.works import Linear

FEATURES = [8, 50, 200, 2000]
ORDERS = ["C", "F"]
NARROW = ["float32", "float16", "bfloat16", "int8"]


class Speed(evaluations.Speed):
    """n = values / d rows; X has the memory of so many float64, whatever its dtype."""

    params = [BACKENDS, VALUES, FEATURES, ["float64"], ORDERS, THREADS]  # noqa: RUF012 (asv's form)
    param_names = ("backend", "values", "d", "dtype", "order", "n_threads")

    def make(self, values, d, dtype, order):
        return Linear(values, d, order=order, dtype=dtype)


class Dtypes(Speed):
    """The storage types, from main memory: all of the float64 numbers again would say no more."""

    params = [COMPILED, VALUES[-1:], [200], NARROW, ORDERS, THREADS]  # noqa: RUF012


class Accuracy(evaluations.Accuracy):
    """Error of MSE, and so also of θᵀx, against exact arithmetic."""

    params = [BACKENDS, FEATURES, ["float64", "float16"], ORDERS]  # noqa: RUF012
    param_names = ("backend", "d", "dtype", "order")

    def make(self, d, dtype, order):
        return Linear(min(VALUES[-1], exact.MAX_VALUES), d, order=order, dtype=dtype)
