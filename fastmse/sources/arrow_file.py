"""Arrow files, Feather (version 2) and Arrow streams, by memory map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

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
        with self._errors(), pa.memory_map(path) as file:
            is_file = file.read(len(MAGIC)) == MAGIC
            self._open = pa.ipc.open_file if is_file else pa.ipc.open_stream
            file.seek(0)
            self._schema = self._open(file).schema
        check_names(path, self._schema.names)
        self.columns = {field.name: describe(field.type) for field in self._schema}

    def chunks(self, names: Sequence[str]) -> Iterator[Chunk]:
        """Read the columns, batch by batch, a long batch in slices."""
        for batch, before, share in self._batches(names):
            for start in range(0, batch.num_rows, SLICE):
                piece = batch.slice(start, SLICE)
                done = before + share * (start + piece.num_rows) / batch.num_rows
                yield Chunk([from_numbers(piece.column(name)) for name in names], done)

    def place(self, row: int) -> str:
        """Rows count from 1."""
        return row_number(row)

    def _batches(self, names: Sequence[str]) -> Iterator[tuple[pa.RecordBatch, float, float]]:
        """Each batch, the share of the file before it, and its own share."""
        wanted = [self._schema.get_field_index(name) for name in names]
        options = pa.ipc.IpcReadOptions(included_fields=wanted)
        with self._errors(), pa.memory_map(self.path) as file:
            reader = self._open(file, options=options)
            if self._open is pa.ipc.open_file:
                share = 1 / max(reader.num_record_batches, 1)
                for index in range(reader.num_record_batches):
                    yield reader.get_batch(index), index * share, share
            else:
                for batch in reader:
                    yield batch, file.tell() / file.size(), 0.0

    def _errors(self) -> AbstractContextManager[None]:
        return reading(self.path, "Arrow or Feather", (pa.ArrowException,))
