"""Processes of their own, of which each answers one question as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
Record = dict[str, Any]


def answer(child: Path, question: Record, environment: Mapping[str, str]) -> Record:
    """What the script prints, asked so, in this environment and what is added to it."""
    # It finds what this process has found: with -P its own folder is no place to look.
    path = [*(folder or str(Path.cwd()) for folder in sys.path), str(ROOT)]
    done = subprocess.run(
        [sys.executable, "-P", str(child), json.dumps(question)],
        env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(path)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout)
