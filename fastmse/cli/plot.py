"""Two pictures that show whether the noise is Gaussian, and the same everywhere."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from numpy.typing import NDArray

from fastmse.cli.output import replacing
from fastmse.cli.sample import Sample
from fastmse.results import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = (".png", ".svg", ".pdf")
INK, BLUE, RED, GRID = "#333333", "#2f6db3", "#c8442e", "#e6e6e6"
STYLE: Any = {
    "font.size": 10,
    "text.parse_math": False,  # a column may be named "price ($)"
    "axes.formatter.limits": (-5, 6),
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "grid.color": GRID,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
TREND_BINS = 25
Array = NDArray[np.float64]


def check_format(path: str | None) -> None:
    """Refuse an extension that is no picture's, before any work."""
    if path is not None and Path(path).suffix.lower() not in FORMATS:
        raise click.UsageError(f"--plot: {path!r} must end in {', '.join(FORMATS)}")


def write_plot(path: str, fit: Fit, sample: Sample) -> None:
    """Draw residuals against fitted values and a normal Q-Q plot of the sampled rows."""
    import matplotlib
    from matplotlib.figure import Figure

    fitted = fit.predict(sample.X)
    residuals = sample.y - fitted
    few = f"{len(fitted):,} of {fit.n:,} rows, at random" if len(fitted) < fit.n else "all rows"
    with matplotlib.rc_context(STYLE), warnings.catch_warnings(), replacing(path) as temporary:
        warnings.simplefilter("ignore")  # a name in letters that the font lacks
        figure = Figure(figsize=(11, 4.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        _draw_residuals(left, fitted, residuals, fit.target)
        _draw_quantiles(right, residuals / _scale(fit.s2))
        figure.suptitle(f"{fit.target}: residuals of the fit ({few})")
        figure.savefig(temporary, format=Path(path).suffix[1:].lower(), dpi=150)


def _scale(s2: float) -> float:
    """Return s, or 1 for a fit that leaves nothing to divide by."""
    return math.sqrt(s2) if s2 > 0 else 1.0


def _draw_residuals(axes: Axes, fitted: Array, residuals: Array, target: str) -> None:
    """Residuals over fitted values, and their median in bins of equally many points."""
    axes.set(title="Residuals against fitted values", xlabel=f"fitted {target}", ylabel="residual")
    axes.axhline(0, color=INK, linewidth=0.8)
    _scatter(axes, fitted, residuals)
    bins = np.array_split(np.argsort(fitted), min(TREND_BINS, max(len(fitted) // 8, 1)))
    middle = [(np.median(fitted[index]), np.median(residuals[index])) for index in bins]
    axes.plot(*np.transpose(middle), color=RED, linewidth=1.8, label="median in bins")
    axes.legend(frameon=False, loc="best")


def _draw_quantiles(axes: Axes, standardised: Array) -> None:
    """Ordered residuals over the normal quantiles of (i - 1/2)/m: a line, if they are normal."""
    from scipy.special import ndtri

    m = len(standardised)
    normal = ndtri((np.arange(m) + 0.5) / m)
    axes.set(title="Normal Q-Q", xlabel="normal quantile", ylabel="residual / s")
    _scatter(axes, normal, np.sort(standardised))
    axes.axline((0, 0), slope=1, color=RED, linewidth=1.5, label="normal noise")
    axes.legend(frameon=False, loc="upper left")


def _scatter(axes: Axes, x: Array, y: Array) -> None:
    opacity = float(np.clip(150 / len(x) ** 0.75, 0.15, 0.8))
    axes.scatter(x, y, s=9, color=BLUE, alpha=opacity, linewidths=0, rasterized=True, zorder=2)
