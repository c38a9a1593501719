"""A formula that is refused, and the place in its text."""

from __future__ import annotations

WIDTH = 72  # characters of a long text shown about the place


class FormulaError(ValueError):
    """A formula that cannot be read: why, and where.

    Attributes
    ----------
    reason : str
        One line.
    text : str or None
        The formula; None where a name, not the text, is wrong.
    column : int
        The place in it, from 0.
    """

    def __init__(self, reason: str, text: str | None = None, column: int = 0) -> None:
        super().__init__(reason, text, column)
        self.reason, self.text, self.column = reason, text, column

    def __str__(self) -> str:
        if self.text is None:
            return f"formula: {self.reason}"
        line, at = _window(self.text, self.column)
        return f"formula: {self.reason}\n    {line}\n    {' ' * at}^"


def _window(text: str, column: int) -> tuple[str, int]:
    """The part of the text about a column, printable, and the place in that part."""
    first = max(0, min(column - WIDTH // 2, len(text) - WIDTH))
    last = first + WIDTH
    before, after = "... " * (first > 0), " ..." * (last < len(text))
    part = (" " if c.isspace() else c for c in text[first:last])
    shown = "".join(c if c.isprintable() else "?" for c in part)
    return before + shown + after, len(before) + column - first
