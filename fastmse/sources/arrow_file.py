"""Arrow files, Feather (version 2) and Arrow streams, by memory map."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa

from fastmse.sources.arrow_numbers import describe, from_numbers
from fastmse.sources.errors import check_names, reading
from fastmse.sources.reader import Chunk, row_number

MAGIC = b"ARROW1"  # of the file format; a stream has none
SLICE = 1 << 16  # rows; a writer may put a whole table into one record batch


class ArrowReader:
    """A file of record batches. Only the pages of the columns asked for are touched."""

    def __init__(self, path: str) -> None:
        self.path = path
        with self._errors():
            mapped = _map(path)
            self._is_file = mapped[: len(MAGIC)] == MAGIC
            self._schema = self._open(mapped).schema
        check_names(path, self._schema.names)
        self.columns = {field.name: describe(field.type) for field in self._schema}

    def chunks(self, names: Sequence[str]) -> Iterator[Chunk]:
        """Read the columns, batch by batch, a long batch in slices."""
        with self._errors():
            mapped = _map(self.path)
            for batch, before, share in self._batches(mapped):
                for start in range(0, batch.num_rows, SLICE):
                    piece = batch.slice(start, SLICE)
                    done = before + share * (start + piece.num_rows) / batch.num_rows
                    yield Chunk([from_numbers(piece.column(name)) for name in names], done)
                    _forget(mapped)

    def place(self, row: int) -> str:
        """Rows count from 1."""
        return row_number(row)

    def _batches(self, mapped: mmap.mmap) -> Iterator[tuple[pa.RecordBatch, float, float]]:
        """Yield each batch, the share of the file before it, and its own share."""
        # Without included_fields: with it Arrow copies a batch, 150 MB of one 160 MB file.
        reader = self._open(mapped)
        if self._is_file:
            share = 1 / max(reader.num_record_batches, 1)
            for index in range(reader.num_record_batches):
                yield reader.get_batch(index), index * share, share
        else:
            for batch in reader:
                yield batch, 0.0, 0.0  # how many will follow is not known

    def _open(self, mapped: mmap.mmap) -> pa.RecordBatchReader | pa.RecordBatchFileReader:
        opened = pa.ipc.open_file if self._is_file else pa.ipc.open_stream
        return opened(pa.BufferReader(pa.py_buffer(mapped)))

    def _errors(self) -> AbstractContextManager[None]:
        return reading(self.path, "Arrow or Feather", (pa.ArrowException,))


def _map(path: str) -> mmap.mmap:
    with Path(path).open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _forget(mapped: mmap.mmap) -> None:
    """Let go of the pages read so far: they would count as our memory, up to the whole file."""
    if hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
