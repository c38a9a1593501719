"""How pictures look, and points in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
Array = NDArray[np.float64]


def scatter(axes: Axes, x: Array, y: Array) -> None:
    """Draw points that let others shine through, the more of them the more so."""
    opacity = float(np.clip(150 / len(x) ** 0.75, 0.15, 0.8))
    size = float(np.clip(9e2 / len(x), 9, 22))
    axes.scatter(x, y, s=size, color=BLUE, alpha=opacity, linewidths=0, rasterized=True, zorder=2)
