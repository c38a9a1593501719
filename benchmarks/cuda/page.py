"""``docs/benchmarks-cuda.md``, made from its JSON alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks import markdown
from benchmarks.cuda import targets
from benchmarks.cuda.ratios import fraction, over

Run = dict[str, Any]
Record = dict[str, Any]

QUICK = "**A quick run on small arrays: it shows that everything runs; its figures mean nothing.**"

JUDGED = """\
A call is timed from the host: from the moment it is made until its result is there, or its kernels
have ended, on a device at rest. The *roof* is a kernel that reads the same inputs and does nothing
else, timed the same way in the same rounds: 1.00 is as fast as memory is read; a work that writes
is compared with the read of its inputs and what it writes, at the roof's speed. The median of the
rounds counts. Rivals are warmed up, and their results come to the host as ours do; for float32 and
float16 their sums are of those types, ours of float64. torch.compile and CuPy are given the
gradient in closed form."""

TARGETS = """\
They are an H200's. Of each the worst figure; the tables below show every one. [On a GPU](cuda.md)
says what a call costs beside its kernels: it is why rows of 10⁸ elements, and of 4 GB and less,
stay behind those of 16 GB."""

NAMES = ("fastmse", "CuPy", "torch eager", "torch.compile", "JAX")


def page(run: Run) -> str:
    return "\n".join(lines(run)) + "\n"


def lines(run: Run) -> Iterator[str]:
    yield from ("# Benchmarks on a GPU", "", f"Written by `{run['command']}`; not by hand.", "")
    if run["quick"]:
        yield from (QUICK, "")
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    yield f"- device: {run['device']}, compute capability {run['compute_capability']},"
    yield f"  {run['multiprocessors']} multiprocessors"
    yield from (f"- versions: {versions}", f"- measured {run['date']}, arrays of {run['arrays']}")
    yield from ("", JUDGED, *timed(run), "", "## Targets", "", TARGETS, "")
    yield from (*targets.table(run["records"]), "", "## Speed", "", *speed(run["records"]), "")
    yield from ("## Times", "", "Median milliseconds, and of ours the speed.", "")
    yield from (*times(run["records"]), "", "## Right, and the same", "", *checked(run))


def timed(run: Run) -> Iterator[str]:
    """Which call of a round; a run that does not say made one."""
    if "timed" in run:
        yield from ("", f"Timed is {run['timed']}.")


def speed(found: dict[str, Record]) -> list[str]:
    titles = ["work", "roof, GB/s", *NAMES, "over torch eager", "over torch.compile"]
    return markdown.table(titles, [row(key, record) for key, record in found.items()])


def row(key: str, record: Record) -> list[str]:
    roof = record["read_bytes"] / record["seconds"]["roof"]["median"] / 1e9
    figures = [fraction(record, name) for name in NAMES]
    figures += [over(record, name) for name in ("torch eager", "torch.compile")]
    return [key, f"{roof:.0f}", *map(shown, figures)]


def shown(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.2f}"


def times(found: dict[str, Record]) -> list[str]:
    rows = []
    for key, record in found.items():
        seconds = record["seconds"]
        cells = [
            f"{1e3 * seconds[n]['median']:.3f}" if n in seconds else "" for n in ("roof", *NAMES)
        ]
        speed = record["moved_bytes"] / seconds["fastmse"]["median"] / 1e9
        rows.append([key, *cells, f"{speed:.0f}"])
    return markdown.table(["work", "roof", *NAMES, "GB/s of ours"], rows)


def checked(run: Run) -> Iterator[str]:
    checks = run["checks"]
    same = sum(check["bits"] for check in checks)
    yield f"Against the CPU's kernels: {same} of {len(checks)} evaluations have their bits. The"
    yield f"worst of the others: SSE {max(c['sse_eps'] for c in checks):.1f} eps off, a gradient"
    yield f"{max(c['grad_eps'] for c in checks):.1f} eps of its largest component."
    other = [name for name, same in run["repeated"].items() if not same]
    yield f"Twenty runs each gave the same bits in {len(run['repeated']) - len(other)} of"
    yield f"{len(run['repeated'])} works{': not ' + ', '.join(other) if other else ''}."


def line_of(key: str, record: Record) -> str:
    """For the terminal, while it runs."""
    cells = dict(
        zip(("work", "roof", *NAMES, "x eager", "x compile"), row(key, record), strict=True)
    )
    return "  ".join(f"{name} {cell}" for name, cell in cells.items() if cell)
