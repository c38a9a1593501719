"""Evaluations of arrays between protected pages: ``python guard_pages.py WORK BACKEND``.

Touching a byte before or after an array ends the process. Each result must have the bits of the
same values elsewhere in memory.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
from bit_problems import digest

import fastmse as fm
from fastmse.columns import Columns
from fastmse.kernels import compiled

PAGE = mmap.PAGESIZE
MPROTECT = ctypes.CDLL(None).mprotect

ROWS = [*range(1, 10), 63, 64, 65, 66, 130]
ROW_LENGTHS = [1, 2, 3, *range(4, 18), 50, 57, 100, 511, 513]
COLUMN_LENGTHS = [*range(1, 10), 127, 128, 129, 255, 256, 257]
NUMBERS_OF_COLUMNS = [1, 2, 3, 4, 5, 7, 8, 9, 17]
STREAMED = [2**20, 2**20 + 1, 2**20 + 5]


def pages(size: int) -> tuple[mmap.mmap, int]:
    """Memory for `size` bytes between two protected pages, and how much it has."""
    room = -(-size // PAGE) * PAGE
    memory = mmap.mmap(-1, room + 2 * PAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for page in (start, start + PAGE + room):
        assert MPROTECT(ctypes.c_void_p(page), ctypes.c_size_t(PAGE), ctypes.c_int(0)) == 0
    return memory, room


def fenced(values: np.ndarray, at_end: bool, strides: tuple[int, ...] | None = None) -> np.ndarray:
    """The values in memory whose last byte, or first, is the last or first that may be touched."""
    strides = strides or values.strides
    reach = [(length - 1) * stride for length, stride in zip(values.shape, strides, strict=True)]
    below = -sum(r for r in reach if r < 0)
    size = below + sum(r for r in reach if r > 0) + values.itemsize
    memory, room = pages(size)
    offset = PAGE + (room - size if at_end else 0) + below
    array = np.ndarray(values.shape, values.dtype, memory, offset, strides)
    array[...] = values
    return array


def weightings(rng: np.random.Generator, n: int) -> Iterator[np.ndarray | None]:
    """None, all positive, and some zero."""
    yield None
    for zeros in (False, True):
        w = rng.random(n)
        if zeros:
            w[1::3] = 0
        yield w


def evaluate(
    backend: str, X: Any, y: np.ndarray, theta: np.ndarray, w: np.ndarray | None
) -> list[str]:
    """At one theta with and without the gradient, and at all of them."""
    return [
        digest(fm.Linear().evaluate(X, y, at, sample_weight=w, grad=grad, backend=backend), grad)
        for at, grad in ((theta[0], True), (theta[0], False), (theta, True))
    ]


class Problem:
    """X by rows or by columns, with y, thetas and weights, and what they give in plain memory."""

    def __init__(self, backend: str, rng: np.random.Generator, X: np.ndarray) -> None:
        n, d = X.shape
        self.backend = backend
        self.X, self.y, self.theta = X, rng.normal(size=n), rng.normal(size=(3, d))
        self.weights = list(weightings(rng, n))
        self.expected = [evaluate(backend, X, self.y, self.theta, w) for w in self.weights]

    def check(self, X: Any, at_end: bool, name: str) -> None:
        """The same values, all of them between protected pages."""
        y, theta = fenced(self.y, at_end), fenced(self.theta, at_end)
        for w, expected in zip(self.weights, self.expected, strict=True):
            found = evaluate(self.backend, X, y, theta, None if w is None else fenced(w, at_end))
            assert found == expected, f"{name}: {self.X.shape} {at_end=} weights={w is not None}"


def rows(backend: str) -> None:
    """C order: side by side, apart, and reversed."""
    rng = np.random.default_rng(0)
    for d, n, dtype in product(ROW_LENGTHS, ROWS, ("f8", "f4", "f2", "i1")):
        given = Problem(backend, rng, rng.integers(-60, 60, (n, d)).astype(dtype))
        size = given.X.itemsize
        for pitch, at_end in product((d, d + 3, -d) if dtype == "f8" else (d,), (False, True)):
            X = fenced(given.X, at_end, (pitch * size, size))
            given.check(X, at_end, f"rows of {dtype}, {pitch=}")


def columns(backend: str) -> None:
    """Fortran order: side by side, apart, and reversed either way."""
    rng = np.random.default_rng(1)
    for d, n, dtype in product(NUMBERS_OF_COLUMNS, COLUMN_LENGTHS, ("f8", "i1")):
        given = Problem(
            backend, rng, np.asfortranarray(rng.integers(-60, 60, (n, d)).astype(dtype))
        )
        size = given.X.itemsize
        steps = ((1, n), (1, n + 3), (-1, -n)) if dtype == "f8" else ((1, n),)
        for (row, pitch), at_end in product(steps, (False, True)):
            X = fenced(given.X, at_end, (row * size, pitch * size))
            given.check(X, at_end, f"columns of {dtype}, {row=}, {pitch=}")


def tables(backend: str) -> None:
    """Each column between protected pages of its own."""
    rng = np.random.default_rng(2)
    for d, n in product(NUMBERS_OF_COLUMNS, COLUMN_LENGTHS):
        given = Problem(
            backend, rng, np.asfortranarray(rng.integers(-60, 60, (n, d)).astype(float))
        )
        kinds = [("f8", "f8", "f4", ">i2", "i1")[j % 5] for j in range(d)]
        values = [x.astype(kind) for x, kind in zip(given.X.T, kinds, strict=True)]
        for at_end in (False, True):
            arrays = [fenced(x, at_end) for x in values]
            given.check(Columns(arrays, [f"x{j}" for j in range(d)], n), at_end, "table")


def predictions(backend: str) -> None:
    """The gradient into memory of its own, over y_pred and over y_true."""
    rng = np.random.default_rng(3)
    for n, at_end, dtype in product(COLUMN_LENGTHS, (False, True), ("f8", "f4", "f2")):
        for w in weightings(rng, n):
            check_gradient(backend, rng, n, at_end, dtype, None if w is None else fenced(w, at_end))


def streamed(backend: str) -> None:
    """Large gradients, whose stores leave the cache out where `out` is aligned to 16 bytes: not
    where an odd number of them ends with the page.
    """
    rng = np.random.default_rng(4)
    for n, at_end in product(STREAMED, (False, True)):
        check_gradient(backend, rng, n, at_end, "f8", None)


def check_gradient(
    backend: str,
    rng: np.random.Generator,
    n: int,
    at_end: bool,
    dtype: str,
    w: np.ndarray | None,
) -> None:
    y, f = (fenced(rng.integers(-60, 60, n).astype(dtype), at_end) for _ in range(2))
    expected = fm.evaluate(y.copy(), f.copy(), sample_weight=w, backend=backend).grad
    for out in (fenced(np.zeros(n, dtype), at_end), f, y):
        before = y.copy(), f.copy()
        fm.evaluate(y, f, sample_weight=w, out=out, backend=backend)
        assert out.tobytes() == expected.tobytes(), f"gradient: {n=} {at_end=} {dtype=}"
        y[...], f[...] = before


def fits(backend: str) -> None:
    """Gram matrices, about a fit and not, and sums of residuals: rows, columns, a table."""
    assert backend == "auto"
    rng = np.random.default_rng(5)
    for d, n, dtype, order in product(NUMBERS_OF_COLUMNS, (*ROWS, 513), ("f8", "f4", "i1"), "CF"):
        X = rng.integers(-60, 60, (n, d)).astype(dtype, order=order)
        y, w, about = rng.normal(size=n), rng.random(n) + 0.5, rng.normal(size=(2, d + 1))
        for weight in (None, w):
            expected = sums(X, y, weight, about)
            for at_end in (False, True):
                held = fenced(X, at_end), fenced(y, at_end)
                tables = Columns([fenced(x, at_end) for x in X.T], [f"x{j}" for j in range(d)], n)
                at = None if weight is None else fenced(weight, at_end)
                for matrix in (held[0], tables):
                    found = sums(matrix, held[1], at, fenced(about, at_end))
                    assert found == expected, f"fits: {d=} {n=} {dtype=} {order=} {at_end=}"


def sums(X: Any, y: np.ndarray, w: np.ndarray | None, about: np.ndarray) -> bytes:
    """All that the kernels of fits add up."""
    d = X.shape[1]
    scale, shift = np.ones(d + 1), np.full(d + 1, 0.5)
    G, sse = np.zeros((4, 2, d + 2, d + 2)), np.zeros((2, 1))
    fits = ((False, ()), (True, ()), (False, about[:1]), (False, about))
    for (hi, lo), (double_double, subtracted) in zip(G, fits, strict=True):
        compiled.gram(hi, lo, X, y, w, scale, shift, 256, double_double, True, 1, tuple(subtracted))
    compiled.residual_sums(*sse, X, y, w, scale, about[:1], about[1:], 256, 1)
    return G.tobytes() + sse.tobytes()


WORKS: dict[str, Callable[[str], None]] = {
    work.__name__: work for work in (rows, columns, tables, predictions, streamed, fits)
}

if __name__ == "__main__":
    work, backend = sys.argv[1:]
    WORKS[work](backend)
    print("done")
