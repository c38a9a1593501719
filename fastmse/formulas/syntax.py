"""The syntax tree of a text, by Python's parser, once the text is known to be harmless."""

from __future__ import annotations

import ast
import keyword
import re
from typing import NoReturn

from fastmse.formulas.errors import FormulaError

MAX_LENGTH = 4000  # characters
MAX_DEPTH = 60  # parentheses, and operations, inside each other; Python's parser takes 200
LONGEST_NAME = 100  # characters

FORBIDDEN = "#'\"`$?\\;"
WORDS = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
NUMBERS = re.compile(r"(?<![\w.])\.?\d[\w.]*")
DECIMAL = re.compile(r"[\d_]*+\.?[\d_]*+([eE][\d_]*+)?")  # as far as the sign of its exponent
OPERATORS = frozenset(["and", "or", "not"])


def margin(text: str) -> int:
    """The column where the syntax tree starts."""
    return len(text) - len(text.lstrip())


def parsed(text: str) -> ast.expr:
    """The syntax tree of the text without its margins; line breaks are spaces.

    Raises
    ------
    FormulaError
        For characters, words and numbers that no formula holds, and what Python cannot parse.
    """
    _check_characters(text)
    _check_words(text)
    line = "".join(" " if c.isspace() else c for c in text).strip()
    if not line:
        _refuse("empty; write the model, such as b1*exp(-b2*x)", text, 0)
    try:
        return ast.parse(line, mode="eval").body
    except SyntaxError as error:  # without an offset: at the end
        column = min(error.offset - 1, len(line)) if error.offset else len(line)
        _refuse(_explained(error.msg, line[column:]), text, margin(text) + column)
    except (MemoryError, RecursionError, ValueError):
        _refuse("nested too deep", text, 0)


def _refuse(reason: str, text: str, column: int) -> NoReturn:
    raise FormulaError(reason, text, column) from None


def _check_characters(text: str) -> None:
    if len(text) > MAX_LENGTH:
        _refuse(f"{len(text)} characters; want {MAX_LENGTH} at most", text, MAX_LENGTH)
    depth = 0
    for column, c in enumerate(text):
        if not (c.isascii() and (c.isprintable() or c in "\t\n\r")) or c in FORBIDDEN:
            _refuse(f"the character {c!r} is not allowed", text, column)
        depth += (c in "([{") - (c in ")]}")
        if depth > MAX_DEPTH:
            _refuse(f"nested too deep; want {MAX_DEPTH} parentheses at most", text, column)


def _check_words(text: str) -> None:
    for found in WORDS.finditer(text):
        word, column = found[0], found.start()
        if len(word) > LONGEST_NAME:
            _refuse(f"names have {LONGEST_NAME} characters at most", text, column)
        if keyword.iskeyword(word) and word not in OPERATORS:
            instead = "write where(condition, a, b)" if word in ("if", "else") else "rename it"
            _refuse(f"{word} is a keyword of Python; {instead}", text, column)
    for found in NUMBERS.finditer(text):
        if not DECIMAL.fullmatch(found[0]):
            number = found[0][:LONGEST_NAME]
            _refuse(f"{number} is no decimal number; every product needs a *", text, found.start())


def _explained(message: str, rest: str) -> str:
    """What Python's parser says, for people who write formulas."""
    if not rest:
        return "this ends too soon"
    if rest[0] == "=":
        return "no assignment; write what stands right of the ="
    if message.startswith("invalid syntax") or "literal" in message:
        return "this cannot be read; every product needs a *"
    return message
