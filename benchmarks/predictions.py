"""asv: MSE of predictions, with and without the gradient."""

from __future__ import annotations

from functools import partial

from benchmarks import exact, roof
from benchmarks.parameters import BACKENDS, COMPILED, ROUNDS, THREADS, VALUES, skip_missing
from benchmarks.works import Predictions


class Speed:
    """Time, peak memory of the process, and fraction of the read roof."""

    params = [BACKENDS, VALUES, ["float64"], [False, True], THREADS]  # noqa: RUF012 (asv's form)
    param_names = ("backend", "n", "dtype", "grad", "n_threads")

    def setup(self, backend, n, dtype, grad, n_threads):
        skip_missing(backend)
        self.work = Predictions(n, grad=grad, dtype=dtype)
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
    """float32 from main memory."""

    params = [COMPILED, VALUES[-1:], ["float32"], [False, True], THREADS]  # noqa: RUF012


class Accuracy:
    """Error of MSE against exact arithmetic."""

    params = [BACKENDS, ["float64", "float16"]]  # noqa: RUF012
    param_names = ("backend", "dtype")

    def setup(self, backend, dtype):
        skip_missing(backend)
        n = min(VALUES[-1], exact.MAX_VALUES)
        self.work = Predictions(n, grad=False, dtype=dtype)

    def track_ulp(self, backend, dtype):
        (right,) = self.work.exact()
        return exact.ulp(self.work.ours(backend, 1).mse, right.mse)

    track_ulp.unit = "ulp"
