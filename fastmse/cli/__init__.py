"""The command ``fastmse``: see ``fastmse --help``, or `docs/command_line.md`."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    try:
        from fastmse.cli.app import run
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        print('fastmse: this command needs click: pip install "fastmse[cli]"', file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:  # the imports take a second
        sys.exit(130)
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))
