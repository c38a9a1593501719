"""``.npy`` and ``.npz``.

The columns of a 2-D array in ``.npy`` are ``x0, x1, ...``; a structured array has names. In
``.npz`` a 1-D array is a column of its own name, and a 2-D array ``A`` gives ``A0, A1, ...``.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import IO

from fastmse.sources.errors import SourceError, check_names, reading
from fastmse.sources.reader import Chunk, row_number
from fastmse.sources.stored_array import StoredArray

BLOCK_ROWS = 1 << 14


class NumpyReader:
    """The arrays of a file; those that are used together must be equally long."""

    def __init__(self, path: str) -> None:
        self.path = path
        with self._errors():
            self._arrays = _find_arrays(path)
        check_names(path, [name for array in self._arrays for name in array.columns])
        self.columns = {k: column for array in self._arrays for k, column in array.columns.items()}
        self._check_numeric()

    def chunks(self, names: Sequence[str]) -> Iterator[Chunk]:
        """Read the columns of each array side by side."""
        wanted = set(names)
        used = [array for array in self._arrays if wanted & set(array.columns)]
        self._check_lengths(used)
        streams = [array.blocks(BLOCK_ROWS, wanted) for array in used]
        with self._errors():
            for number, parts in enumerate(zip(*streams, strict=True), start=1):
                columns = {name: values for part in parts for name, values in part.items()}
                done = min(number * BLOCK_ROWS / used[0].n, 1.0)
                yield Chunk([columns[name] for name in names], done)

    def place(self, row: int) -> str:
        """Rows count from 1."""
        return row_number(row)

    def _check_numeric(self) -> None:
        if not any(column.numeric for column in self.columns.values()):
            held = "; ".join(f"shape {array.shape} of {array.dtype}" for array in self._arrays)
            raise SourceError(
                f"{self.path}: got {held or 'no array'}; want real numbers of at most 64 bits in "
                "one dimension or two"
            )

    def _check_lengths(self, used: Sequence[StoredArray]) -> None:
        first = used[0]
        for array in used:
            if array.n != first.n:
                raise SourceError(
                    f"{self.path}: the arrays {first.name!r} and {array.name!r} have {first.n} and "
                    f"{array.n} rows; name features of one length"
                )

    def _errors(self) -> AbstractContextManager[None]:
        errors = (ValueError, zipfile.BadZipFile, zlib.error)
        return reading(self.path, "an array of NumPy", errors)


def _find_arrays(path: str) -> list[StoredArray]:
    if not zipfile.is_zipfile(path):
        return [StoredArray("x", partial(_open_file, path))]
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.endswith(".npy")]
    return [
        StoredArray(name.removesuffix(".npy"), partial(_open_member, path, name))
        for name in members
    ]


def _open_file(path: str) -> IO[bytes]:
    return Path(path).open("rb")


def _open_member(path: str, member: str) -> IO[bytes]:
    return zipfile.ZipFile(path).open(member)
