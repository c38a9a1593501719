"""What can be wrong with a file, in one line."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

LISTED = 12  # names shown before "and ... more": one line of a terminal


class SourceError(Exception):
    """A file cannot be used: one line that says what, where (file, column, row) and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


@contextmanager
def reading(path: str, what: str, errors: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn a library's errors, and the operating system's, into a `SourceError` about `path`."""
    expected: tuple[type[Exception], ...] = (OSError, EOFError, *errors)
    try:
        yield
    except expected as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise SourceError(
            f"{path}: cannot be read as {what}, it is damaged, cut short or something else "
            f"({reason}); write it again"
        ) from error


def listed(names: Sequence[str]) -> str:
    """Quote the names for a message; cut a long list."""
    shown = ", ".join(map(repr, names[:LISTED]))
    return shown if len(names) <= LISTED else f"{shown} and {len(names) - LISTED} more"


def count(number: int, what: str) -> str:
    """Count things in English: 1 row, 2 rows."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def suggestion(name: str, names: Sequence[str]) -> str:
    """Advise on a name that is not there: the closest ones, else all of them."""
    folded = {known.casefold(): known for known in names}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=3)
    if close:
        return f"did you mean {' or '.join(repr(folded[match]) for match in close)}?"
    return f"its columns are {listed(names)}"


def check_names(path: str, names: Sequence[str]) -> None:
    """Refuse two columns of one name: nobody can say which is meant."""
    counts = Counter(names)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise SourceError(f"{path}: more than one column is named {listed(twice)}; rename them")
