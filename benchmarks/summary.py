"""The first table of the report: every target, what was reached, and why where it was not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks import explanations, markdown
from benchmarks.ratios import ratio
from benchmarks.targets import TARGETS, Target

Record = dict[str, Any]
MISS = "**miss**"
SHOWN = 5  # of those that miss a target on so many threads; the tables mark all


def table(records: list[Record], counts: list[int]) -> list[str]:
    """A row for each target: the bound and the worst figure, by thread count."""
    titles = ["work", "judged by", *map(threads, counts)]
    rows = [
        [target.work, target.figure, *(cell(target, records, n) for n in counts)]
        for target in TARGETS
    ]
    return markdown.table(titles, rows)


def cell(target: Target, records: list[Record], n_threads: int) -> str:
    """ "≥ 0.9: 0.85 (d = 64), 16 of 18 reach it **miss**", or why there is no such figure."""
    mine = [record for record in records if target.concerns(record)]
    here = [record for record in mine if record["threads"] == n_threads]
    measured = [record for record in here if target.reached(record) is not None]
    if not measured:
        return absence(target, mine, here, n_threads)
    worst = target.from_worst(measured)[0]
    figure = f"{ratio(worst, target.figure):.2f}"
    if len(measured) == 1:
        text = f"{target.says(n_threads)}: {figure}"
    else:
        good = sum(map(bool, map(target.reached, measured)))
        count = f"{good} of {len(measured)} reach it"
        text = f"{target.says(n_threads)}: {figure} ({place(target, worst)}), {count}"
    return text if target.reached(worst) else f"{text} {verdict(target)}"


def absence(target: Target, mine: list[Record], here: list[Record], n_threads: int) -> str:
    if any("skipped" in record for record in here):
        return f"{target.says(n_threads)}: skipped"
    if target.bound(n_threads) is None or (mine and not here):
        return "–"
    return f"{target.says(n_threads)}: not measured"


def verdict(target: Target) -> str:
    return "(exempt)" if target.exempt else MISS


def misses(records: list[Record]) -> Iterator[str]:
    """A paragraph for each target that is missed: where, by how much, and why."""
    written = explanations.load()
    for target in TARGETS:
        missed = [r for r in records if target.concerns(r) and target.reached(r) is False]
        if missed:
            why = target.exempt or written.get(target.key, explanations.NONE)
            yield f"- {target.work} ({target.figure}): {where(target, missed)}. *{why}*"


def where(target: Target, missed: list[Record]) -> str:
    """ "1 thread: 0.80 (d = 8), 0.85 (d = 10); 2 threads: 0.89 (d = 8)"; of many the worst."""
    by_threads: dict[int, list[Record]] = {}
    for record in target.from_worst(missed):
        by_threads.setdefault(record["threads"], []).append(record)
    return "; ".join(f"{threads(n)}: {some(target, by_threads[n])}" for n in sorted(by_threads))


def some(target: Target, missed: list[Record]) -> str:
    texts = [f"{ratio(r, target.figure):.2f} ({place(target, r)})" for r in missed]
    if len(texts) > SHOWN:
        texts = [*texts[:SHOWN], f"and {len(texts) - SHOWN} more"]
    return ", ".join(texts)


def place(target: Target, record: Record) -> str:
    """The record's name, with its group where the target has several and the name is bare."""
    is_bare = str(record["name"]).startswith("d = ")
    group = f"{record['group']}, " if is_bare and len(target.groups) > 1 else ""
    return group + str(record["name"])


def threads(n: int) -> str:
    return "1 thread" if n == 1 else f"{n} threads"


def skipped(records: list[Record]) -> Iterator[str]:
    """A line for each group that was left out, with the reason."""
    reasons = {(r["group"], r["skipped"]): None for r in records if "skipped" in r}
    yield from (f"- {group}: skipped, {reason}." for group, reason in reasons)
