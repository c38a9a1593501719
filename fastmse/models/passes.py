"""Passes of a nonlinear model over its rows, which have been through the gate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fastmse import backends
from fastmse.columns import Rows
from fastmse.kernels.scalars import ModelScalar, Sums, n_outputs
from fastmse.models.sums import ThetaSums
from fastmse.statistics import MODEL_BLOCK, BlockCounter, Count, count_pieces, model_piece
from fastmse.weighting import Weighting, require_rows

THETAS_AT_ONCE = 64
"""Parameter vectors that share the decoding of a pass."""

SUMS_AT_ONCE = 2**15
"""Sums of theirs besides: a thread holds a node of 256 KB for each level of its tasks."""

DOUBLES_OF_OUTPUT = 4
"""Doubles that could be read in the time that one output of a model takes, at the least."""


class Totals(NamedTuple):
    """At K parameter vectors: Σ w r², Σ w r ∂f, and Σ w ∂f ∂fᵀ, with Σ w r ∂²f in it or without."""

    weighting: Weighting
    sse: np.ndarray
    gradient: np.ndarray
    "(K, p); (K, 0) if not asked for"
    normal: np.ndarray | None
    "(K, p, p)"


class Passes:
    """Sums of a model over its rows, at one θ after the other."""

    def __init__(
        self, rows: Rows, scalar: ModelScalar, *, backend: str, n_threads: int | None
    ) -> None:
        self.kernels = backends.select(backend)
        self.rows = rows
        self.scalar = scalar
        self.n_threads = n_threads
        self.n = len(rows[1])  # type: ignore[arg-type]

    def __call__(self, theta: np.ndarray, sums: Sums) -> Totals:
        """At theta (K, p); each element of X is read once for 64 of them."""
        most = min(THETAS_AT_ONCE, max(SUMS_AT_ONCE // max(sums.count(self.scalar.p), 1), 1))
        parts = [self._at(theta[k : k + most], sums) for k in range(0, len(theta), most)]
        return parts[0] if len(parts) == 1 else _joined(parts)

    def _at(self, theta: np.ndarray, sums: Sums) -> Totals:
        held = self.held(len(theta), sums)
        total = self._total(held, theta, sums)
        if self.scalar.again(sums.order, total):
            total = self._total(held, theta, sums)
        weighting = require_rows(held.weighting(total, self.n, self.rows[2]))
        gradient, packed = np.split(held.plain(total), [min(self.scalar.p, held.each)], axis=1)
        normal = unpacked(packed, self.scalar.p) if sums >= Sums.NORMAL else None
        return Totals(weighting, held.sse(total), gradient, normal)

    def _total(self, held: ThetaSums, theta: np.ndarray, sums: Sums) -> np.ndarray:
        """The node of all rows."""
        counter = held.counter()
        piece = model_piece(n_outputs(sums.order, self.scalar.p), len(theta))
        count_pieces(counter, self.counting(theta, sums), self.rows, 0, self.n, piece)
        self.scalar.check()
        return counter.total()

    def held(self, K: int, sums: Sums) -> ThetaSums:
        return ThetaSums(K, sums.count(self.scalar.p), self.rows[2] is not None)

    def counting(self, theta: np.ndarray, sums: Sums) -> Count:
        """The kernel, at theta (K, p)."""
        q, outputs = self.scalar.q, n_outputs(sums.order, self.scalar.p)
        width = q + 1 + len(theta) * outputs * DOUBLES_OF_OUTPUT
        threads = backends.n_threads_for(self.n * width, self.n_threads)

        def count(counter: BlockCounter, rows: Rows) -> None:
            for part in backends.readable(self.kernels, rows, MODEL_BLOCK):
                self.kernels.models(counter, MODEL_BLOCK, *part, theta, self.scalar, sums, threads)

        return count


def unpacked(packed: np.ndarray, p: int) -> np.ndarray:
    """Symmetric matrices (K, p, p) of lower triangles by rows."""
    full = np.empty((len(packed), p, p))
    below = np.tril_indices(p)
    full[:, below[0], below[1]] = packed
    full[:, below[1], below[0]] = packed
    return full


def _joined(parts: list[Totals]) -> Totals:
    weighting, *_ = parts[0]
    sse, gradient, normal = zip(*(part[1:] for part in parts), strict=True)
    joined = None if normal[0] is None else np.concatenate(normal)
    return Totals(weighting, np.concatenate(sse), np.concatenate(gradient), joined)
