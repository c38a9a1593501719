"""What the first pass over the rows tells besides the fit: the rows' number, their spread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from fastmse.sources import SourceError
from fastmse.sources.errors import count
from fastmse.sources.rows import Block


class Watcher(Protocol):
    """Sees every block of the first pass."""

    def see(self, block: Block) -> None:
        """Look at a block."""

    def end(self) -> None:
        """Judge all of them; raise `SourceError` if they cannot be fitted."""


class FirstPass:
    """Rows that show themselves to watchers during their first complete reading."""

    def __init__(self, rows: Callable[[], Iterator[Block]], *watchers: Watcher) -> None:
        self._rows, self._watchers = rows, watchers

    def __call__(self) -> Iterator[Block]:
        """Read the rows."""
        watchers, self._watchers = self._watchers, ()
        for block in self._rows():
            for watcher in watchers:
                watcher.see(block)
            yield block
        for watcher in watchers:
            watcher.end()


class EnoughRows:
    """Refuses fewer rows than parameters."""

    def __init__(self, parameters: int, advice: str) -> None:
        self._needed, self._advice, self._n = parameters, advice, 0

    def see(self, block: Block) -> None:
        """Count the rows of weight > 0."""
        self._n += len(block.y) if block.w is None else int(np.count_nonzero(block.w))

    def end(self) -> None:
        """Compare."""
        if self._n < self._needed:
            raise SourceError(
                f"{count(self._n, 'row')} cannot determine {count(self._needed, 'parameter')}; "
                f"give more rows or {self._advice}"
            )


class Varied:
    """Refuses constant columns, which are the intercept under another name."""

    def __init__(self, features: Sequence[str]) -> None:
        self._features = features
        self._first: np.ndarray | None = None
        self._constant = np.arange(len(features))

    def see(self, block: Block) -> None:
        """Compare the columns that have not changed so far with their first value."""
        X = block.X if block.w is None else block.X[block.w > 0]
        if not len(X):
            return
        if self._first is None:
            self._first = X[0].copy()
        same = (X[:, self._constant] == self._first[self._constant]).all(axis=0)
        self._constant = self._constant[same]

    def end(self) -> None:
        """Name the first column that never changed."""
        if self._first is not None and len(self._constant):
            column = self._constant[0]
            raise SourceError(
                f"column {self._features[column]!r} is constant, always {self._first[column]:g}, "
                "like the intercept; leave it out of --features or use --no-intercept"
            )
