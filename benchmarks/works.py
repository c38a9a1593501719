"""The works that are timed: their data, our call, what they must touch, their exact result."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

import fastmse as fm
from benchmarks import data, exact, peaks
from benchmarks.rivals.rival import Answer, Call, Rival

Array = NDArray[Any]


class Facts(NamedTuple):
    """What a work is, in numbers; its bytes are those of one read of all its arrays."""

    n: int
    d: int = 1
    K: int = 1
    dtype: str = "float64"
    bytes: int = 0
    flops: int = 0


class Work(Protocol):
    """Data in memory, and what is computed from it."""

    arrays: tuple[Array, ...]  # what one pass must touch; its read is the roof
    facts: Facts

    def ours(self, backend: str, n_threads: int | None) -> fm.Evaluation: ...
    def answer(self, evaluation: fm.Evaluation) -> Answer: ...
    def of_rival(self, rival: Rival) -> Call | None: ...
    def exact(self) -> list[exact.Exact]: ...


class Predictions:
    """MSE of `n` predictions: a read of 16 bytes per element; with the gradient 8 more, written."""

    def __init__(self, n: int, *, grad: bool, dtype: str = "float64") -> None:
        self.y, self.f = data.numbers(n, dtype, seed=0), data.numbers(n, dtype, seed=1)
        self.out = np.zeros(n, self.f.dtype) if grad else None
        self.arrays = (self.y, self.f) if self.out is None else (self.y, self.f, self.out)
        self.facts = Facts(n, dtype=dtype, bytes=size(self.arrays), flops=n * (4 if grad else 3))

    def ours(self, backend: str, n_threads: int | None) -> fm.Evaluation:
        evaluate = partial(fm.evaluate, self.y, self.f, backend=backend, n_threads=n_threads)
        return evaluate(grad=False) if self.out is None else evaluate(out=self.out)

    def answer(self, evaluation: fm.Evaluation) -> Answer:
        return Answer(evaluation.mse, evaluation.grad if self.out is None else self.out)

    def of_rival(self, rival: Rival) -> Call | None:
        return rival.predictions(self.y, self.f, self.out)

    def exact(self) -> list[exact.Exact]:
        return [exact.of_predictions(self.y, self.f)]


class Linear:
    """MSE and ∇θ MSE of f = θᵀx: a read of X (n, d), y and the weights.

    X fills the memory of `values` float64; in a narrower dtype it has more rows. y, θ and the
    weights are float64.
    """

    def __init__(
        self,
        values: int,
        d: int,
        *,
        order: str = "C",
        dtype: str = "float64",
        weighted: bool = False,
        n_thetas: int | None = None,
    ) -> None:
        n = data.rows(values * 8 // data.DTYPES[dtype].itemsize, d)
        memory = data.numbers(n * d, dtype)
        self.X: Any = memory.reshape(n, d) if order == "C" else memory.reshape(d, n).T
        self.y = data.numbers(n, seed=1)
        self.weights = np.abs(self.y) if weighted else None
        shape = (d,) if n_thetas is None else (n_thetas, d)
        self.theta = np.random.default_rng(d).standard_normal(shape) / d**0.5
        self.arrays = (memory, self.y) if self.weights is None else (memory, self.y, self.weights)
        K = n_thetas or 1
        flops = n * (4 * d + 3 + weighted) * K
        self.facts = Facts(n, d, K, dtype, size(self.arrays), flops)
        self.model = fm.Linear()

    def ours(self, backend: str, n_threads: int | None, *, grad: bool = True) -> fm.Evaluation:
        return self.model.evaluate(
            self.X,
            self.y,
            self.theta,
            sample_weight=self.weights,
            grad=grad,
            backend=backend,
            n_threads=n_threads,
        )

    def answer(self, evaluation: fm.Evaluation) -> Answer:
        return Answer(evaluation.mse, evaluation.grad)

    def of_rival(self, rival: Rival) -> Call | None:
        return rival.linear(self.X, self.y, self.theta)

    def exact(self) -> list[exact.Exact]:
        thetas = np.atleast_2d(self.theta)
        return [exact.of_linear(self.X, self.y, theta, self.weights) for theta in thetas]


class Columns(Linear):
    """`Linear` of a pyarrow table: each column has a buffer of its own, in no order of addresses.

    Rivals and oracle get the same memory as the Fortran-ordered array that it is.
    """

    @staticmethod
    def missing() -> str:
        """Why there is no such table here; "" where there is."""
        return "" if find_spec("pyarrow") else "pyarrow is not installed"

    def __init__(self, values: int, d: int) -> None:
        import pyarrow as pa

        super().__init__(values, d, order="F")
        self.shuffled = np.random.default_rng(d).permutation(d)
        self.table = pa.table({f"x{j}": self.X[:, j] for j in self.shuffled.tolist()})

    def ours(self, backend: str, n_threads: int | None, *, grad: bool = True) -> fm.Evaluation:
        theta = self.theta[self.shuffled]
        return self.model.evaluate(
            self.table, self.y, theta, grad=grad, backend=backend, n_threads=n_threads
        )

    def answer(self, evaluation: fm.Evaluation) -> Answer:
        return Answer(evaluation.mse, evaluation.grad[np.argsort(self.shuffled)])


class Peak:
    """MSE and ∇θ MSE of a peak on a slope, of five parameters: a read of x and y."""

    MOST = 10_000_000
    FLOPS = 61
    """A row, 37 of them of exp, as the kernel counts them: what is shared once."""

    @staticmethod
    def missing() -> str:
        """Why it cannot be compiled, or computed exactly, here; "" where it can."""
        lacking = [name for name in ("sympy", "numba", "mpmath") if not find_spec(name)]
        return f"{lacking[0]} is not installed" if lacking else ""

    def __init__(self, n: int) -> None:
        n = min(n, self.MOST)
        self.x, self.y = peaks.data(n)
        self.theta = peaks.START
        self.arrays = (self.x, self.y)
        self.facts = Facts(n, bytes=size(self.arrays), flops=n * self.FLOPS)

    def ours(self, backend: str, n_threads: int | None) -> fm.Evaluation:
        return peaks.model().evaluate(
            self.x, self.y, self.theta, backend=backend, n_threads=n_threads
        )

    def answer(self, evaluation: fm.Evaluation) -> Answer:
        return Answer(evaluation.mse, evaluation.grad)

    def of_rival(self, rival: Rival) -> Call | None:
        return rival.peak(self.x, self.y, self.theta)

    def exact(self) -> list[exact.Exact]:
        from benchmarks.exact_peak import of_data

        return [of_data(len(self.x))]


def size(arrays: tuple[Array, ...]) -> int:
    """Bytes of all of them."""
    return sum(array.nbytes for array in arrays)
