"""The subcommands together, and how every one of them ends.

Exit codes: 0 done; 2 the input or the call is wrong, with one line on stderr; 130 interrupted;
141 the reader of our output went away.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from fastmse import __version__
from fastmse.cli.demo import demo
from fastmse.cli.evaluate import evaluate
from fastmse.cli.fit import fit
from fastmse.cli.info import info
from fastmse.sources import SourceError

OPTIONAL = ("tqdm", "pyarrow", "matplotlib", "sympy")
INSTALL = 'pip install "fastmse[cli]"'
BAD_INPUT, INTERRUPTED, BROKEN_PIPE = 2, 130, 141


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def fastmse() -> None:
    """Gaussian likelihood at memory speed: fit and evaluate models on files of any length."""


for command in (fit, evaluate, demo, info):
    fastmse.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code."""
    try:
        # Not click's own main: it would print three lines where we promise one.
        with fastmse.make_context("fastmse", list(arguments) or ["--help"]) as context:
            fastmse.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.ClickException, SourceError) as error:
        return _refuse(error)
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL:
            raise
        return _refuse(click.ClickException(f"{error.name} is missing: {INSTALL}"))
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return 0


def _refuse(error: click.ClickException | SourceError) -> int:
    text = error.format_message() if isinstance(error, click.ClickException) else str(error)
    line = " ".join(text.split())
    if isinstance(error, click.UsageError) and error.ctx is not None:
        line += f" (see {error.ctx.command_path} --help)"
    click.echo(f"fastmse: {line}", err=True)
    return BAD_INPUT
