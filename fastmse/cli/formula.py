"""A formula on the command line, whose variables are the columns of a file."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NoReturn

import click

from fastmse import formulas
from fastmse.cli.options import note
from fastmse.formulas import FormulaError
from fastmse.formulas.names import check_variables
from fastmse.models.expression import Expression
from fastmse.sources.errors import listed, suggestion
from fastmse.sources.formats import open_reader

SHOWN = 16  # characters of the formula, from the place that is wrong


def expression(text: str, parameters: Collection[str], path: str, target: str) -> Expression:
    """The model of `text`: its names that are no parameters are columns of the file.

    Raises
    ------
    click.ClickException
        If the text is no formula, or a name in it neither a parameter nor a column.
    SourceError
        If the file cannot be read.
    """
    columns = list(open_reader(path).columns)
    try:
        places = formulas.places(text)
        variables = [name for name in places if name not in parameters]
        for name in variables:
            if reason := _why_no_variable(name, columns, target, parameters):
                raise FormulaError(reason, text, places[name])
        _check_parameters(parameters, places, columns, target)
        if not variables:
            raise FormulaError(f"no column is in it; there are {listed(columns)}")
        return Expression(text, tuple(parameters), variables)
    except FormulaError as error:
        _refuse(error, columns)


def _why_no_variable(
    name: str, columns: Sequence[str], target: str, parameters: Collection[str]
) -> str | None:
    if name == target:
        return f"{name!r} is the target; a model is made of the other columns"
    if name in columns:
        return None
    usable = [column for column in columns if column != target and _is_usable(column)]
    odd = [column for column in columns if not _is_usable(column)]
    others = f"; {_no_names(odd)}" if odd else ""
    known = ", ".join(parameters)
    advice = suggestion(name, [*usable, *parameters])
    if advice.startswith("its"):
        advice = f"columns are {listed(usable) or 'none'}"
    return f"{name!r} is neither a parameter ({known}) nor a column; {advice}{others}"


def _check_parameters(
    parameters: Collection[str], places: Collection[str], columns: Collection[str], target: str
) -> None:
    """Every parameter must be used; one that is called like a column is noted."""
    for name in parameters:
        if name == target:
            raise click.ClickException(f"--start: {name!r} is the target; rename the parameter")
        if name not in places:
            raise click.ClickException(f"--start: {name!r} is not in the model; leave it out")
        if name in columns:
            note(f"{name!r} is a parameter, for --start names it, and not the column")


def _refuse(error: FormulaError, columns: Sequence[str]) -> NoReturn:
    """Say what is wrong and where, in one line."""
    text = error.text or ""
    odd = [name for name in columns if name and name in text and not _is_usable(name)]
    reason = f"{error.reason}; {_no_names(odd)}" if odd else error.reason
    raise click.ClickException(f"--model: {reason}{_place(error)}") from error


def _place(error: FormulaError) -> str:
    """The place, counted from 1, and what stands there."""
    if error.text is None:
        return ""
    rest = error.text[error.column :]
    if not rest.strip():
        return " (at its end)"
    shown = rest[:SHOWN] + "..." * (len(rest) > SHOWN)
    return f" (at character {error.column + 1}: {shown!r})"


def _is_usable(column: str) -> bool:
    """Whether a formula can name the column."""
    try:
        check_variables((column,), ())
    except FormulaError:
        return False
    return True


def _no_names(columns: Sequence[str]) -> str:
    return f"a formula cannot name the column {listed(columns)}: rename it to letters, digits and _"
