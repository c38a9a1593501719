"""What the names of a formula may be, and which of them are variables."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping, Sequence

from fastmse.formulas.errors import FormulaError
from fastmse.formulas.grammar import RESERVED
from fastmse.formulas.syntax import LONGEST_NAME


def check_parameters(parameters: Sequence[str]) -> tuple[str, ...]:
    """The parameters' names; at least one."""
    names = _checked("parameters", parameters)
    if not names:
        raise FormulaError("no parameters; name what is to be fitted: parameters=('b1', 'b2')")
    return names


def check_variables(variables: Sequence[str], parameters: tuple[str, ...]) -> tuple[str, ...]:
    """The variables' names; none of them a parameter."""
    names = _checked("variables", variables)
    both = [name for name in names if name in parameters]
    if both:
        raise FormulaError(f"{both[0]!r} is a parameter and a variable; want one of them")
    if not names:
        raise FormulaError("no variables; name the columns of X: variables=('x',)")
    return names


def found_variables(
    text: str,
    places: Mapping[str, int],
    parameters: tuple[str, ...],
    given: tuple[str, ...] | None,
) -> tuple[str, ...]:
    """The variables, given or all names that are no parameters; every parameter must be used."""
    unused = [name for name in parameters if name not in places]
    if unused:
        raise FormulaError(f"parameter {unused[0]!r} is not used", text)
    others = tuple(name for name in places if name not in parameters)
    if given is None and not others:
        raise FormulaError("no variable; name the column of X: variables=('x',)", text)
    unknown = [name for name in others if given is not None and name not in given]
    if unknown:
        known = ", ".join((*parameters, *(given or ())))
        reason = f"{unknown[0]!r} is no parameter and no variable; there are {known}"
        raise FormulaError(reason, text, places[unknown[0]])
    return others if given is None else given


def _checked(argument: str, given: Sequence[str]) -> tuple[str, ...]:
    is_sequence = isinstance(given, Iterable) and not isinstance(given, str)
    names = tuple(given) if is_sequence else ()
    if not is_sequence or not all(isinstance(name, str) for name in names):
        raise TypeError(f"{argument}: got {given!r}; want a sequence of str, like ('b1', 'b2')")
    for name in names:
        if reason := _wrong(name):
            raise FormulaError(f"{argument}: {name[:LONGEST_NAME]!r} {reason}")
    doubled = [name for k, name in enumerate(names) if name in names[:k]]
    if doubled:
        raise FormulaError(f"{argument}: {doubled[0]!r} is given twice")
    return tuple(str(name) for name in names)


def _wrong(name: str) -> str | None:
    """Why it can be no name; None where it can."""
    if keyword.iskeyword(name):
        return "is a keyword of Python; take another name"
    if name in RESERVED:
        return "has a meaning of its own in a formula; take another name"
    if len(name) > LONGEST_NAME:
        return f"... is too long; want {LONGEST_NAME} characters at most"
    if not (name.isascii() and name.isidentifier()) or name.startswith("__"):
        return "is no name; want ASCII letters, digits and _, no digit first, no __ first"
    return None
