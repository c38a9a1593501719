"""Which columns of which files are the target, the features and the weights."""

from __future__ import annotations

import os
from collections.abc import Sequence

from fastmse.sources.errors import SourceError, listed, suggestion
from fastmse.sources.formats import open_reader
from fastmse.sources.reader import EMPTY, Reader
from fastmse.sources.rows import Rows


def open_source(
    paths: Sequence[str | os.PathLike[str]],
    *,
    target: str,
    features: Sequence[str] | None = None,
    weights: str | None = None,
    drop_missing: bool = False,
) -> Rows:
    """Open files of equal columns as one table of rows.

    Parameters
    ----------
    paths : files, read in this order
    target : the column that is y
    features : the columns of X; None takes every numeric column that is not used otherwise
    weights : the column that is w
    drop_missing : leave out rows with a missing value in a used column instead of raising

    Raises
    ------
    SourceError
        If a file cannot be read, a named column is not there, not numeric or named twice, or the
        files disagree. Bad values are found while the rows are read.

    """
    readers = [open_reader(path) for path in paths]
    others = [target] if weights is None else [target, weights]
    _check_named(readers, others)
    skipped: dict[str, str] = {}
    if features is None:
        _check_same_names(readers)
        features = _numeric_names(readers, others)
        columns = readers[0].columns.items()
        skipped = {k: column.note for k, column in columns if k not in {*features, *others}}
    _check_named(readers, features)
    _check_distinct([*features, *others])
    return Rows(readers, features, target, weights, drop_missing=drop_missing, skipped=skipped)


def _check_named(readers: Sequence[Reader], names: Sequence[str]) -> None:
    """Every file has these columns, and none holds anything but numbers there."""
    first = readers[0]
    for reader in readers:
        for name in names:
            if name not in reader.columns:
                if name in first.columns:
                    raise _disagree(first, reader, name)
                raise SourceError(
                    f"{reader.path}: no column {name!r}; {suggestion(name, list(reader.columns))}"
                )
            column = reader.columns[name]
            if not column.numeric and column.note != EMPTY:
                numeric = [known for known, other in reader.columns.items() if other.numeric]
                raise SourceError(
                    f"{reader.path}: column {name!r} is not numeric but {column.note}; "
                    f"numeric are {listed(numeric) or 'none'}"
                )


def _check_same_names(readers: Sequence[Reader]) -> None:
    """Without a list of features no file may have columns of its own."""
    first = readers[0]
    for reader in readers[1:]:
        for name in first.columns.keys() ^ reader.columns.keys():
            has, lacks = (first, reader) if name in first.columns else (reader, first)
            raise _disagree(has, lacks, name)


def _disagree(has: Reader, lacks: Reader, name: str) -> SourceError:
    return SourceError(
        f"{has.path} and {lacks.path} disagree: only the first has column {name!r}; "
        "give files of equal columns, or name features that all of them have"
    )


def _numeric_names(readers: Sequence[Reader], others: Sequence[str]) -> list[str]:
    """Every column, in the first file's order, that is numeric in any file and text in none."""
    names = []
    for name in readers[0].columns:
        columns = [reader.columns[name] for reader in readers]
        if name not in others and any(column.numeric for column in columns):
            names.append(name)
    if not names:
        raise SourceError(f"{readers[0].path}: {_why_none(readers[0])}")
    return names


def _why_none(reader: Reader) -> str:
    """Say why no column can be a feature."""
    if all(column.note == EMPTY for column in reader.columns.values()):
        return "there are no rows below the column names; nothing to use"
    notes = [f"{k!r} is {v.note}" for k, v in reader.columns.items() if not v.numeric]
    found = f" ({'; '.join(notes[:3])})" if notes else ""
    return f"no numeric column is left to be a feature{found}; add one"


def _check_distinct(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise SourceError(
                f"column {name!r} is used twice among features, target and weights; use it once"
            )
