"""The records of a run as JSON: written after each step, so that a run can be continued."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]
Run = dict[str, Any]  # {"command", "options", "date", "machine", "records": {key: Record}}


def load(path: Path) -> Run:
    return json.loads(path.read_text(encoding="utf-8"))


def save(run: Run, path: Path) -> None:
    """All or nothing: an interrupted write leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".part")
    new.write_text(json.dumps(rounded(run), indent=1) + "\n", encoding="utf-8")
    new.replace(path)


def rounded(value: Any) -> Any:
    """Floats to six digits, which is more than a clock knows."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return float(f"{value:.6g}") if isinstance(value, float) else value
