"""What a file format gives: named columns, and their values as float64 in chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

EMPTY = "empty"  # the note of a column without a single value: numbers may follow in other files


class Column(NamedTuple):
    """What is known of a column before its values are read."""

    numeric: bool
    note: str = ""  # what it holds instead of numbers: "text", "date32[day]", ...


class Chunk(NamedTuple):
    """Consecutive rows of a file, as long as the format likes."""

    columns: list[NDArray[np.float64]]  # (n,) each, in the order asked for; NaN is missing
    done: float  # the share of the file read so far, 0 to 1


class TextCell(ValueError):
    """A cell of a numeric column that is not a number, at (row from 0 in the chunk, its text)."""

    def __init__(self, row: int, text: str) -> None:
        super().__init__(row, text)
        self.row, self.text = row, text


class Reader(Protocol):
    """One file. Its memory does not depend on the file's length."""

    path: str
    columns: Mapping[str, Column]

    def chunks(self, names: Sequence[str]) -> Iterator[Chunk]:
        """Read from the first row on; raise `SourceError` where the file cannot be read."""

    def place(self, row: int) -> str:
        """Where data row `row` (from 0) is, for a person: ``row 17 (line 18)``."""


def row_number(row: int) -> str:
    """Name a row in a format without lines: rows count from 1."""
    return f"row {row + 1}"
