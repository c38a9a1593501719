"""Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table; a column in which no row has anything is left out."""
    kept = [k for k, _ in enumerate(titles) if any(row[k] for row in rows)]
    return [
        line([titles[k] for k in kept]),
        line(["---"] + ["---:"] * (len(kept) - 1)),
        *(line([row[k] for k in kept]) for row in rows),
    ]


def line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
