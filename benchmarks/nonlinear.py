"""asv: a nonlinear model, evaluated and fitted, and many of them."""

from __future__ import annotations

from functools import partial

from benchmarks import evaluations, exact, peaks, spots
from benchmarks.parameters import BACKENDS, THREADS, VALUES, skip_missing
from benchmarks.works import Peak


class Speed(evaluations.Speed):
    """n points of a peak, value and gradient."""

    params = [BACKENDS, VALUES, THREADS]  # noqa: RUF012 (asv's form)
    param_names = ("backend", "n", "n_threads")

    def make(self, n):
        return Peak(n)


class Accuracy(evaluations.Accuracy):
    """Error of MSE, and so also of exp, against 40 digits."""

    params = [BACKENDS]  # noqa: RUF012
    param_names = ("backend",)

    def make(self):
        return Peak(min(VALUES[-1], exact.MAX_VALUES // 10))


class Fit:
    """Of n points, from a start to all digits."""

    params = [VALUES, THREADS]  # noqa: RUF012
    param_names = ("n", "n_threads")

    def setup(self, n, n_threads):
        skip_missing("numba")
        self.fit = partial(
            peaks.model().fit, *peaks.data(min(n, Peak.MOST)), peaks.START, n_threads=n_threads
        )
        self.fit()  # Numba compiles here

    def time_fit(self, n, n_threads):
        self.fit()

    def peakmem_fit(self, n, n_threads):
        self.fit()


class Many:
    """A fit for each of k spots of 25 points; k is n / 25."""

    params = [VALUES, THREADS]  # noqa: RUF012
    param_names = ("n", "n_threads")

    def setup(self, n, n_threads):
        skip_missing("numba")
        curves = spots.data(n // spots.SIDE**2)
        self.fit = partial(spots.model().fit_many, *curves, n_threads=n_threads)
        self.fit()

    def time_fit_many(self, n, n_threads):
        self.fit()
