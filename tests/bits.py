"""One result: 200 random problems, bit-equal however they are computed.

    python tests/bits.py

`sse`, `mse`, `sigma2` and `grad` over threads {1, 2} x backends {cython, numba} x the
instruction sets this CPU runs (Numba: native and x86-64-v2) x ten random streamings, over all
dtypes and layouts. One process per backend and instruction set; each prints a digest a
problem, and compares threads and streamings within itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
from storage import DTYPES, MATRIX_LAYOUTS, VECTOR_LAYOUTS, lay_matrix, lay_vector, small_integers

import fastmse as fm
from fastmse.kernels import compiled
from fastmse.models.linear import LinearStream
from fastmse.models.predictions import PredictionStream
from fastmse.results import Evaluation
from fastmse.statistics import by_columns

PROBLEMS = 200
STREAMINGS = 10
FEATURES = [1, 3, 8, 16, 17, 31, 50, 129, 700]


def digest(e: Evaluation, grad: bool = True) -> str:
    parts = [e.sse, e.mse, e.sigma2, *([e.grad] if grad else [])]
    return sha256(b"".join(np.asarray(part).tobytes() for part in parts)).hexdigest()[:16]


def cuts(rng: np.random.Generator, n: int) -> list[slice]:
    """Consecutive chunks, most of them short."""
    inside = np.unique(rng.integers(0, n + 1, rng.integers(1, 8)))
    ones = np.arange(3) + rng.integers(0, max(n - 3, 1))
    edges = np.unique(np.concatenate([[0, n], inside, ones[ones < n]]))
    return [slice(int(a), int(b)) for a, b in pairwise(edges)]


def random_weights(rng: np.random.Generator, n: int) -> np.ndarray | None:
    kind = rng.integers(3)
    if kind == 0:
        return None
    w = rng.random(n) if kind == 1 else rng.integers(0, 3, n).astype(float)
    w[0] = 1
    return w


def part(w: np.ndarray | None, rows: slice) -> np.ndarray | None:
    return None if w is None else w[rows]


Computed = tuple[int, Callable[[int], str], Callable[[list[slice]], str], str]
"""n, the digest by threads, the digest by chunks, and what the latter must be."""


def prediction_problem(seed: int, backend: str) -> Computed:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 60_000))
    dtype, layout = DTYPES[seed % len(DTYPES)], VECTOR_LAYOUTS[seed // 2 % len(VECTOR_LAYOUTS)]
    y = rng.normal(size=n)
    f = lay_vector(small_integers(rng, (n,), dtype), dtype, layout)
    w = random_weights(rng, n)

    def at_once(n_threads: int) -> str:
        return digest(fm.evaluate(y, f, sample_weight=w, backend=backend, n_threads=n_threads))

    def streamed(chunks: list[slice]) -> str:
        stream = PredictionStream(backend=backend, n_threads=2)
        for rows in chunks:
            stream.update(y[rows], f[rows], part(w, rows))
        return digest(stream.finalize(), grad=False)

    whole = fm.evaluate(y, f, sample_weight=w, grad=False, backend=backend)
    return n, at_once, streamed, digest(whole, grad=False)


def linear_problem(seed: int, backend: str) -> Computed:
    rng = np.random.default_rng(seed)
    d = FEATURES[seed % len(FEATURES)]
    n = int(rng.integers(1, max(90_000 // d, 300)))
    dtype, layout = DTYPES[seed % len(DTYPES)], MATRIX_LAYOUTS[seed % len(MATRIX_LAYOUTS)]
    X = lay_matrix(small_integers(rng, (n, d), dtype), dtype, layout)
    intercept, many = bool(rng.integers(2)), rng.integers(4) == 0
    theta = rng.normal(size=(3, d + intercept) if many else d + intercept)
    y, w = rng.normal(size=n), random_weights(rng, n)

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

    return n, at_once, streamed, at_once(1)


def digests(backend: str) -> Iterator[str]:
    """A digest of each problem; raises if threads or streamings disagree."""
    for seed in range(PROBLEMS):
        make = linear_problem if seed % 4 else prediction_problem
        n, at_once, streamed, whole = make(seed, backend)
        first = at_once(1)
        if at_once(2) != first:
            raise SystemExit(f"{backend}, problem {seed}: 2 threads differ from 1")
        rng = np.random.default_rng(seed)
        for _ in range(STREAMINGS):
            if streamed(cuts(rng, n)) != whole:
                raise SystemExit(f"{backend}, problem {seed}: a streaming differs")
        yield first


def configurations() -> list[tuple[str, dict[str, str]]]:
    cython = [("cython", {"FASTMSE_ISA": isa}) for isa in compiled.supported()]
    return [
        *cython,
        ("numba", {}),
        ("numba", {"NUMBA_CPU_NAME": "x86-64-v2", "NUMBA_CPU_FEATURES": ""}),
    ]


def run(backend: str, environment: dict[str, str]) -> list[str]:
    output = subprocess.run(
        [sys.executable, __file__, backend],
        env={**os.environ, **environment, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    if output.returncode:
        raise AssertionError(f"{backend} {environment}: {output.stderr.strip() or output.stdout}")
    result: list[str] = json.loads(output.stdout)
    return result


def main() -> None:
    everything = {str(c): run(*c) for c in configurations()}
    (_, expected), *others = everything.items()
    for name, found in others:
        unequal = [i for i, (a, b) in enumerate(zip(expected, found, strict=True)) if a != b]
        if unequal:
            raise SystemExit(f"{name}: problems {unequal} differ")
    print(f"{PROBLEMS} problems, {STREAMINGS} streamings each, threads 1 and 2: equal bits in")
    print("\n".join(everything))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(list(digests(sys.argv[1]))))
    else:
        main()
