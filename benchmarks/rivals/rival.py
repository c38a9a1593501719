"""What a rival is: another way to the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import Any, NamedTuple

from numpy.typing import NDArray

Array = NDArray[Any]


class Answer(NamedTuple):
    """MSE, and its gradient where one was asked for."""

    mse: Any
    grad: Any


Call = Callable[[], Answer]


@contextmanager
def thread_count(
    get: Callable[[], int], set_: Callable[[int], object], n_threads: int
) -> Iterator[None]:
    """Where a library's own thread count is `n_threads`; behind it, what it was."""
    before = get()
    set_(n_threads)
    try:
        yield
    finally:
        set_(before)


class Rival:
    """A library doing our works on `n_threads` threads.

    Its modules are imported when it is made, its data laid out as it likes when it is given
    them; what a `Call` does is timed.
    """

    name: str
    package: str
    module: str
    how: str  # what is called, for the report

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads

    @classmethod
    def missing(cls) -> str:
        """Why it cannot run here; "" where it can."""
        return "" if find_spec(cls.module) else f"{cls.package} is not installed"

    def threads(self) -> AbstractContextManager[Any]:
        """Where its threads are limited to `n_threads`."""
        return nullcontext()

    def predictions(self, y: Array, f: Array, out: Array | None) -> Call | None:
        """MSE of predictions, with the gradient, into `out` if it can, where `out` is given."""

    def linear(self, X: Array, y: Array, theta: Array) -> Call | None:
        """MSE and gradient of θᵀx; None if it has no such thing."""

    def peak(self, x: Array, y: Array, theta: Array) -> Call | None:
        """MSE and gradient of the peak on a slope of `benchmarks.peaks`; None as above."""
