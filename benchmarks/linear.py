"""asv: MSE and its gradient of a linear model."""

from __future__ import annotations

from functools import partial

from benchmarks import exact, roof
from benchmarks.parameters import BACKENDS, COMPILED, ROUNDS, THREADS, VALUES, skip_missing
from benchmarks.works import Linear

NAMES = ("backend", "values", "d", "dtype", "order", "n_threads")
FEATURES = [8, 50, 200, 2000]
ORDERS = ["C", "F"]
NARROW = ["float32", "float16", "bfloat16", "int8"]


class Speed:
    """Time, peak memory of the process, and fraction of the read roof of n = values / d rows.

    X has the memory of so many float64, whatever its dtype.
    """

    params = [BACKENDS, VALUES, FEATURES, ["float64"], ORDERS, THREADS]  # noqa: RUF012 (asv's form)
    param_names = NAMES

    def setup(self, backend, values, d, dtype, order, n_threads):
        skip_missing(backend)
        self.work = Linear(values, d, order=order, dtype=dtype)
        self.call = partial(self.work.ours, backend, n_threads)
        self.call()  # Numba compiles here

    def time_evaluate(self, *parameters):
        self.call()

    def peakmem_evaluate(self, *parameters):
        self.call()

    def track_roof(self, *parameters):
        return roof.fraction(self.work.arrays, self.call, parameters[-1], ROUNDS)

    track_roof.unit = "fraction of the read roof"


class Dtypes(Speed):
    """The storage types, from main memory: all of the float64 numbers again would say no more."""

    params = [COMPILED, VALUES[-1:], [200], NARROW, ORDERS, THREADS]  # noqa: RUF012


class Accuracy:
    """Error of MSE, and so also of θᵀx, against exact arithmetic."""

    params = [BACKENDS, FEATURES, ["float64", "float16"], ORDERS]  # noqa: RUF012
    param_names = ("backend", "d", "dtype", "order")

    def setup(self, backend, d, dtype, order):
        skip_missing(backend)
        self.work = Linear(min(VALUES[-1], exact.MAX_VALUES), d, order=order, dtype=dtype)

    def track_ulp(self, backend, *parameters):
        (right,) = self.work.exact()
        return exact.ulp(self.work.ours(backend, 1).mse, right.mse)

    track_ulp.unit = "ulp"
