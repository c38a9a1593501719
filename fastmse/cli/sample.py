"""A random sample of the rows, of bounded size, in one pass."""

from __future__ import annotations

import numpy as np

from fastmse.sources.rows import Block

SIZE = 4000  # points: more would only make a plot darker
SEED = 0  # the same file gives the same picture


class Sample:
    """Keeps the rows with the smallest keys Exp(1)/w: sampling by weight, without replacement.

    Efraimidis and Spirakis, Weighted random sampling with a reservoir (2006).
    """

    def __init__(self, n_features: int, size: int = SIZE) -> None:
        self._random = np.random.default_rng(SEED)
        self._size = size
        self._keys = np.empty(0)
        self.X, self.y = np.empty((0, n_features)), np.empty(0)

    def see(self, block: Block) -> None:
        """Merge the block's rows into the sample."""
        keys = self._random.exponential(size=len(block.y))
        if block.w is not None:
            with np.errstate(divide="ignore"):
                keys /= block.w
        bound = self._keys.max() if len(self._keys) == self._size else np.inf
        new = np.flatnonzero(keys < bound)
        keys = np.concatenate([self._keys, keys[new]])
        kept = np.argsort(keys, kind="stable")[: self._size]
        self._keys = keys[kept]
        self.X = np.concatenate([self.X, block.X[new]])[kept]
        self.y = np.concatenate([self.y, block.y[new]])[kept]

    def end(self) -> None:
        """Accept any rows."""
