"""``fastmse evaluate``: the likelihood of predictions that stand in a file."""

from __future__ import annotations

import math

import click

from fastmse.cli import options
from fastmse.cli.output import write_json
from fastmse.cli.progress import with_progress
from fastmse.models.predictions import PredictionStream
from fastmse.results import Evaluation
from fastmse.sources import open_source

FIELDS = {
    "n": "rows",
    "weight_sum": "sum of weights",
    "sse": "SSE",
    "mse": "MSE",
    "rmse": "RMSE",
    "sigma2": "sigma^2 hat",
    "loglik": "log-likelihood",
    "nll": "-log-likelihood",
}


EXAMPLE = "\b\nExample:\n  fastmse evaluate data.parquet --target y --prediction y_pred"


@click.command(epilog=EXAMPLE, short_help="Judge a column of predictions.")
@options.data
@options.target
@click.option("--prediction", metavar="F", required=True, help="Column of predictions of Y.")
@options.weights
@options.drop_missing
@options.json
@options.threads
def evaluate(
    data: tuple[str, ...],
    target: str,
    prediction: str,
    weights: str | None,
    drop_missing: bool,
    json: str | None,
    threads: int | None,
) -> None:
    """Print MSE, sigma^2 hat and the log-likelihood of a column of predictions."""
    options.check_machine(threads)
    options.check_output(json, "--json", data)
    rows = open_source(
        data, target=target, features=[prediction], weights=weights, drop_missing=drop_missing
    )
    stream = PredictionStream(n_threads=threads)
    for X, y, w in with_progress(rows)():
        stream.update(y, X[:, 0], w)
    options.note_dropped(rows)
    evaluation = stream.finalize()
    values = {name: getattr(evaluation, name) for name in FIELDS}
    if json is not None:
        write_json(json, {k: v if math.isfinite(v) else None for k, v in values.items()})
    click.echo(table(evaluation, target, prediction))


def table(evaluation: Evaluation, target: str, prediction: str) -> str:
    """Return the evaluation as aligned lines."""
    lines = [f"Predictions of {target} by {prediction}"]
    for name, label in FIELDS.items():
        value = getattr(evaluation, name)
        lines.append(
            f"  {label:<16} {value:>22,}" if name == "n" else f"  {label:<16} {value:>22.12g}"
        )
    return "\n".join(lines)
