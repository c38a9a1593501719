"""What is measured on a GPU: arrays made there, and fastmse's call on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import fastmse as fm

ITEMSIZE = {"float64": 8, "float32": 4, "float16": 2}


@dataclass(frozen=True)
class Work:
    """One table row: a kind of work, a dtype, and sizes; d is 0 for predictions."""

    kind: str
    "value", "gradient" or "linear"
    dtype: str
    n: int
    d: int = 0

    @property
    def key(self) -> str:
        size = f"{self.n:.0e}".replace("e+0", "e").replace("e+", "e")
        if self.kind == "linear":
            return f"linear {self.dtype} d={self.d}"
        return f"{self.kind} {self.dtype} n={size}"

    @property
    def read_bytes(self) -> int:
        """What the roof reads: each input once."""
        return ITEMSIZE[self.dtype] * self.n * (self.d + 1 if self.kind == "linear" else 2)

    @property
    def moved_bytes(self) -> int:
        """The same and what is written."""
        return self.read_bytes + ITEMSIZE[self.dtype] * self.n * (self.kind == "gradient")


PREDICTIONS = (10**8, 10**9)
FEATURES = (8, 64, 512, 4096)
ELEMENTS = 5 * 10**8
"""Of X: 4 GB in float64, far more than a cache of 60 MB."""


def works(quick: bool) -> list[Work]:
    if quick:
        linear = [Work("linear", "float64", 2**20 // d, d) for d in (8, 512)]
        return [Work(kind, "float64", 10**6) for kind in ("value", "gradient")] + linear
    kinds = ("value", "gradient")
    found = [Work(k, t, n) for k in kinds for t in ("float64", "float32") for n in PREDICTIONS]
    found.append(Work("value", "float16", 10**9))
    found += [Work("linear", t, ELEMENTS // d, d) for t in ("float64", "float32") for d in FEATURES]
    return [*found, Work("linear", "float16", ELEMENTS // 512, 512)]


@dataclass
class Arrays:
    """y, predictions or X, an array for the gradient, and theta on the host."""

    y: Any
    x: Any
    out: Any
    theta: np.ndarray


def make(work: Work, random: Callable[[tuple[int, ...], str], Any]) -> Arrays:
    shape = (work.n, work.d) if work.d else (work.n,)
    y, x = random((work.n,), work.dtype), random(shape, work.dtype)
    out = random(shape, work.dtype) if work.kind == "gradient" else None
    return Arrays(y, x, out, np.linspace(-1.0, 1.0, max(work.d, 1)))


def ours(work: Work, arrays: Arrays) -> Callable[[], Any]:
    y, x = arrays.y, arrays.x
    if work.kind == "value":
        return lambda: fm.mse(y, x)
    if work.kind == "gradient":
        return lambda: fm.evaluate(y, x, out=arrays.out).mse
    model = fm.Linear()
    return lambda: model.evaluate(x, y, arrays.theta).grad
