"""Markdown tables."""

from __future__ import annotations

import re
from collections.abc import Sequence


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table, without the columns in which no row has anything."""
    kept = [k for k, _ in enumerate(titles) if any(row[k] for row in rows)]
    return [
        line([titles[k] for k in kept]),
        line([alignment([row[k] for row in rows]) for k in kept]),
        *(line([row[k] for k in kept]) for row in rows),
    ]


def alignment(cells: Sequence[str]) -> str:
    """To the right where all are bare numbers."""
    are_numbers = all(re.fullmatch(r"[\d.,]+", cell) for cell in cells if cell)
    return "---:" if are_numbers else "---"


def line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
