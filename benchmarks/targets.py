"""What was promised: every row of the table of targets, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf
from typing import Any

from benchmarks.ratios import RATIOS, ratio

Record = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A bound on one figure of the records of some groups."""

    key: str  # of its explanation in explanations.toml
    work: str
    figure: str  # of ratios.RATIOS
    bounds: dict[int, float]  # by thread count; more threads have the last one's
    groups: tuple[str, ...]
    names: str = ".*"  # a pattern of the record's name
    d: tuple[float, float] = (0, inf)
    at_most: bool = False
    exempt: str = ""  # why a miss does not count

    def concerns(self, record: Record) -> bool:
        """Whether the record is one of those that the target is about."""
        return (
            record["group"] in self.groups
            and re.fullmatch(self.names, record["name"]) is not None
            and self.d[0] <= width(record) <= self.d[1]
            and self.bound(record["threads"]) is not None
        )

    def bound(self, n_threads: int) -> float | None:
        below = [n for n in self.bounds if n <= n_threads]
        return self.bounds[max(below)] if below else None

    def reached(self, record: Record) -> bool | None:
        """None where the record does not hold the figure."""
        value, bound = ratio(record, self.figure), self.bound(record["threads"])
        if value is None or bound is None:
            return None
        return value <= bound if self.at_most else value >= bound

    def from_worst(self, records: list[Record]) -> list[Record]:
        """Records that hold the figure, the worst first."""
        return sorted(records, key=RATIOS[self.figure], reverse=self.at_most)

    def says(self, n_threads: int) -> str:
        bound = self.bound(n_threads)
        return "" if bound is None else f"{'≤' if self.at_most else '≥'} {bound:g}"


def width(record: Record) -> float:
    """d, also of a record that was skipped and of one that has none."""
    _, _, d = record["name"].rpartition("d = ")
    return record.get("d", int(d) if d.isdecimal() else 1)


def both(one: float, two: float | None = None) -> dict[int, float]:
    return {1: one, 2: one if two is None else two}


ROOF, IN_PLACE, ROWS = "fraction of the roof", "times NumPy in place", "rows/s over float64"
NUMBA = "Numba's time over Cython's"
PEAK, SKLEARN = "fraction of the dgemm peak", "fit, times scikit-learn"
FITS = ("fits",)
C, F, TABLE = ("C order",), ("F order",), ("table",)

