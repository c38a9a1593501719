"""What a record of a GPU says: figures that compare."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]


def fraction(record: Record, name: str = "fastmse") -> float | None:
    """Of the roof: its time for the bytes that are moved, over the call's."""
    seconds = record["seconds"]
    if name not in seconds:
        return None
    roof = seconds["roof"]["median"] * record["moved_bytes"] / record["read_bytes"]
    return float(roof / seconds[name]["median"])


def over(record: Record, name: str) -> float | None:
    """How many times as fast as a rival we are."""
    seconds = record["seconds"]
    if name not in seconds or "fastmse" not in seconds:
        return None
    return float(seconds[name]["median"] / seconds["fastmse"]["median"])
