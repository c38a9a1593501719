"""CSV and TSV.

Cells arrive as text and become numbers here, block by block: a type inferred from the first block
would fail on a column of integers that turns into decimals later. This costs 1.3x the time of
Arrow's own conversion, and knows the row of a bad cell.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from fastmse.sources.arrow_numbers import from_text
from fastmse.sources.errors import SourceError, check_names, count, reading
from fastmse.sources.reader import EMPTY, Chunk, Column, TextCell

BLOCK_BYTES = 1 << 20  # Arrow's default; a line must fit into one block
DELIMITERS = ",\t;|"  # the earlier one if a header holds two equally often
MISSING = [*pa_csv.ConvertOptions().null_values, "None", "<NA>"]
CODECS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}


class DelimitedReader:
    """A text file whose first line names the columns."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._suffixes = [suffix.lower() for suffix in Path(path).suffixes]
        with self._errors():
            self._delimiter = self._sniff()
            _, header = next(self._records(), (1, []))
        self._names = [name.strip() for name in header]
        self._check_header()
        self.columns = self._judge_columns()

    def chunks(self, names: Sequence[str]) -> Iterator[Chunk]:
        """Read the columns; a cell that is not a number is an error with its row and line."""
        row = 0
        for batch, done in self._batches(names):
            yield Chunk([self._numbers(batch, name, row) for name in names], done)
            row += batch.num_rows

    def place(self, row: int) -> str:
        """Give row and line: blank lines and line breaks inside cells put them out of step."""
        try:
            line, _ = next(islice(self._records(), row + 1, None))  # the header is record 0
        except (StopIteration, csv.Error):
            return f"row {row + 1}"
        return f"row {row + 1} (line {line})"

    def _numbers(self, batch: pa.RecordBatch, name: str, first_row: int) -> NDArray[np.float64]:
        try:
            return from_text(batch.column(name))
        except TextCell as cell:
            raise SourceError(
                f"{self.path}: column {name!r} holds the text {cell.text!r} at "
                f"{self.place(first_row + cell.row)}; correct it or use other columns"
            ) from None

    def _judge_columns(self) -> dict[str, Column]:
        """Judge each column by the first block in which it has a cell that is not empty."""
        judged = {name: Column(False, EMPTY if name else "unnamed") for name in self._names}
        open_names, row = [name for name in judged if name], 0
        for batch, _ in self._batches(open_names):
            filled = [name for name in open_names if batch.column(name).null_count < len(batch)]
            judged |= {name: self._judge(batch.column(name), row) for name in filled}
            open_names = [name for name in open_names if name not in filled]
            row += batch.num_rows
            if not open_names:
                break
        return judged

    def _judge(self, cells: pa.Array, first_row: int) -> Column:
        try:
            from_text(cells)
        except TextCell as cell:
            where = self.place(first_row + cell.row)
            return Column(False, f"text, {cell.text!r} at {where}")
        return Column(numeric=True)

    def _batches(self, names: Sequence[str]) -> Iterator[tuple[pa.RecordBatch, float]]:
        """Yield batches of text cells, missing ones null, and the share of the file read."""
        with self._errors(), pa.OSFile(self.path) as file:
            size = max(file.size(), 1)
            reader = pa_csv.open_csv(
                self._decompressed(file),
                # With names given, the header is a row to skip, whatever line breaks it holds.
                pa_csv.ReadOptions(
                    block_size=BLOCK_BYTES, column_names=self._names, skip_rows_after_names=1
                ),
                pa_csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True),
                pa_csv.ConvertOptions(
                    include_columns=names,
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=MISSING,
                    strings_can_be_null=True,
                    check_utf8=False,
                ),
            )
            for batch in reader:
                yield batch, min(file.tell() / size, 1.0)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each record that is not a blank line, after the number of its last line."""
        with pa.OSFile(self.path) as file:
            stream = io.BufferedReader(self._decompressed(file))
            text = io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline="")
            records = csv.reader(text, delimiter=self._delimiter)
            for cells in records:
                if cells:
                    yield records.line_num, cells

    def _decompressed(self, file: pa.NativeFile) -> pa.NativeFile:
        codec = CODECS.get(self._suffixes[-1])
        return pa.CompressedInputStream(file, codec) if codec else file

    def _sniff(self) -> str:
        """Take a tab if the file's name says so, else what the first line holds most of."""
        if {".tsv", ".tab"} & set(self._suffixes):
            return "\t"
        self._delimiter = "\0"  # records are lines
        _, line = next(self._records(), (1, [""]))
        outside_quotes = "".join(line[0].split('"')[::2])
        return max(DELIMITERS, key=outside_quotes.count)

    def _check_header(self) -> None:
        names = self._names
        if not any(names):
            raise SourceError(f"{self.path}: the file is empty; line 1 must name the columns")
        if any("\ufffd" in name for name in names):
            raise SourceError(f"{self.path}: line 1 is not UTF-8; save the file as UTF-8 text")
        check_names(self.path, [name for name in names if name])

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Say which line has too few or too many cells; else that the file cannot be read."""
        with reading(self.path, "a table of text", (csv.Error, pa.ArrowException)):
            try:
                yield
            except pa.ArrowInvalid:
                for line, cells in self._records():
                    if len(cells) != len(self._names):
                        found, named = count(len(cells), "cell"), count(len(self._names), "column")
                        raise SourceError(
                            f"{self.path}: line {line} has {found} where line 1 names {named}; "
                            "correct the line"
                        ) from None
                raise