TARGETS = (
    Target("value", "predictions, value", ROOF, both(0.95), ("predictions",), "value"),
    Target("gradient", "predictions, value + gradient into `out=`", ROOF, both(1.15),
           ("predictions",), r"value \+ gradient"),
    Target("c-narrow", "`Linear.evaluate`, C order, d ≤ 512", ROOF, both(0.90), C, d=(1, 512)),
    Target("c-wide", "`Linear.evaluate`, C order, d ≥ 1000", ROOF, both(0.72, 0.88), C,
           d=(1000, inf)),
    Target("f-roof", "`Linear.evaluate`, F order", ROOF, both(0.75), F),
    Target("f-numpy", "`Linear.evaluate`, F order", IN_PLACE, both(1.5), F),
    Target("table-roof", "`Linear.evaluate`, a table's own columns", ROOF, both(0.75), TABLE),
    Target("table-numpy", "`Linear.evaluate`, a table's own columns", IN_PLACE, both(1.5), TABLE),
    Target("weights", "`Linear.evaluate` with `sample_weight`, C order", ROOF, both(0.88),
           ("weights",)),
    Target("float32", "float32, d = 64 to 1024", ROWS, both(1.5, 1.8), ("dtypes",), "float32, .*"),
    Target("float16", "float16", ROWS, both(1.8, 2.3), ("dtypes",), "float16, .*"),
    Target("bfloat16", "bfloat16", ROWS, both(1.8, 2.3), ("dtypes",), "bfloat16, .*"),
    Target("int8", "int8", ROWS, both(1.9, 2.5), ("dtypes",), "int8, .*"),
    Target("thetas", "4 thetas at once, d = 50 to 500", "time over one theta", both(2, 1.5),
           ("thetas",), at_most=True),
    Target("numpy-predictions", "predictions against NumPy", IN_PLACE, {2: 2}, ("predictions",)),
    Target("numpy-narrow", "C order against NumPy, d = 8 to 256", IN_PLACE, {2: 3.5}, C,
           d=(8, 256)),
    Target("numpy-wide", "C order against NumPy, d above 256", IN_PLACE, {2: 1.8}, C, d=(257, inf)),
    Target("numba", "Numba against Cython", NUMBA, both(1.25),
           (*C, *F, "weights", "dtypes", "thetas"), at_most=True),
    Target("numba-value", "Numba against Cython, predictions, value", NUMBA, both(1.25),
           ("predictions",), "value", at_most=True),
    Target("numba-gradient", "Numba against Cython, predictions, value + gradient", NUMBA,
           both(1.25), ("predictions",), r"value \+ gradient", at_most=True,
           exempt="exempt: no non-temporal stores in Numba"),
    Target("gram-roof", "Gram matrix, d ≤ 10", ROOF, both(0.65), FITS, d=(1, 10)),
    Target("gram-peak", "Gram matrix, d = 64 to 128", PEAK, both(0.40), FITS, d=(64, 128)),
    Target("gram-wide", "Gram matrix, d ≥ 200", PEAK, both(0.55), FITS, d=(200, inf)),
    Target("fit-roof", "fit, d ≤ 10", "fit, fraction of the roof", both(0.35), FITS, d=(1, 10)),
    Target("fit-narrow", "fit, d ≤ 100", SKLEARN, both(20), FITS, d=(1, 100)),
    Target("fit-200", "fit, d = 101 to 200", SKLEARN, both(8), FITS, d=(101, 200)),
    Target("fit-500", "fit, d = 201 to 500", SKLEARN, both(4), FITS, d=(201, 500)),
    Target("fit-intelex", "fit, all d", f"{SKLEARN}-intelex", both(1.5), FITS),
    Target("nonlinear-numpy", "`Expression.evaluate`, a peak of 5 parameters", "times NumPy",
           {2: 6}, ("nonlinear",)),
    Target("nonlinear-fit", "`Expression.fit` against `curve_fit` with exact derivatives",
           "times curve_fit", {2: 10}, ("nonlinear fit",)),
    Target("nonlinear-digits", "the θ of both", "digits in common", both(6), ("nonlinear fit",)),
    Target("fit-many", "`Expression.fit_many`, 2-D Gaussians of 5 x 5 points", "million fits/s",
           {2: 0.5}, ("fit_many",)),
    Target("fit-many-failures", "more of them failed than of `curve_fit`", "failures in excess",
           both(0), ("fit_many",), at_most=True),
    Target("first-fit", "the first fit of a process, imports included", "s", both(2.5),
           ("first fit",), at_most=True),
    Target("next-fit", "the next fit of the same expression", "again, ms", both(10),
           ("first fit",), at_most=True),
    Target("nonlinear-memory", "peak extra memory of a nonlinear fit", "MB", both(16),
           ("nonlinear memory",), "Expression.*", at_most=True),
    Target("cache", "in cache: the value kernel at n = 10⁵, one core", "GB/s", both(60),
           ("cache",)),
    Target("call-mse", "one call: `mse` at n = 100", "µs", both(1.5), ("latency",),
           "mse, n = 100", at_most=True),
    Target("call-linear", "one call: `Linear.evaluate` at 100 × 5", "µs", both(4), ("latency",),
           "Linear.evaluate, d = 5, n = 100", at_most=True),
    Target("memory", "peak extra memory, beyond 64 B · threads · K · d", "MB", both(8),
           ("memory",), at_most=True),
    Target("fit-memory", "peak extra memory of a fit, beyond 160 B · d² and as above", "MB",
           both(16), ("fit memory",), at_most=True),
)  # fmt: skip


def targets_of(record: Record) -> list[Target]:
    return [target for target in TARGETS if target.concerns(record)]
