"""Pictures that show whether the noise is Gaussian, and the same everywhere."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from fastmse.cli.curve import draw_model
from fastmse.cli.output import replacing
from fastmse.cli.sample import Sample
from fastmse.cli.style import INK, RED, STYLE, Array, scatter
from fastmse.models.expression import Expression
from fastmse.results import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")
TREND_BINS = 25


def check_format(path: str | None) -> None:
    """Refuse an extension that is no picture's, before any work."""
    if path is not None and Path(path).suffix.lower() not in FORMATS:
        raise click.UsageError(f"--plot: {path!r} must end in {', '.join(FORMATS)}")


def write_plot(path: str, fit: Fit, sample: Sample, model: Expression | None = None) -> None:
    """Draw residuals over fitted values and a normal Q-Q plot of the sampled rows.

    Before them a model, and the data.
    """
    import matplotlib
    from matplotlib.figure import Figure

    fitted = fit.predict(sample.X)
    residuals = sample.y - fitted
    few = f"{len(fitted):,} of {fit.n:,} rows, at random" if len(fitted) < fit.n else "all rows"
    with matplotlib.rc_context(STYLE), warnings.catch_warnings(), replacing(path) as temporary:
        warnings.simplefilter("ignore")  # a name in letters that the font lacks
        figure = Figure(figsize=(11, 4.8 if model is None else 6.6), layout="constrained")
        axes = _panels(figure, model is not None)
        if model is not None:
            draw_model(axes["M"], fit, sample, model.variables, model.text)
        _draw_residuals(axes["R"], fitted, residuals, fit.target)
        _draw_quantiles(axes["Q"], residuals / _scale(fit.s2))
        what = "residuals of the fit" if model is None else "the fit and its residuals"
        figure.suptitle(f"{fit.target}: {what} ({few})")
        figure.savefig(temporary, format=Path(path).suffix[1:].lower(), dpi=150)


def _panels(figure: Figure, with_model: bool) -> dict[str, Axes]:
    """Two pictures side by side, or above each other beside the large one of a model."""
    if not with_model:
        return figure.subplot_mosaic("RQ")
    return figure.subplot_mosaic("MR;MQ", width_ratios=[1.6, 1])


def _scale(s2: float) -> float:
    """Return s, or 1 for a fit that leaves nothing to divide by."""
    return math.sqrt(s2) if s2 > 0 else 1.0


def _draw_residuals(axes: Axes, fitted: Array, residuals: Array, target: str) -> None:
    """Residuals over fitted values, and their median in bins of equally many points."""
    axes.set(title="Residuals against fitted values", xlabel=f"fitted {target}", ylabel="residual")
    axes.axhline(0, color=INK, linewidth=0.8)
    scatter(axes, fitted, residuals)
    bins = np.array_split(np.argsort(fitted), min(TREND_BINS, max(len(fitted) // 8, 1)))
    if len(bins) < 2:
        return
    middle = [(np.median(fitted[index]), np.median(residuals[index])) for index in bins]
    axes.plot(*np.transpose(middle), color=RED, linewidth=1.8, label="median in bins")
    axes.legend(frameon=False, loc="best")


def _draw_quantiles(axes: Axes, standardised: Array) -> None:
    """Ordered residuals over the normal quantiles of (i - 1/2)/m: a line, if they are normal."""
    from scipy.special import ndtri

    m = len(standardised)
    normal = ndtri((np.arange(m) + 0.5) / m)
    axes.set(title="Normal Q-Q", xlabel="normal quantile", ylabel="residual / s")
    scatter(axes, normal, np.sort(standardised))
    axes.axline((0, 0), slope=1, color=RED, linewidth=1.5, label="normal noise")
    axes.legend(frameon=False, loc="upper left")
