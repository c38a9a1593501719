"""``fastmse fit``: a least squares fit of a file's columns."""

from __future__ import annotations

import warnings
from typing import Any

import click
import numpy as np

from fastmse.cli import assignments, options
from fastmse.cli.assignments import Pair
from fastmse.cli.first_pass import EnoughRows, FirstPass, Varied, Watcher
from fastmse.cli.formula import expression
from fastmse.cli.model_fit import fit_model
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
  fastmse fit part-*.parquet --target y --json fit.json --plot fit.png
  fastmse fit decay.csv --target y --model "a*exp(-r*t) + c" --start a=5,r=0.1,c=0"""

LINEAR_ONLY = {"features": "--features", "no_intercept": "--no-intercept", "l2": "--l2"}
MODEL_ONLY = {"start": "--start", "bounds": "--bounds", "max_iter": "--max-iter"}


@click.command(epilog=EXAMPLES, short_help="Fit a linear model, or a formula, to files' columns.")
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
    help="Ridge penalty on the slopes.  [default: 0]",
)
@options.model
@click.option(
    "--start",
    metavar="a=1,b=2",
    callback=assignments.values,
    help="The model's parameters, and where its fit begins.",
)
@click.option(
    "--bounds",
    metavar="a=0:9,b=:3",
    callback=assignments.ranges,
    help="Where parameters must stay; an empty side is open.",
)
@click.option(
    "--max-iter",
    metavar="N",
    type=click.IntRange(min=1),
    help="Most steps of a model's fit.  [default: 1000]",
)
@options.drop_missing
@options.json
@click.option(
    "--plot", metavar="FILE.png", help="Draw residuals and a normal Q-Q plot; a model's curve."
)
@options.threads
def fit(
    data: tuple[str, ...],
    target: str,
    features: list[str] | None,
    weights: str | None,
    no_intercept: bool,
    l2: float | None,
    model: str | None,
    start: dict[str, float] | None,
    bounds: dict[str, Pair] | None,
    max_iter: int | None,
    drop_missing: bool,
    json: str | None,
    plot: str | None,
    threads: int | None,
) -> None:
    """Fit Y = t0 + t1 A + t2 B + ... + Gaussian noise, or a --model, and print the summary.

    DATA is one or more files of equal columns: CSV, TSV, Parquet, Arrow, Feather, .npy or .npz.
    They are read in blocks and may be larger than memory; the columns of a --model must fit in.
    """
    options.check_machine(threads)
    options.check_output(json, "--json", data)
    options.check_output(plot, "--plot", data)
    check_format(plot)
    check_kind(click.get_current_context().params)
    formula = expression(model, start, data[0], target) if model is not None and start else None
    rows = open_source(
        data,
        target=target,
        features=features if formula is None else formula.variables,
        weights=weights,
        drop_missing=drop_missing,
    )
    options.note_skipped(rows)
    sample = Sample(len(rows.features)) if plot else None
    if formula is not None and start is not None:
        found = fit_model(
            rows, formula, start, bounds, max_iter=max_iter, sample=sample, threads=threads
        )
    else:
        found = fit_source(
            rows, intercept=not no_intercept, l2=l2 or 0.0, sample=sample, threads=threads
        )
    options.note_dropped(rows)
    if json is not None:
        write_json(json, found.to_dict())
    if plot is not None and sample is not None:
        write_plot(plot, found, sample, formula)
    if formula is not None:
        click.echo(f"{target} = {formula.text} + Gaussian noise")
    click.echo(found.summary())


def check_kind(given: dict[str, Any]) -> None:
    """Refuse options of the linear model beside --model, and a model's without it."""
    if given["model"] is None:
        others, reason = MODEL_ONLY, "belongs to a --model; give one"
    else:
        others, reason = LINEAR_ONLY, "belongs to the linear model; leave it out beside --model"
    for name, option in others.items():
        if given[name] is not None and given[name] is not False:
            raise click.UsageError(f"{option} {reason}")
    if given["model"] is not None and given["start"] is None:
        raise click.UsageError(
            "--model needs --start: its parameters, and where the fit begins: --start a=1,b=2"
        )


def fit_source(
    rows: Rows,
    *,
    intercept: bool,
    l2: float = 0.0,
    sample: Sample | None = None,
    threads: int | None = None,
) -> Fit:
    """Fit with a progress bar; refuse rows that cannot determine the parameters."""
    watchers: list[Watcher] = [EnoughRows(len(rows.features) + intercept, "name fewer features")]
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
