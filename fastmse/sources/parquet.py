"""Parquet, page by page: a row group of any size needs the memory of a few pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

import pyarrow as pa
import pyarrow.parquet as pq

from fastmse.sources.arrow_numbers import describe, from_numbers
from fastmse.sources.errors import check_names, reading
from fastmse.sources.reader import Chunk, row_number

BATCH = 1 << 16  # rows: Arrow's default
BUFFER = 1 << 20  # bytes a column; without it a column's whole row group is read at once


class ParquetReader:
    """A Parquet file; a column of lists or structs is not numeric."""

    def __init__(self, path: str) -> None:
        self.path = path
        with self._errors(), self._open() as file:
            schema = file.schema_arrow
            self._rows = file.metadata.num_rows
        check_names(path, schema.names)
        self.columns = {field.name: describe(field.type) for field in schema}

    def chunks(self, names: Sequence[str]) -> Iterator[Chunk]:
        """Read the columns; their pages are decoded as they are needed."""
        row = 0
        with self._errors(), self._open() as file:
            for batch in file.iter_batches(BATCH, columns=list(names)):
                row += batch.num_rows
                yield Chunk([from_numbers(batch.column(name)) for name in names], row / self._rows)

    def place(self, row: int) -> str:
        """Rows count from 1."""
        return row_number(row)

    def _open(self) -> pq.ParquetFile:
        return pq.ParquetFile(self.path, buffer_size=BUFFER, pre_buffer=False)

    def _errors(self) -> AbstractContextManager[None]:
        return reading(self.path, "Parquet", (pa.ArrowException,))
