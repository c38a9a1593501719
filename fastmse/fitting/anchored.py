"""The normal statistic about a provisional fit, see anchor.py: merged, copied and stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastmse.fitting import stored
from fastmse.fitting.accumulate import add_gram
from fastmse.fitting.anchor import Anchor
from fastmse.fitting.double_double import DoubleDouble
from fastmse.fitting.frame import Frame
from fastmse.fitting.gram import NormalStatistic, Total
from fastmse.fitting.rows import Part


class AnchoredStatistic(NormalStatistic):
    """`NormalStatistic` that keeps the digits of SSE in "double" too."""

    def __init__(
        self, n_features: int, *, names: Sequence[str] | None = None, **options: Any
    ) -> None:
        super().__init__(n_features, names=names, **options)
        self._named = names is not None
        self._anchor: Anchor | None = None

    @property
    def n_features(self) -> int:
        """d, the columns of X."""
        return len(self.names)

    def _whole_blocks(self, frame: Frame) -> Total:
        about = None if self._anchor is None else self._anchor.coefficients.hi
        return Total(frame, self._gram_of_y(), about)

    def _take(self, rows: Part) -> None:
        if self._frame is None and self.precision == "double":
            self._frame, self._anchor = self._begin()
        super()._take(rows)

    def _begin(self) -> tuple[Frame, Anchor]:
        """From the first block, which is in the memory of the buffer."""
        block, rows = self._rows.pending, self._rows.pending_part()
        frame = Frame.of(block[:-1], shift=self.intercept)
        gram = DoubleDouble.zeros(*self._gram.hi.shape)
        add_gram(gram, frame, rows, self._rows, precision="double", n_threads=self.n_threads)
        return frame, Anchor.of(frame, gram.hi, block, intercept=self.intercept)

    def _add(self, frame: Frame, rows: Part) -> None:
        if self._anchor is None:
            super()._add(frame, rows)
            return
        add_gram(
            self._gram,
            self._anchor.frame_of_residuals(),
            rows,
            self._rows,
            precision="double",
            n_threads=self.n_threads,
            about=self._anchor.about(),
        )

    def _gram_of_y(self) -> DoubleDouble:
        with np.errstate(over="ignore", invalid="ignore"):
            return self._gram if self._anchor is None else self._anchor.of_y(self._gram)

    def add(self, other: AnchoredStatistic) -> None:
        """Count in the rows of another one."""
        pending = other._rows.pending.copy()
        if other._frame is not None:
            self._counted = self._counted + other._counted
            self._gram = self._plus_gram(other, other._frame)
        self.push(pending[:-2].T, pending[-2], pending[-1])

    @np.errstate(over="ignore", invalid="ignore")
    def _plus_gram(self, other: AnchoredStatistic, frame: Frame) -> DoubleDouble:
        """G with that of another one's complete blocks."""
        if self._frame is None:
            self._frame, self._anchor = frame, other._anchor
            return other._gram.copy()
        gram = frame.move(other._gram_of_y(), self._frame)
        return self._gram + (self._anchor.of_residuals(gram) if self._anchor else gram)

    def checkpoint(self, n_rows: int) -> Callable[[], None]:
        """What takes everything back to now, as long as no more than `n_rows` are pushed."""
        rows = self._rows
        filled, seen, names, begun = rows.filled, rows.seen, rows.names, rows.begun
        ends_a_block = filled + n_rows >= rows.block
        before = dict((self._copy() if ends_a_block else self).__dict__)
        pending = rows.pending.copy() if ends_a_block else None

        def restore() -> None:
            self.__dict__.update(before)
            rows.filled, rows.seen, rows.names, rows.begun = filled, seen, names, begun
            if pending is not None:
                rows.pending[:] = pending

        return restore

    def __getstate__(self) -> stored.State:
        header = {
            "n_features": self.n_features,
            "intercept": self.intercept,
            "weight_type": self.weight_type,
            "precision": self.precision,
            "names": list(self.names) if self._named else None,
            "target": self.target,
            "n_threads": self.n_threads,
        }
        arrays = {
            "gram": np.stack((self._gram.hi, self._gram.lo)),
            "counted": self._counted.copy(),
            "pending": self._rows.pending.copy(),
        }
        if self._frame is not None:
            arrays["frame"] = np.stack((self._frame.origin, self._frame.exponents))
        if self._anchor is not None:
            rest = self._anchor.exponent, self._anchor.noisy
            arrays["anchor"] = np.append(self._anchor.coefficients.hi, rest)
        return header, arrays

    def __setstate__(self, state: stored.State) -> None:
        header, arrays = state
        self.__init__(**header)  # type: ignore[misc]
        stored.check(arrays, self.n_features, self._rows.block)
        self._gram = DoubleDouble(*arrays["gram"].copy())
        self._counted = arrays["counted"].copy()
        pending = arrays["pending"]
        self._rows.filled = pending.shape[1]
        self._rows.pending[:] = pending
        if "frame" in arrays:
            origin, exponents = arrays["frame"].copy()
            self._frame = Frame(origin, exponents.astype(np.int64))
            if "anchor" in arrays:
                *coefficients, exponent, noisy = arrays["anchor"]
                b = DoubleDouble.of(coefficients)
                self._anchor = Anchor(self._frame, b, int(exponent), bool(noisy))
