"""Options that subcommands share, and what is checked of them before any work."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import click

from fastmse import threads as threads_setting
from fastmse.kernels import compiled
from fastmse.sources import Rows

LONGEST_NAME = 200  # of 255 that file systems allow: a temporary file's name is longer

data = click.argument("data", metavar="DATA...", nargs=-1, required=True)
target = click.option("--target", metavar="Y", required=True, help="Column to explain.")
weights = click.option("--weights", metavar="W", help="Column of weights: how often a row counts.")
model = click.option(
    "--model",
    metavar="FORMULA",
    help='Formula of columns and parameters, such as "b1*(1 - exp(-b2*x))".',
)
drop_missing = click.option(
    "--drop-missing", is_flag=True, help="Leave out rows with missing values."
)
json = click.option("--json", metavar="FILE", help="Write the result as JSON, too.")


def check_machine(n_threads: int | None = None) -> None:
    """Refuse settings under which nothing could be computed."""
    try:
        threads_setting.resolve(n_threads)
        compiled.module()
    except (ValueError, ImportError) as error:
        raise click.ClickException(str(error)) from error


threads = click.option(
    "--threads",
    metavar="N",
    type=click.IntRange(min=1),
    help="Threads.  [default: the CPUs available]",
)


def split_names(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> list[str] | None:
    """Split ``A,B,"C, with comma"`` into names; a click callback."""
    if text is None:
        return None
    names = [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]
    if not names or not all(names):
        raise click.BadParameter(f"{text!r} holds an empty name; write A,B,C")
    return names


def check_output(path: str | None, option: str, data: Sequence[str]) -> None:
    """Refuse a file that could not be written, or would replace the data, before any work."""
    if path is None:
        return
    file, folder = Path(path), Path(path).parent
    if len(file.name) > LONGEST_NAME:
        raise click.UsageError(f"{option}: the file's name is too long; shorten it")
    if not folder.is_dir():
        raise click.UsageError(f"{option}: there is no folder {str(folder)!r}; make it first")
    if file.is_dir():
        raise click.UsageError(f"{option}: {path!r} is a folder; name a file in it")
    if not os.access(folder, os.W_OK):
        raise click.UsageError(f"{option}: the folder {str(folder)!r} is read-only; name another")
    if any(file.resolve() == Path(name).resolve() for name in data):
        raise click.UsageError(f"{option}: {path!r} is the data itself; name another file")


def note(text: str) -> None:
    """Tell the user on stderr what was done with the data."""
    click.echo(f"fastmse: note: {' '.join(text.split())}", err=True)


def note_skipped(rows: Rows) -> None:
    """Name the columns that are no features because they are not numeric."""
    if rows.skipped:
        names = ", ".join(f"{name!r} ({what})" for name, what in rows.skipped.items())
        note(f"columns that are not numeric are left out: {names}")


def note_dropped(rows: Rows) -> None:
    """Say how many rows --drop-missing left out."""
    if rows.dropped:
        what = "row was" if rows.dropped == 1 else "rows were"
        note(f"{rows.dropped:,} {what} left out for missing values")
