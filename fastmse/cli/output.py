"""Results as files, or one line on why there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from fastmse import whole_file


@contextmanager
def replacing(path: str) -> Iterator[Path]:
    """`whole_file.replacing`, its errors in the words of the command line."""
    try:
        with whole_file.replacing(path) as temporary:
            yield temporary
    except OSError as error:
        raise click.ClickException(
            f"{path}: cannot be written ({error.strerror}); name another file"
        ) from error


def write_json(path: str, values: Mapping[str, Any]) -> None:
    """Write a mapping as JSON, floats with all their digits."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(values, indent=2, allow_nan=False) + "\n", encoding="utf-8")
