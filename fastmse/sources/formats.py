"""Which reader serves which file name."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from fastmse.sources.errors import SourceError
from fastmse.sources.reader import Reader

DELIMITED = "delimited.DelimitedReader"
PARQUET = "parquet.ParquetReader"
ARROW = "arrow_file.ArrowReader"
NUMPY = "numpy_file.NumpyReader"
READERS = {
    ".csv": DELIMITED,
    ".tsv": DELIMITED,
    ".tab": DELIMITED,
    ".txt": DELIMITED,
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".arrow": ARROW,
    ".feather": ARROW,
    ".ipc": ARROW,
    ".npy": NUMPY,
    ".npz": NUMPY,
}
COMPRESSIONS = {".gz", ".bz2", ".zst"}  # of text; the other formats compress by themselves


def open_reader(path: str | os.PathLike[str]) -> Reader:
    """Open a file by its extension; raise `SourceError` if it cannot be a source."""
    name = os.fspath(path)
    module, reader = _reader(name).split(".")
    _check_readable(name)
    try:
        package = import_module(f"fastmse.sources.{module}")
    except ModuleNotFoundError as error:
        raise SourceError(
            f'{name}: reading it needs {error.name}: pip install "fastmse[cli]"'
        ) from None
    opened: Reader = getattr(package, reader)(name)
    return opened


def _reader(name: str) -> str:
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    if len(suffixes) > 1 and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
        if READERS.get(suffixes[-1]) == DELIMITED:
            return DELIMITED
    if not suffixes or suffixes[-1] not in READERS:
        raise SourceError(f"{name}: unknown kind of file; known are {', '.join(READERS)}")
    return READERS[suffixes[-1]]


def _check_readable(name: str) -> None:
    try:
        with Path(name).open("rb") as file:
            is_empty = not file.read(1)
    except FileNotFoundError:
        raise SourceError(f"{name}: there is no such file; check the path") from None
    except IsADirectoryError:
        raise SourceError(f"{name}: this is a folder; name the files in it") from None
    except OSError as error:
        raise SourceError(f"{name}: cannot be opened ({error.strerror}); check it") from None
    if is_empty:
        raise SourceError(f"{name}: the file is empty; write it again")
