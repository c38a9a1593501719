"""The tables of the report: one for each group of works, a row for each record."""

from __future__ import annotations

from typing import Any, NamedTuple

from benchmarks import markdown
from benchmarks.ratios import RATIOS, bandwidth, floor, ratio
from benchmarks.summary import verdict
from benchmarks.targets import targets_of

Record = dict[str, Any]


class Section(NamedTuple):
    title: str
    group: str
    figures: tuple[str, ...]
    note: str = ""  # what was done, where the title does not say it


ROOF, IN_PLACE, VALUE, CACHED, ROWS, THETAS, NUMBA = tuple(RATIOS)[:7]
SPEED = (ROOF, IN_PLACE, NUMBA)
FITS = tuple(RATIOS)[10:15]
NUMPY, *NONLINEAR = tuple(RATIOS)[15:]
FIT, MANY, FIRST = NONLINEAR[:5], NONLINEAR[5:11], NONLINEAR[11:]
PARTS = (VALUE, CACHED)

PEAK = """\
`b1*exp(-((x - b2)/b3)**2) + b4 + b5*x` at up to 10⁷ points, value and gradient. The compute floor
is that of 61 additions and multiplications a row, 37 of them for exp. Errors are against 40 digits,
so they include those of the exp that everybody uses."""
FITTED = """\
The same peak, 10⁶ points, from the same start to the default tolerances; `curve_fit` has exact
derivatives by NumPy. A pass reads x and y once; its fraction of the roof has all costs of the fit
in it."""
SPOTS = """\
The example of Gpufit: five parameters, normal noise, starts up to 20 % off; `curve_fit`, with exact
derivatives, fits the first 2000 one by one. A fit has failed where it says so, or where the other's
SSE is lower by more than 10⁻⁶ of it."""
FRESH = """\
The seconds from the start of a process to its first fit, of 500 points: Python, imports,
derivatives and compilation."""
SECTIONS = (
    Section("Predictions", "predictions", SPEED),
    Section("A linear model, C order", "C order", (*SPEED, *PARTS)),
    Section("A linear model, F order", "F order", (*SPEED, *PARTS)),
    Section("A linear model of a table's own columns", "table", (*SPEED, *PARTS)),
    Section("With weights", "weights", (*SPEED, *PARTS)),
    Section("Storage types", "dtypes", (ROOF, ROWS, NUMBA, *PARTS)),
    Section("Four thetas at once", "thetas", (ROOF, THETAS, NUMBA, *PARTS)),
    Section("Linear fits", "fits", (ROOF, *FITS)),
    Section("A nonlinear model", "nonlinear", (ROOF, NUMPY, IN_PLACE, NUMBA), PEAK),
    Section("Nonlinear fits", "nonlinear fit", tuple(FIT), FITTED),
    Section("Many nonlinear fits", "fit_many", tuple(MANY), SPOTS),
    Section("The first nonlinear fit of a process", "first fit", tuple(FIRST), FRESH),
    Section("In the cache", "cache", (ROOF, "GB/s")),
    Section("Peak extra memory", "memory", ("MB",)),
    Section("Peak extra memory of fits", "fit memory", ("MB",)),
    Section("Peak extra memory of nonlinear fits", "nonlinear memory", ("MB",)),
)


def table(section: Section, records: list[Record]) -> list[str]:
    """Each figure of the section with its target beside it; errors at the end."""
    mine = [r for r in records if r["group"] == section.group and "skipped" not in r]
    if not mine:
        return ["Not measured."]
    titles = ["work", "threads", "roof, GB/s", *section.figures, "fraction of the compute floor",
              "MSE, ulp", "gradient, eps"]  # fmt: skip
    return markdown.table(titles, [row(section, record) for record in mine])


def row(section: Section, record: Record) -> list[str]:
    has_roof = "roof" in record.get("seconds", {})
    return [
        record["name"],
        str(record["threads"]),
        f"{bandwidth(record, 'roof'):.1f}" if has_roof else "",
        *(judged(record, figure) for figure in section.figures),
        of_the_floor(record),
        error(record, "mse"),
        error(record, "grad"),
    ]


def judged(record: Record, figure: str) -> str:
    """The figure with its target: "0.93 (≥ 0.9)", and "**miss**" behind it where it is one."""
    value = ratio(record, figure)
    if value is None:
        return ""
    targets = [target for target in targets_of(record) if target.figure == figure]
    bounds = "".join(f" ({target.says(record['threads'])})" for target in targets)
    verdicts = "".join(f" {verdict(t)}" for t in targets if t.reached(record) is False)
    return f"{value:.2f}{bounds}{verdicts}"


def of_the_floor(record: Record) -> str:
    """Fraction of what the arithmetic alone would take; "limit" where that exceeds the read."""
    if "floor" not in record.get("seconds", {}):
        return ""
    is_limit = record["seconds"]["floor"] > record["seconds"]["roof"]
    return f"{floor(record):.2f}" + " (the limit)" * is_limit


def error(record: Record, of: str, name: str = "ours") -> str:
    found = record.get("errors", {}).get(name, {}).get(of)
    return "" if found is None else f"{found:.2f}"
