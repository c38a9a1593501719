"""Random problems of which every way to compute them must give one digest."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from edges import FEATURES, THETAS, sizes
from model_sums import P, Q, own_functions, rounding_scalar, streamed, whole
from storage import (
    DTYPES,
    MATRIX_LAYOUTS,
    VECTOR_LAYOUTS,
    lay_matrix,
    lay_table,
    lay_vector,
    small_integers,
)

import fastmse as fm
from fastmse.kernels.scalars import Sums
from fastmse.models.linear import LinearStream
from fastmse.models.predictions import PredictionStream
from fastmse.results import Evaluation
from fastmse.statistics import MODEL_BLOCK, by_columns

LAYOUTS = [*MATRIX_LAYOUTS, "table"]


class Problem(NamedTuple):
    """`streamed` chunks must give the digest `whole`."""

    n: int
    at_once: Callable[[int], str]
    streamed: Callable[[list[slice]], str]
    whole: str


def digest(e: Evaluation, grad: bool = True) -> str:
    parts = [e.weight_sum, e.sse, e.mse, e.sigma2, *([e.grad] if grad else [])]
    return sha256(b"".join(np.asarray(part).tobytes() for part in parts)).hexdigest()[:16]


def cuts(rng: np.random.Generator, n: int) -> list[slice]:
    """Consecutive chunks, most of them short."""
    inside = np.unique(rng.integers(0, n + 1, rng.integers(1, 8)))
    ones = np.arange(3) + rng.integers(0, max(n - 3, 1))
    edges = np.unique(np.concatenate([[0, n], inside, ones[ones < n]]))
    return [slice(int(a), int(b)) for a, b in pairwise(edges)]


def random_weights(rng: np.random.Generator, n: int, kind: int) -> np.ndarray | None:
    """None, real numbers, small integers of which a third is zero, a zero now and then: 0 to 3.

    A zero now and then takes some tiles of a block, not all, off the way of the others.
    """
    if kind == 0:
        return None
    w = rng.integers(0, 3, n).astype(float) if kind == 2 else rng.random(n)
    if kind == 3:
        w[rng.integers(n, size=1 + n // 300)] = 0
    w[rng.integers(n)] = 1
    return w


def part(w: np.ndarray | None, rows: slice) -> np.ndarray | None:
    return None if w is None else w[rows]


def prediction_problem(number: int, backend: str) -> Problem:
    rng = np.random.default_rng(number)
    n = int(rng.integers(1, 60_000))
    dtype, layout = DTYPES[number % len(DTYPES)], str(rng.choice(VECTOR_LAYOUTS))
    y = rng.normal(size=n)
    f = lay_vector(small_integers(rng, (n,), dtype), dtype, layout)
    w = random_weights(rng, n, number % 4)

    def at_once(n_threads: int) -> str:
        return digest(fm.evaluate(y, f, sample_weight=w, backend=backend, n_threads=n_threads))

    def streamed(chunks: list[slice]) -> str:
        stream = PredictionStream(backend=backend, n_threads=2)
        for rows in chunks:
            stream.update(y[rows], f[rows], part(w, rows))
        return digest(stream.finalize(), grad=False)

    whole = fm.evaluate(y, f, sample_weight=w, grad=False, backend=backend)
    return Problem(n, at_once, streamed, digest(whole, grad=False))


def storage(number: int, rng: np.random.Generator) -> tuple[int, str, str]:
    """d, the layout and the dtype of linear problem `number`."""
    dtype = DTYPES[number % len(DTYPES)] if rng.integers(3) else "f8"
    return FEATURES[number % len(FEATURES)], LAYOUTS[number % len(LAYOUTS)], dtype


def design(number: int, rng: np.random.Generator) -> Any:
    """X of that storage; every third has some number of rows, the others one around an edge."""
    d, layout, dtype = storage(number, rng)
    around = sizes(d, not layout.startswith("C"))
    n = int(rng.choice(around) if rng.integers(3) else rng.integers(1, max(90_000 // d, 300)))
    if layout == "table":
        return lay_table(rng, n, d)
    return lay_matrix(small_integers(rng, (n, d), dtype), dtype, layout)


def linear_problem(number: int, backend: str) -> Problem:
    rng = np.random.default_rng(number)
    X = design(number, rng)
    n, d = X.shape
    intercept, K = bool(rng.integers(2)), int(rng.choice([1, 1, *THETAS]))
    theta = rng.normal(size=(K, d + intercept) if K > 1 else d + intercept)
    y, w = rng.normal(size=n), random_weights(rng, n, int(rng.integers(4)))

    def at_once(n_threads: int) -> str:
        model = fm.Linear(intercept=intercept)
        e = model.evaluate(X, y, theta, sample_weight=w, backend=backend, n_threads=n_threads)
        return digest(e)

    def streamed(chunks: list[slice]) -> str:
        order = "F" if by_columns(X) else "C"
        stream = LinearStream(
            theta, d, intercept=intercept, order=order, backend=backend, n_threads=2
        )
        for rows in chunks:
            stream.update(X[rows], y[rows], part(w, rows))
        return digest(stream.finalize())

    return Problem(n, at_once, streamed, at_once(1))


def model_problem(number: int, backend: str) -> Problem:
    """The sums of a rational model, or of one that calls the project's own functions."""
    rng = np.random.default_rng(number)
    layout, dtype = LAYOUTS[number % len(LAYOUTS)], DTYPES[number % len(DTYPES)]
    n = int(
        rng.choice([1, 127, 129, MODEL_BLOCK - 1, MODEL_BLOCK + 1, *rng.integers(1, 40_000, 4)])
    )
    x = small_integers(rng, (n, Q), dtype)
    X = lay_table(rng, n, Q) if layout == "table" else lay_matrix(x, dtype, layout)
    rows = [X, rng.normal(size=n), random_weights(rng, n, int(rng.integers(4)))]
    theta = np.abs(rng.normal(size=(int(rng.choice([1, 1, *THETAS])), P))) + 0.1
    options = {"model": (rounding_scalar, own_functions)[number % 2](), "backend": backend}
    sums = Sums(int(rng.integers(len(Sums))))

    def at_once(n_threads: int) -> str:
        node = whole(rows, theta, sums, n_threads=n_threads, **options)
        return sha256(node.tobytes()).hexdigest()[:16]

    def in_chunks(chunks: list[slice]) -> str:
        node = streamed(rows, chunks, theta, sums, n_threads=2, **options)
        return sha256(node.tobytes()).hexdigest()[:16]

    return Problem(n, at_once, in_chunks, at_once(1))
