"""``fastmse fit``: a linear least squares fit of a file's columns."""

from __future__ import annotations

import warnings

import click
import numpy as np

from fastmse.cli import options
from fastmse.cli.first_pass import EnoughRows, FirstPass, Varied, Watcher
from fastmse.cli.output import write_json
from fastmse.cli.plot import check_format, write_plot
from fastmse.cli.progress import with_progress
from fastmse.cli.sample import Sample
from fastmse.fitting import fit_rows
from fastmse.results import Fit
from fastmse.sources import Rows, open_source

EXAMPLES = """\b
Examples:
  fastmse fit diamonds.csv --target price --features carat,depth
  fastmse fit part-*.parquet --target y --json fit.json --plot fit.png"""


@click.command(epilog=EXAMPLES, short_help="Fit a linear model to the columns of files.")
@options.data
@options.target
@click.option(
    "--features",
    metavar="A,B,C",
    callback=options.split_names,
    help="Columns that explain it.  [default: every other numeric column]",
)
@options.weights
@click.option("--no-intercept", is_flag=True, help="Fit through the origin.")
@click.option(
    "--l2",
    metavar="L",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Ridge penalty on the slopes.  [default: 0]",
)
@options.drop_missing
@options.json
@click.option("--plot", metavar="FILE.png", help="Draw residuals and a normal Q-Q plot.")
@options.threads
def fit(
    data: tuple[str, ...],
    target: str,
    features: list[str] | None,
    weights: str | None,
    no_intercept: bool,
    l2: float,
    drop_missing: bool,
    json: str | None,
    plot: str | None,
    threads: int | None,
) -> None:
    """Fit Y = t0 + t1 A + t2 B + ... + Gaussian noise, and print the summary.

    DATA is one or more files of equal columns: CSV, TSV, Parquet, Arrow, Feather, .npy or .npz.
    They are read in blocks and may be larger than memory.
    """
    options.check_machine(threads)
    options.check_output(json, "--json", data)
    options.check_output(plot, "--plot", data)
    check_format(plot)
    rows = open_source(
        data, target=target, features=features, weights=weights, drop_missing=drop_missing
    )
    options.note_skipped(rows)
    sample = Sample(len(rows.features)) if plot else None
    found = fit_source(rows, intercept=not no_intercept, l2=l2, sample=sample, threads=threads)
    options.note_dropped(rows)
    if json is not None:
        write_json(json, found.to_dict())
    if plot is not None and sample is not None:
        write_plot(plot, found, sample)
    click.echo(found.summary())


def fit_source(
    rows: Rows,
    *,
    intercept: bool,
    l2: float = 0.0,
    sample: Sample | None = None,
    threads: int | None = None,
) -> Fit:
    """Fit with a progress bar; refuse rows that cannot determine the parameters."""
    watchers: list[Watcher] = [EnoughRows(len(rows.features), intercept=intercept)]
    watchers += [Varied(rows.features)] if intercept else []
    watchers += [sample] if sample is not None else []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the summary's note says the same
        try:
            found = fit_rows(
                FirstPass(with_progress(rows), *watchers),
                len(rows.features),
                intercept=intercept,
                l2=l2,
                names=rows.features,
                target=rows.target,
                n_threads=threads,
            )
        except ValueError as error:
            raise click.ClickException(str(error)) from error
    if not np.isfinite([*found.theta, found.sse]).all():
        raise click.ClickException(
            f"the squares of {rows.target!r} or of a feature overflow; measure in larger units"
        )
    return found
