"""The page of a GPU's figures: each target beside its worst row, and the page is its JSON's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("suite")


def record(kind: str, d: int = 0, **seconds: float) -> dict[str, Any]:
    taken = {"roof": 1.0, "fastmse": 1.0, **seconds}
    return {
        "kind": kind,
        "d": d,
        "read_bytes": 8,
        "moved_bytes": 8,
        "seconds": {name.replace("_", " "): {"median": t} for name, t in taken.items()},
    }


def test_the_worst_row_stands_beside_its_target() -> None:
    from benchmarks.cuda import targets

    found = {
        "value": record("value", fastmse=1 / 0.95, torch_eager=3.0),
        "linear d=8": record("linear", 8, fastmse=2.0, torch_eager=2.0),
        "linear d=64": record("linear", 64, fastmse=1.25),
    }
    lines = targets.table(found)[2:]
    assert [line.split(" | ")[-2:] for line in lines] == [
        ["0.95 (value)", "1 of 1 |"],
        ["0.80 (linear d=64)", "0 of 1 **miss** |"],
        ["1.00 (linear d=8)", "1 of 2 **miss** |"],
    ]


def test_the_page_is_that_of_its_json(root: Path) -> None:
    from benchmarks.cuda import page

    docs = root / "docs"
    run = json.loads((docs / "benchmarks-cuda.json").read_text(encoding="utf-8"))
    assert (docs / "benchmarks-cuda.md").read_text(encoding="utf-8") == page.page(run)
