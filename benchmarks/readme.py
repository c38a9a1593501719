"""The README's block: one table and one figure of the report, between two markers."""

from __future__ import annotations

from typing import Any

from benchmarks import figures, peers

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def block(run: dict[str, Any]) -> str:
    """Our rivals at the largest thread count, and the roof over d."""
    most = max(run["options"]["threads"])
    records = [
        record
        for record in run["records"].values()
        if record["group"] in ("predictions", "C order") and record["threads"] == most
    ]
    processor = run["machine"]["processor"]
    quick = " (a quick run: the figures mean nothing)" if run["options"]["quick"] else ""
    caption = figures.FILES["roof.svg"]
    return "\n".join(
        [
            BEGIN,
            f"Fraction of the memory's read speed, {processor}, {most} threads, float64;",
            f"in brackets the times by which fastmse is faster{quick}:",
            "",
            *peers.speed(records),
            "",
            f"![{caption}](docs/figures/roof.svg)",
            "",
            f"Written by `{run['command']}`; all of it: [docs/benchmarks.md](docs/benchmarks.md).",
            END,
        ]
    )


def updated(readme: str, run: dict[str, Any]) -> str:
    """The README with a new block in the place of the old one."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README has no {BEGIN} ... {END}")
    return before + block(run) + after
