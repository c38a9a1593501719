"""A formula on the command line, whose variables are the columns of a file."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import click

from fastmse import formulas
from fastmse.cli.options import note
from fastmse.formulas import FormulaError
from fastmse.formulas.names import check_variables
from fastmse.models.expression import Expression
from fastmse.sources.errors import listed, suggestion
from fastmse.sources.formats import open_reader

SHOWN = 16  # characters of the formula, from the place that is wrong


def expression(
    text: str, parameters: Collection[str], path: str, target: str, *, option: str = "--start"
) -> Expression:
    """The model of `text`, whose names are the parameters that `option` gave, or columns.

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
        others = [column for column in columns if column != target]
        for name in variables:
            if name not in others:
                reason = _why_no_variable(name, others, target, parameters)
                raise FormulaError(reason, text, places[name])
        _check_parameters(parameters, places, columns, target, option)
        if not variables:
            raise FormulaError(f"it uses no column; there are {listed(others)}")
        return Expression(text, tuple(parameters), variables)
    except FormulaError as error:
        raise click.ClickException(f"--model: {_explained(error, columns)}") from error


def _why_no_variable(
    name: str, others: Sequence[str], target: str, parameters: Collection[str]
) -> str:
    if name == target:
        return f"{name!r} is the target; use other columns"
    advice = suggestion(name, [*filter(is_usable, others), *parameters])
    if "did you mean" not in advice:
        usable = listed([*filter(is_usable, others)])
        odd = [column for column in others if column and not is_usable(column)]
        advice = f"columns are {usable or 'none'}" + (f"; {_no_names(odd)}" if odd else "")
    return f"{name!r} is neither a parameter ({', '.join(parameters)}) nor a column; {advice}"


def _check_parameters(
    parameters: Collection[str],
    places: Collection[str],
    columns: Collection[str],
    target: str,
    option: str,
) -> None:
    """Every parameter must be used; one that is called like a column is noted."""
    for name in parameters:
        if name not in places:
            raise click.ClickException(f"{option}: {name!r} is not in the model; leave it out")
        if name == target:
            raise click.ClickException(f"{option}: {name!r} is the target; rename the parameter")
        if name in columns:
            note(f"{name!r} is a parameter, as {option} says, and not the column of that name")


def _explained(error: FormulaError, columns: Sequence[str]) -> str:
    """What is wrong and where, counted from 1, in one line."""
    if error.text is None:
        return error.reason
    text, at = error.text, error.column
    odd = [name for name in columns if not is_usable(name) and _lies_at(name, text, at)]
    reason = f"{error.reason}; {_no_names(odd)}" if odd else error.reason
    rest = text[at : at + SHOWN] + "..." * (len(text) > at + SHOWN)
    where = f"at character {at + 1}: {rest!r}" if rest.strip() else "at its end"
    return f"{reason} ({where})"


def _lies_at(name: str, text: str, at: int) -> bool:
    """Whether the column `at` of the text lies in the name."""
    start = text.rfind(name, 0, at + len(name))
    return start <= at < start + len(name) and start >= 0


def is_usable(column: str) -> bool:
    """Whether a formula can name the column."""
    try:
        check_variables((column,), ())
    except FormulaError:
        return False
    return True


def _no_names(columns: Sequence[str]) -> str:
    return f"a formula cannot name {listed(columns)}: rename to ASCII letters, digits and _"
