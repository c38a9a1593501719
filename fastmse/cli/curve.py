"""The picture of a nonlinear model: its curve among the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastmse.cli.sample import Sample
from fastmse.cli.style import RED, Array, scatter
from fastmse.results import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 800  # of the curve, besides those of the data
LINE = 60  # characters of the formula
FEW = 100  # rows that a curve would hide
ROOM = 0.25  # of the data's height, above and below it, that a band may take


def draw_model(axes: Axes, fit: Fit, sample: Sample, variables: tuple[str, ...], text: str) -> None:
    """Data and curve over one variable; observed against fitted values, if there are several."""
    formula = " ".join(text.split())
    shown = formula if len(formula) <= LINE else f"{formula[:LINE]} ..."
    axes.set(title=f"{fit.target} = {shown}", ylabel=fit.target)
    if len(variables) == 1:
        _draw_curve(axes, fit, sample, variables[0])
    else:
        _draw_observed(axes, fit, sample)
    axes.legend(frameon=False, loc="best")


def _draw_curve(axes: Axes, fit: Fit, sample: Sample, variable: str) -> None:
    """The sampled rows, f over their range, and the mean's confidence band where there is one."""
    x = sample.X[:, 0]
    grid = np.union1d(np.linspace(x.min(), x.max(), POINTS), x)
    axes.set(xlabel=variable)
    scatter(axes, x, sample.y)
    with np.errstate(all="ignore"):
        curve = fit.predict(grid)
        band = _band(fit, grid)
    above = 3 if len(x) > FEW else 1
    axes.plot(grid, curve, color=RED, linewidth=1.8, label="fit", zorder=above)
    if band is not None:
        low, high = axes.get_ylim()
        label = "95 % confidence band of the mean"
        axes.fill_between(grid, *band, color=RED, alpha=0.22, linewidth=0, label=label, zorder=1)
        margin = ROOM * (high - low)
        axes.set_ylim(max(low - margin, axes.get_ylim()[0]), min(high + margin, axes.get_ylim()[1]))


def _band(fit: Fit, grid: Array) -> Array | None:
    """Lower and upper bounds of the mean, (2, m); None without standard errors."""
    if fit.cov_unscaled is None:
        return None
    band = fit.predict(grid, interval="confidence").T[1:]
    return band if np.isfinite(band).any() else None


def _draw_observed(axes: Axes, fit: Fit, sample: Sample) -> None:
    """Observed over fitted values: about the diagonal, where the model is right."""
    fitted = fit.predict(sample.X)
    axes.set(xlabel=f"fitted {fit.target}")
    scatter(axes, fitted, sample.y)
    axes.axline(
        (fitted[0], fitted[0]), slope=1, color=RED, linewidth=1.5, label="observed = fitted"
    )
