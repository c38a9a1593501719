"""What was promised of an H200, and what the records of a device say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from benchmarks import markdown
from benchmarks.cuda.ratios import fraction, over

Record = dict[str, Any]


class Target(NamedTuple):
    """A least value of one figure, of the records that it concerns."""

    work: str
    judged: str
    least: float
    figure: Callable[[Record], float | None]
    concerns: Callable[[Record], bool]


def is_wide(record: Record) -> bool:
    return record["kind"] == "linear" and int(record["d"]) >= 64


TARGETS = (
    Target("predictions, value", "fraction of the roof", 0.92, fraction,
           lambda record: record["kind"] == "value"),
    Target("`Linear.evaluate`, d ≥ 64", "fraction of the roof", 0.88, fraction, is_wide),
    Target("all", "times torch eager", 2.0, partial(over, name="torch eager"), lambda _: True),
    Target("all", "times torch.compile", 1.0, partial(over, name="torch.compile"),
           lambda _: True),
)  # fmt: skip


def table(found: dict[str, Record]) -> list[str]:
    """Of each target the worst row, and how many reach it."""
    titles = ["work", "judged by", "target", "worst", "reached by"]
    return markdown.table(titles, list(rows(found)))


def rows(found: dict[str, Record]) -> Iterator[list[str]]:
    for target in TARGETS:
        figures = {
            key: value
            for key, record in found.items()
            if target.concerns(record) and (value := target.figure(record)) is not None
        }
        if not figures:
            continue
        worst = min(figures, key=figures.__getitem__)
        reached = sum(value >= target.least for value in figures.values())
        missed = " **miss**" * (reached < len(figures))
        yield [
            target.work,
            target.judged,
            f"≥ {target.least:g}",
            f"{figures[worst]:.2f} ({worst})",
            f"{reached} of {len(figures)}{missed}",
        ]
