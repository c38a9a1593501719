"""``fastmse demo``: the whole job on data made for it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import click
import numpy as np

from fastmse.cli.fit import fit_source
from fastmse.cli.options import check_machine
from fastmse.results import Fit
from fastmse.sources import Rows, open_source

NEXT = """\
Next:
  fastmse fit YOUR.csv --target COLUMN          fit your own CSV, Parquet, Arrow or NumPy file
  fastmse fit YOUR.csv --target COLUMN --plot fit.png   ... and see its residuals
  fastmse fit YOUR.csv --target Y --model "a*exp(-b*X)" --start a=1,b=1      ... or a formula
  fastmse fit --help                            all options
  python -c "import fastmse; help(fastmse)"     the same from Python"""


@click.command(short_help="Make data, fit it, time it: all in one go.")
@click.option(
    "--rows", metavar="N", type=click.IntRange(min=100), default=1_000_000, show_default=True
)
@click.option("--keep", is_flag=True, help="Keep the data file and say where it is.")
def demo(rows: int, keep: bool) -> None:
    """Write a Parquet file of known parameters, fit it, and time the evaluation."""
    check_machine()
    with _folder(keep) as folder:
        path = folder / "demo.parquet"
        source = _written(path, rows)
        found = _fitted(source, path)
        click.echo(_against_truth(found))
        click.echo(_timed(source, found))
        click.echo(f"\n{NEXT}")
        if keep:
            click.echo(f"  fastmse fit {path} --target {source.target}    this file again")


def _written(path: Path, n: int) -> Rows:
    from fastmse.cli.demo_data import FEATURES, TARGET, write_data  # late: pyarrow takes 0.2 s

    click.echo(f"Writing {n:,} rows x {len(FEATURES)} features to {path}")
    try:
        write_data(path, n)
    except OSError as error:
        raise click.ClickException(f"{path}: cannot be written ({error}); free space") from error
    return open_source([path], target=TARGET)


def _fitted(source: Rows, path: Path) -> Fit:
    click.echo(f"Fitting it, block by block: fastmse fit {path} --target {source.target}\n")
    start = perf_counter()
    found = fit_source(source, intercept=True)
    seconds = perf_counter() - start
    click.echo(found.summary())
    size = path.stat().st_size / 1e6
    passes = "1 pass" if found.passes == 1 else f"{found.passes} passes"
    click.echo(f"\n{passes} over {size:,.0f} MB in {seconds:.2f} s\n")
    return found


def _timed(source: Rows, found: Fit) -> str:
    from fastmse.cli.race import race

    heading = "\nOne evaluation in memory, best of interleaved rounds (times as long as fastmse):\n"
    return heading + race(source, found.theta)


@contextmanager
def _folder(keep: bool) -> Iterator[Path]:
    """Give a temporary folder, removed at the end whatever happens unless it is to be kept."""
    if keep:
        yield Path(tempfile.mkdtemp(prefix="fastmse-demo-"))
        return
    with tempfile.TemporaryDirectory(prefix="fastmse-demo-") as folder:
        yield Path(folder)


def _against_truth(found: Fit) -> str:
    from fastmse.cli.demo_data import INTERCEPT, SIGMA, SLOPES

    truth = np.array([INTERCEPT, *SLOPES])
    if found.stderr is None:
        return "The true parameters cannot be compared: there are no standard errors."
    errors = (found.theta - truth) / found.stderr
    lines = [f"{'':<12}{'true':>12}{'estimate':>16}{'errors off':>14}"]
    for name, true, estimate, off in zip(found.names, truth, found.theta, errors, strict=True):
        lines.append(f"{name:<12}{true:>12.2f}{estimate:>16.6f}{off:>+14.2f}")
    lines.append(f"{'sigma^2':<12}{SIGMA**2:>12.2f}{found.sigma2:>16.6f}")
    lines.append(
        f"{int((abs(errors) < 2).sum())} of {len(truth)} estimates are within 2 standard errors "
        "of the truth; 95 % should be"
    )
    return "\n".join(lines)
