"""The tables of the rivals: speed beside ours, error beside ours; and small calls."""

from __future__ import annotations

from typing import Any

from benchmarks import markdown
from benchmarks.details import error
from benchmarks.ratios import fraction, times_faster
from benchmarks.rivals import RIVALS

Record = dict[str, Any]


def compared(records: list[Record]) -> list[Record]:
    """The records in which more than NumPy ran beside us."""
    return [record for record in records if "NumPy" in record.get("errors", {})]


def speed(records: list[Record]) -> list[str]:
    """Fraction of the roof of each; behind it the times by which we are faster."""
    rows = [[*head(record), *(pace(record, name) for name in ("ours", *RIVALS))]
            for record in compared(records)]  # fmt: skip
    return markdown.table(["work", "threads", "fastmse", *RIVALS], rows)


def errors(records: list[Record]) -> list[str]:
    """Error of MSE in ulp and of the gradient in eps of the sizes of its terms."""
    rows = [[*head(record), *(both(record, name) for name in ("ours", *RIVALS))]
            for record in compared(records)]  # fmt: skip
    return markdown.table(["work", "threads", "fastmse", *RIVALS], rows)


def title(record: Record) -> str:
    if record["group"] == "predictions":
        return f"predictions, {record['name']}"
    if record["group"] == "nonlinear":
        return record["name"]
    return f"linear, {record['name']}, {record['group']}"


def head(record: Record) -> list[str]:
    return [title(record), str(record["threads"])]


def pace(record: Record, name: str) -> str:
    if name not in record["seconds"]:
        return ""
    text = f"{fraction(record, name):.2f}"
    return f"**{text}**" if name == "ours" else f"{text} ({times_faster(record, name):.1f}x)"


def both(record: Record, name: str) -> str:
    return " / ".join(filter(None, (error(record, "mse", name), error(record, "grad", name))))


def latency(records: list[Record]) -> list[str]:
    """Microseconds a call."""
    names = ("ours", "NumPy", "NumPy in place")
    rows = [
        [record["work"], f"{record['n']:,}", *(f"{record['seconds'][n] * 1e6:.2f}" for n in names)]
        for record in records
        if record["group"] == "latency"
    ]
    return markdown.table(["call", "n", "fastmse, µs", "NumPy, µs", "NumPy in place, µs"], rows)
