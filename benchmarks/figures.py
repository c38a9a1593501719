"""The figures of the report, as SVG, made from the records alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.cases import DTYPES
from benchmarks.peers import compared, title
from benchmarks.ratios import fraction, rows
from benchmarks.rivals import RIVALS
from benchmarks.summary import threads as threads_of

Record = dict[str, Any]

# Of Okabe and Ito: told apart by every eye. Black is ours.
COLOURS = ["#000000", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9"]
STYLE = {
    "svg.hashsalt": "fastmse",  # the same records, the same file
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def write(run: dict[str, Any], folder: Path) -> None:
    """All of `FILES` into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    records = [r for r in run["records"].values() if "skipped" not in r]
    with mpl.rc_context(STYLE):
        for name, draw in DRAWN.items():
            figure = draw(records, run["options"]["threads"])
            figure.savefig(folder / name, metadata={"Date": None}, bbox_inches="tight")


def panels(threads: list[int], label: str) -> tuple[Figure, list[Axes]]:
    """One panel for each thread count, with d on a logarithmic axis."""
    figure = Figure(figsize=(4.2 * len(threads), 3.2), layout="constrained")
    axes = list(figure.subplots(1, len(threads), sharey=True, squeeze=False)[0])
    for axis, n in zip(axes, threads, strict=True):
        axis.set(title=threads_of(n), xlabel="features, d", xscale="log", xmargin=0.02)
        axis.xaxis.set_major_formatter("{x:g}")
    axes[0].set_ylabel(label)
    return figure, axes


def roof(records: list[Record], threads: list[int]) -> Figure:
    """Fraction of the roof over d: C and F order and tables, ours and NumPy in place."""
    figure, axes = panels(threads, "fraction of the read roof")
    for axis, n in zip(axes, threads, strict=True):
        axis.axhline(1, color="#999999", linewidth=0.8)
        for group, colour in zip(("C order", "F order", "table"), COLOURS, strict=False):
            mine = select(records, group, n)
            curve(axis, mine, fraction, color=colour, label=group)
            others = [r for r in mine if "NumPy in place" in r["seconds"] and group != "table"]
            curve(axis, others, numpy, color=colour, linestyle=":", label=f"NumPy, {group}")
    axes[0].set_ylim(bottom=0)
    legend(figure)
    return figure


def dtypes(records: list[Record], threads: list[int]) -> Figure:
    """Rows a second of the storage types, over float64's."""
    figure, axes = panels(threads, "rows/s over those of float64")
    for axis, n in zip(axes, threads, strict=True):
        for dtype, colour in zip(DTYPES, COLOURS, strict=False):
            mine = [r for r in select(records, "dtypes", n) if r["dtype"] == dtype]
            curve(axis, mine, rows, color=colour, label=dtype)
        axis.axhline(1, color="#999999", linewidth=0.8)
        axis.set_xticks(sorted({r["d"] for r in select(records, "dtypes", n)}))
        axis.minorticks_off()
    axes[0].set_ylim(bottom=0)
    legend(figure)
    return figure


def rivals(records: list[Record], threads: list[int]) -> Figure:
    """Fraction of the roof of everybody, at the largest thread count."""
    works = [r for r in compared(records) if r["threads"] == max(threads)]
    names = ["ours", *RIVALS]
    figure = Figure(figsize=(7, 1.5 + 0.55 * len(works)), layout="constrained")
    axis = figure.subplots()
    height = 0.84 / len(names)
    for k, name in enumerate(names):
        mine = [(i, r) for i, r in enumerate(works) if name in r["seconds"]]
        places = [i + (k - (len(names) - 1) / 2) * height for i, _ in mine]
        lengths = [fraction(r, name) for _, r in mine]
        label = "fastmse" if name == "ours" else name
        axis.barh(places, lengths, height=height, color=COLOURS[k], label=label)
    axis.axvline(1, color="#999999", linewidth=0.8)
    axis.set(xlabel=f"fraction of the read roof, {threads_of(max(threads))}", ymargin=0.01)
    axis.set_yticks(range(len(works)), [title(record) for record in works])
    axis.invert_yaxis()
    axis.grid(visible=False, axis="y")
    legend(figure)
    return figure


def latency(records: list[Record], threads: list[int]) -> Figure:
    """Microseconds a call over n, ours and NumPy's."""
    mine = select(records, "latency", 1)
    works = list(dict.fromkeys(record["work"] for record in mine)) or [""]
    figure = Figure(figsize=(4.2 * len(works), 3.2), layout="constrained")
    for axis, work in zip(figure.subplots(1, len(works), squeeze=False)[0], works, strict=True):
        here = [record for record in mine if record["work"] == work]
        for name, colour in zip(("ours", "NumPy", "NumPy in place"), COLOURS, strict=False):
            y = [record["seconds"][name] * 1e6 for record in here]
            label = "fastmse" if name == "ours" else name
            axis.loglog([r["n"] for r in here], y, marker=".", color=colour, label=label)
        axis.set(title=work, xlabel="rows, n", ylabel="µs a call")
    legend(figure)
    return figure


def select(records: list[Record], group: str, n_threads: int) -> list[Record]:
    return [r for r in records if r["group"] == group and r["threads"] == n_threads]


def numpy(record: Record) -> float:
    return fraction(record, "NumPy in place")


def legend(figure: Figure) -> None:
    """One for all panels, above them."""
    named = [axis.get_legend_handles_labels() for axis in figure.axes]
    handles = {label: h for pair in named for h, label in zip(*pair, strict=True)}
    if handles:
        place = {"loc": "outside upper center", "ncols": len(handles), "columnspacing": 1.2}
        figure.legend(handles.values(), handles.keys(), fontsize=8, **place)


def curve(axis: Axes, mine: list[Record], of: Callable[[Record], float], **style: Any) -> None:
    """A figure of the records over d; nothing where there are none."""
    mine = sorted(mine, key=lambda record: record["d"])
    if mine:
        axis.plot([r["d"] for r in mine], [of(r) for r in mine], marker=".", **style)


DRAWN: dict[str, Callable[[list[Record], list[int]], Figure]] = {
    "roof.svg": roof,
    "dtypes.svg": dtypes,
    "rivals.svg": rivals,
    "latency.svg": latency,
}
FILES = {
    "roof.svg": "Fraction of the read roof over d; dotted, NumPy's best in-place form",
    "dtypes.svg": "Rows a second by storage type, over those of float64, C order",
    "rivals.svg": "Fraction of the read roof, rivals beside us",
    "latency.svg": "Time of a call over n",
}
