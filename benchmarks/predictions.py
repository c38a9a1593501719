"""asv: MSE of predictions, with and without the gradient."""

from __future__ import annotations

from functools import partial

from benchmarks import exact, roof
from benchmarks.parameters import BACKENDS, ROUNDS, THREADS, VALUES, skip_missing
from benchmarks.works import Predictions


class Speed:
    """Time, peak memory of the process, and fraction of the read roof."""

    params = [BACKENDS, VALUES, [False, True], THREADS]  # noqa: RUF012 (asv's own form)
    param_names = ("backend", "n", "grad", "n_threads")

    def setup(self, backend: str, n: int, grad: bool, n_threads: int) -> None:
        skip_missing(backend)
        self.work = Predictions(n, grad=grad)
        self.work.ours(backend, n_threads)  # Numba compiles here

    def time_evaluate(self, backend: str, n: int, grad: bool, n_threads: int) -> None:
        self.work.ours(backend, n_threads)

    def peakmem_evaluate(self, backend: str, n: int, grad: bool, n_threads: int) -> None:
        self.work.ours(backend, n_threads)

    def track_roof(self, backend: str, n: int, grad: bool, n_threads: int) -> float:
        call = partial(self.work.ours, backend, n_threads)
        return roof.fraction(self.work.arrays, call, n_threads, ROUNDS)

    track_roof.unit = "fraction of the read roof"


class Accuracy:
    """Error of SSE against exact arithmetic."""

    params = [BACKENDS]  # noqa: RUF012
    param_names = ("backend",)

    def setup(self, backend: str) -> None:
        skip_missing(backend)
        self.work = Predictions(min(VALUES[-1], exact.MAX_VALUES), grad=False)

    def track_ulp(self, backend: str) -> float:
        return exact.ulp(self.work.ours(backend, 1).sse, self.work.exact_sse())

    track_ulp.unit = "ulp"
