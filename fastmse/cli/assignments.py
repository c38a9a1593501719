"""Values and ranges by name, as options give them: ``b1=500,b2=1e-4``, ``b1=0:1000,b2=:1``."""

from __future__ import annotations

from collections.abc import Iterator

import click

Pair = tuple[float | None, float | None]


def values(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> dict[str, float] | None:
    """``b1=500,b2=1e-4`` as a dict, in this order; a click callback."""
    return None if text is None else {k: _number(k, v) for k, v in _pairs(text, "b1=500,b2=1e-4")}


def ranges(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> dict[str, Pair] | None:
    """``b1=0:1000,b2=:1`` as a dict of (lower, upper), None on an open side; a click callback."""
    return None if text is None else {k: _range(k, v) for k, v in _pairs(text, "b1=0:1000,b2=:1")}


def _pairs(text: str, example: str) -> Iterator[tuple[str, str]]:
    """Names and what stands behind their "=", each name once."""
    seen = set()
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and value):
            raise click.BadParameter(f"{part.strip()!r} is no NAME=VALUE; write {example}")
        if name in seen:
            raise click.BadParameter(f"{name!r} is given twice")
        seen.add(name)
        yield name, value


def _range(name: str, text: str) -> Pair:
    lower, colon, upper = text.partition(":")
    if not colon:
        raise click.BadParameter(f"{name}={text} is no range; write {name}=LOWER:UPPER")
    low, high = (_number(name, side) if side.strip() else None for side in (lower, upper))
    return low, high


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"{text.strip()!r}, for {name!r}, is no number") from None
