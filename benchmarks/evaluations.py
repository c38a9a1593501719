"""asv: what is measured of an evaluation; `linear` and `predictions` say of which.

asv collects every class that a module names, but no abstract one: these leave `make` open.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial

from benchmarks import exact, roof
from benchmarks.parameters import ROUNDS, skip_missing
from benchmarks.works import Work


class Benchmark(ABC):
    """A work on a backend, which is the first parameter."""

    @abstractmethod
    def make(self, *parameters) -> Work:
        """The work, of the parameters between the backend and the threads."""


class Speed(Benchmark):
    """Time, peak memory of the process, and fraction of the read roof; threads come last."""

    def setup(self, backend, *parameters):
        skip_missing(backend)
        *shape, n_threads = parameters
        self.work = self.make(*shape)
        self.call = partial(self.work.ours, backend, n_threads)
        self.call()  # Numba compiles here

    def time_evaluate(self, *parameters):
        self.call()

    def peakmem_evaluate(self, *parameters):
        self.call()

    def track_roof(self, *parameters):
        return roof.fraction(self.work.arrays, self.call, parameters[-1], ROUNDS)

    track_roof.unit = "fraction of the read roof"


class Accuracy(Benchmark):
    """Error of MSE against exact arithmetic, on one thread."""

    def setup(self, backend, *parameters):
        skip_missing(backend)
        self.work = self.make(*parameters)

    def track_ulp(self, backend, *parameters):
        (right,) = self.work.exact()
        return exact.ulp(self.work.ours(backend, 1).mse, right.mse)

    track_ulp.unit = "ulp"
