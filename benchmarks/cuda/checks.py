"""That the device's numbers are right: against the CPU's kernels, and the same on every run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import fastmse as fm
from benchmarks.cuda.works import ITEMSIZE, Work, make, ours

RUNS = 20
SIZES = (1, 127, 129, 4097, 32768, 1_000_003)
SHAPES = {
    "float64": (
        (100_003, 3),
        (50_001, 8),
        (20_001, 64),
        (3001, 512),
        (4097, 33),
        (700, 4096),
        (300, 5000),
    ),
    "float32": ((50_001, 8), (3001, 512)),
    "float16": ((20_001, 64),),
}


def against_cpu() -> Iterator[dict[str, Any]]:
    """One record each: whether the bits are the CPU's, and how far off they are in eps."""
    from numba import cuda

    rng = np.random.default_rng(2)
    for dtype in ITEMSIZE:
        for n in SIZES:
            y, f = (rng.standard_normal(n).astype(dtype) for _ in range(2))
            w = rng.integers(0, 3, n).astype(dtype)
            w[0] = 1
            for weights in (None, w):
                on_device = [None if a is None else cuda.to_device(a) for a in (y, f, weights)]
                got = fm.evaluate(*on_device[:2], sample_weight=on_device[2])
                want = fm.evaluate(y, f, sample_weight=weights)
                slope = got.grad.copy_to_host()
                yield record(
                    f"predictions {dtype} n={n} w={weights is not None}",
                    got.sse,
                    want.sse,
                    slope,
                    want.grad,
                )
        for n, d in SHAPES[dtype]:
            for order in "CF":
                yield linear(rng, n, d, dtype, order)


def linear(rng: Any, n: int, d: int, dtype: str, order: str) -> dict[str, Any]:
    from numba import cuda

    X = np.asarray(rng.standard_normal((n, d)), dtype=dtype, order=order)
    y, theta = rng.standard_normal(n).astype(dtype), rng.standard_normal(d + 1)
    model = fm.Linear(intercept=True)
    got = model.evaluate(cuda.to_device(X), cuda.to_device(y), theta)
    want = model.evaluate(X, y, theta)
    return record(f"linear {dtype} {n}x{d} {order}", got.sse, want.sse, got.grad, want.grad)


def record(what: str, sse: float, want: float, grad: Any, want_grad: Any) -> dict[str, Any]:
    eps = np.finfo(np.float64).eps
    scale = np.abs(want_grad).max()
    difference = np.abs(grad.astype(np.float64) - want_grad.astype(np.float64)).max()
    return {
        "what": what,
        "bits": bool(sse == want and np.array_equal(grad, want_grad, equal_nan=True)),
        "sse_eps": float(abs(sse - want) / abs(want) / eps) if want else float(sse != want),
        "grad_eps": float(difference / scale / eps) if scale else float(difference),
    }


def repeated(work: Work, random: Callable[..., Any]) -> bool:
    """Whether 20 runs give the same bits."""
    call = ours(work, make(work, random))
    first = np.asarray(call())
    return all(np.array_equal(first, np.asarray(call())) for _ in range(RUNS - 1))
