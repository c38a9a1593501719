"""asv: MSE and its gradient of a linear model, X by rows and by columns."""

from __future__ import annotations

from functools import partial

from benchmarks import exact, roof
from benchmarks.parameters import BACKENDS, ROUNDS, THREADS, VALUES, skip_missing
from benchmarks.works import linear_maker

FEATURES = [8, 50, 200, 2000]
ORDERS = ["C", "F"]


class Speed:
    """Time, peak memory of the process, and fraction of the read roof; n = values / d rows."""

    params = [BACKENDS, VALUES, FEATURES, ORDERS, THREADS]  # noqa: RUF012 (asv's own form)
    param_names = ("backend", "values", "d", "order", "n_threads")

    def setup(self, backend: str, values: int, d: int, order: str, n_threads: int) -> None:
        skip_missing(backend)
        self.work = linear_maker(d, order)(values)
        self.work.ours(backend, n_threads)  # Numba compiles here

    def time_evaluate(self, backend: str, values: int, d: int, order: str, n_threads: int) -> None:
        self.work.ours(backend, n_threads)

    def peakmem_evaluate(
        self, backend: str, values: int, d: int, order: str, n_threads: int
    ) -> None:
        self.work.ours(backend, n_threads)

    def track_roof(self, backend: str, values: int, d: int, order: str, n_threads: int) -> float:
        call = partial(self.work.ours, backend, n_threads)
        return roof.fraction(self.work.arrays, call, n_threads, ROUNDS)

    track_roof.unit = "fraction of the read roof"


class Accuracy:
    """Error of SSE, and so also of θᵀx, against exact arithmetic."""

    params = [BACKENDS, FEATURES, ORDERS]  # noqa: RUF012
    param_names = ("backend", "d", "order")

    def setup(self, backend: str, d: int, order: str) -> None:
        skip_missing(backend)
        self.work = linear_maker(d, order)(min(VALUES[-1], exact.MAX_VALUES))

    def track_ulp(self, backend: str, d: int, order: str) -> float:
        return exact.ulp(self.work.ours(backend, 1).sse, self.work.exact_sse())

    track_ulp.unit = "ulp"
