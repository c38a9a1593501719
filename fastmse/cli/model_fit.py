"""``fastmse fit --model``: a nonlinear fit of a file's columns."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import click
import numpy as np
from numpy.typing import NDArray

from fastmse.cli.assignments import Pair
from fastmse.cli.first_pass import EnoughRows, FirstPass
from fastmse.cli.progress import with_progress
from fastmse.cli.sample import Sample
from fastmse.fitting.bounds import checked_bounds, parameters
from fastmse.models.expression import Expression
from fastmse.models.nonlinear_fits import MAX_ITER
from fastmse.results import Fit
from fastmse.sources import Rows
from fastmse.sources.rows import Block

Array = NDArray[np.float64]
Callback = Callable[[int, Array, float], None]


def fit_model(
    rows: Rows,
    model: Expression,
    start: Mapping[str, float],
    bounds: Mapping[str, Pair] | None,
    *,
    max_iter: int | None,
    sample: Sample | None = None,
    threads: int | None = None,
) -> Fit:
    """Read the columns, once, then fit in memory; refuse rows that cannot determine θ."""
    import sympy  # noqa: F401  # before the file is read: it may be missing

    enough = EnoughRows(_free(model, start, bounds), "take a model of fewer parameters")
    watchers = [enough] if sample is None else [enough, sample]
    X, y, w = in_memory(FirstPass(with_progress(rows), *watchers), len(rows.features))
    with _errors(), steps() as callback, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the summary's note says the same
        found = model.fit(
            X,
            y,
            start,
            bounds=bounds,
            sample_weight=w,
            max_iter=MAX_ITER if max_iter is None else max_iter,
            callback=callback,
            n_threads=threads,
        )
    return replace(found, target=rows.target)


def in_memory(rows: Callable[[], Iterator[Block]], q: int) -> tuple[Array, Array, Array | None]:
    """The rows as X (n, q) in Fortran order, y and w: 8 bytes a value, and one column more."""
    columns: list[list[Array]] = []
    for block in rows():
        values = [*block.X.T, block.y, *([] if block.w is None else [block.w])]
        columns = columns or [[] for _ in values]
        for column, value in zip(columns, values, strict=True):
            column.append(value.copy())  # not a view, which would keep the whole block
    n = sum(map(len, columns[0]))
    table = np.empty((len(columns), n))
    for row, column in zip(table, columns, strict=True):
        np.concatenate(column, out=row)
        column.clear()
    return table[:q].T, table[q], table[q + 1] if len(table) > q + 1 else None


@contextmanager
def steps() -> Iterator[Callback]:
    """Give a callback that shows the steps of a fit on stderr, if that is a terminal."""
    from tqdm import tqdm  # imported late: 40 ms

    with tqdm(desc="compiling the model", bar_format="{desc}", disable=None, leave=False) as bar:

        def show(iteration: int, theta: Array, sse: float) -> None:
            bar.set_description_str(f"step {iteration}: SSE {sse:.10g}", refresh=False)
            bar.update()

        yield show


def _free(model: Expression, start: Mapping[str, float], bounds: Mapping[str, Pair] | None) -> int:
    """The parameters that their bounds leave free, after a check of both."""
    with _errors():
        box = checked_bounds(bounds, model.parameters, parameters(start, model.parameters))
    return int((box.lower < box.upper).sum())


@contextmanager
def _errors() -> Iterator[None]:
    """Tell of a start or bounds that are refused in the words of the command line."""
    try:
        yield
    except ValueError as error:
        raise click.ClickException(f"--{error}") from error
