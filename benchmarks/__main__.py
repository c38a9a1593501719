"""Measure all works; write docs/benchmarks.md, its JSON and figures, and the README's table."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks import figures, machine, options, plan, readme, records, report
from benchmarks.options import Options

ROOT = Path(__file__).parent.parent


def main(arguments: list[str], root: Path = ROOT) -> None:
    asked = options.parser(__doc__).parse_args(arguments)
    if asked.cuda:
        from benchmarks.cuda import run

        sys.exit(run.render(root) if asked.render else run.main(root, asked.quick))
    path = root / "docs" / "benchmarks.json"
    if asked.render:
        render(records.load(path), root)
        return
    wanted = options.of(asked)
    goes_on = (asked.resume or asked.only) and path.exists()
    run = continued(path, wanted) if goes_on else fresh(wanted, options.command(asked))
    steps = [step for step in plan.steps(wanted) if re.search(asked.only, step.key)]
    done = set(run["records"]) if asked.resume else set()
    for _ in measure(run, [step for step in steps if step.key not in done]):
        records.save(run, path)
    render(records.load(path), root)


def fresh(wanted: Options, command: str) -> records.Run:
    """A run without a record."""
    return {
        "command": command,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "options": wanted.as_json(),
        "machine": machine.describe(),
        "records": {},
    }


def continued(path: Path, wanted: Options) -> records.Run:
    """The run that the JSON holds, if it was one of the same options on the same versions."""
    run = records.load(path)
    then, now = conditions(run), conditions(fresh(wanted, ""))
    changed = [
        f"{what} {then.get(what, 'unknown')}, now {now.get(what, 'unknown')}"
        for what in {**then, **now}
        if then.get(what) != now.get(what)
    ]
    if changed:
        sys.exit(f"{path}: measured with {'; '.join(changed)}. Measure all anew.")
    return run


def conditions(run: records.Run) -> dict[str, Any]:
    """Options, machine and versions, each by its own name."""
    found = {**run["options"], **run["machine"]}
    versions = found.pop("versions")
    return found | versions


def measure(run: records.Run, steps: list[plan.Step]) -> Iterator[None]:
    """Add the record of one step after another."""
    bar = tqdm(steps, unit="step", disable=None)
    for step in bar:
        bar.set_description(step.key)
        record = run["records"][step.key] = step.record()
        if "skipped" in record:
            bar.write(f"{step.key}: skipped, {record['skipped']}", file=sys.stderr)
        yield


def render(run: records.Run, root: Path) -> None:
    """The pages and figures of a run."""
    docs, front = root / "docs", root / "README.md"
    figures.write(run, docs / "figures")
    (docs / "benchmarks.md").write_text(report.page(run), encoding="utf-8")
    front.write_text(readme.updated(front.read_text(encoding="utf-8"), run), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
