"""``fastmse evaluate``: the likelihood of predictions, a file's column or those of a formula."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import click
import numpy as np
from numpy.typing import NDArray

from fastmse.cli import assignments, options
from fastmse.cli.formula import expression
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
EXAMPLES = """\b
Examples:
  fastmse evaluate data.parquet --target y --prediction y_pred
  fastmse evaluate decay.csv --target y --model "a*exp(-r*t)" --theta a=5,r=0.1"""

Array = NDArray[np.float64]


@click.command(epilog=EXAMPLES, short_help="Judge a column of predictions, or a model.")
@options.data
@options.target
@click.option("--prediction", metavar="F", help="Column of predictions of Y.")
@options.model
@click.option(
    "--theta", metavar="a=1,b=2", callback=assignments.values, help="The model's parameters."
)
@options.weights
@options.drop_missing
@options.json
@options.threads
def evaluate(
    data: tuple[str, ...],
    target: str,
    prediction: str | None,
    model: str | None,
    theta: dict[str, float] | None,
    weights: str | None,
    drop_missing: bool,
    json: str | None,
    threads: int | None,
) -> None:
    """Print MSE, sigma^2 hat and the log-likelihood of a column of predictions, or of a model."""
    options.check_machine(threads)
    options.check_output(json, "--json", data)
    if prediction is not None and model is None and theta is None:
        judged = Predictions(prediction, [prediction], lambda X: X[:, 0])
    elif prediction is None and model is not None and theta is not None:
        judged = of_model(model, theta, data[0], target, threads)
    else:
        raise click.UsageError("give either --prediction, or --model and --theta")
    rows = open_source(
        data, target=target, features=judged.columns, weights=weights, drop_missing=drop_missing
    )
    stream = PredictionStream(n_threads=threads)
    for X, y, w in with_progress(rows)():
        stream.update(y, judged.of(X), w)
    options.note_dropped(rows)
    evaluation = stream.finalize()
    values = {name: getattr(evaluation, name) for name in FIELDS}
    if json is not None:
        write_json(json, {k: v if math.isfinite(v) else None for k, v in values.items()})
    click.echo(table(evaluation, target, judged.name))


class Predictions(NamedTuple):
    """What is judged: its name, the columns X that it is made of, and how."""

    name: str
    columns: Sequence[str]
    of: Callable[[Array], Array]


def of_model(
    text: str, theta: Mapping[str, float], path: str, target: str, threads: int | None
) -> Predictions:
    """The predictions f(x; theta) of a formula."""
    model = expression(text, theta, path, target, option="--theta")
    return Predictions(
        model.text, model.variables, lambda X: model.predict(X, theta, n_threads=threads)
    )


def table(evaluation: Evaluation, target: str, prediction: str) -> str:
    """Return the evaluation as aligned lines."""
    lines = [f"Predictions of {target} by {prediction}"]
    for name, label in FIELDS.items():
        value = getattr(evaluation, name)
        lines.append(
            f"  {label:<16} {value:>22,}" if name == "n" else f"  {label:<16} {value:>22.12g}"
        )
    return "\n".join(lines)
