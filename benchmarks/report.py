"""``docs/benchmarks.md``: the records of a run as a page, made from the JSON alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks import details, figures, peers, summary
from benchmarks.rivals import RIVALS

Run = dict[str, Any]

JUDGED = """\
A kernel that reads its data once has one honest limit: a sequential read of the same bytes by the
same number of threads. That read is timed by one probe in the same rounds as everything beside
it, each call after everybody's threads have come to rest, and the best of the rounds counts. 1.00
is as fast as memory; a work that writes can exceed it, for its roof reads what it writes. The
compute floor is the time of the additions and multiplications alone, 4d + 3 a row and theta, at the
speed of a probe that does nothing else, without fused ones; where it takes longer than the read, it
is the limit.

Two more calls of each linear work leave a stage out. *Without the gradient* a row is touched once:
its fraction of the roof. *From the cache* are rows of 8 MiB, read again and again: how many times
as fast as the memory the kernel then is. What is near 1 there has no time to spare for waiting.

Errors are those of the first 100 000 values, against integer arithmetic: MSE in units of its last
place, gradient component j in eps · 2/W Σᵢ |wᵢ rᵢ xᵢⱼ|. NumPy "in place" writes into arrays that
are there already. y and the weights are float64 whatever X is. X has 0.97 of the rows that fit, so
that its columns do not lie a power of two apart: that would be a matter of 2ⁿ rows only."""

QUICK = """\
**A quick run: small arrays, which lie in the cache, few rounds without a pause, errors of 10 000
values. It shows that everything runs; its figures and marks mean nothing.**"""


def page(run: Run) -> str:
    """The whole page; its figures are files of `figures.FILES` beside it."""
    return "\n".join(lines(run)) + "\n"


def lines(run: Run) -> Iterator[str]:
    records = list(run["records"].values())
    yield from ("# Benchmarks", "", f"Written by `{run['command']}`; not by hand.")
    yield from ("Those of a GPU are on [a page of their own](benchmarks-cuda.md).", "")
    if run["options"]["quick"]:
        yield from (QUICK, "")
    yield from (*setup(run), "", JUDGED, "", "## Targets", "")
    yield "Of each row the worst figure, beside the target; the tables below show every one."
    yield from ("", *summary.table(records, run["options"]["threads"]), "")
    yield from paragraphs("Missed:", summary.misses(records))
    yield from paragraphs("Left out:", summary.skipped(records))
    yield from pictures()
    for section in details.SECTIONS:
        yield from (f"## {section.title}", "")
        if section.note:
            yield from (section.note, "")
        yield from (*details.table(section, records), "")
    yield from rivals(run, records)
    yield from ("## What a call costs", "", "With the threads that a call chooses itself.", "")
    yield from peers.latency(records)


def setup(run: Run) -> Iterator[str]:
    """The machine, the versions, and how it was measured."""
    machine, options = run["machine"], run["options"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    yield f"- machine: {machine['processor']}, {machine['cpus']} CPUs, {machine['memory']}"
    yield (
        f"- system: {machine['system']}; kernels for {machine['isa']}; NumPy's BLAS: "
        + (machine["blas"])
    )
    yield f"- versions: {versions}"
    yield (
        f"- measured {run['date']}: backend {options['backend']}, largest array "
        f"{options['mib']:g} MiB, best of {options['rounds']} interleaved rounds"
    )


def paragraphs(title: str, items: Iterator[str]) -> Iterator[str]:
    found = list(items)
    if found:
        yield from (title, "", *found, "")


def pictures() -> Iterator[str]:
    yield from ("## Figures", "")
    for name, caption in figures.FILES.items():
        yield from (f"![{caption}](figures/{name})", "", f"*{caption}.*", "")


def rivals(run: Run, records: list[dict[str, Any]]) -> Iterator[str]:
    yield from ("## Rivals", "", "Fraction of the roof, and the times by which we are faster:", "")
    yield from (*peers.speed(records), "")
    yield from ("Error of MSE in ulp / of the gradient in eps of its terms:", "")
    yield from (*peers.errors(records), "", "What is called:", "")
    versions = run["machine"]["versions"]
    for rival in RIVALS.values():
        yield f"- {rival.name} {versions[rival.package]}: {rival.how}."
    yield from ("", "One thread of JAX is its whole pool bound to one CPU, with everybody in")
    yield from ("the same rounds: the pool itself has no thread count.", "")
