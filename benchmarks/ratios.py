"""What a record is judged by: figures that one run's times give, none of them a time alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.rivals import NumPy, NumPyInPlace

Record = dict[str, Any]
IN_PLACE = NumPyInPlace.name

PER_THETA = 64
"""Bytes for each thread, theta and feature: eight doubles of sums, parameters and scratch."""

PER_PRODUCT = 160
"""Bytes for each element of a Gram matrix: ten in double-double, of blocks, copies and inverse."""


def fraction(record: Record, name: str = "ours") -> float:
    """Of the read roof."""
    return record["seconds"]["roof"] / record["seconds"][name]


def floor(record: Record) -> float:
    """Of the time that the arithmetic alone takes."""
    return record["seconds"]["floor"] / record["seconds"]["ours"]


def without_gradient(record: Record) -> float:
    """The fraction of the roof when no gradient is asked for: each row is touched once."""
    return fraction(record, "value")


def from_cache(record: Record) -> float:
    """The fraction of the roof that the kernel would reach if memory cost nothing."""
    return record["cached_n"] / record["n"] * fraction(record, "cached")


def times_faster(record: Record, name: str = IN_PLACE) -> float:
    return record["seconds"][name] / record["seconds"]["ours"]


def rows(record: Record) -> float:
    """Rows a second, over those of float64."""
    return record["n"] / record["twin_n"] * record["seconds"]["twin"] / record["seconds"]["ours"]


def thetas(record: Record) -> float:
    """Time, over that of one theta."""
    return record["seconds"]["ours"] / record["seconds"]["twin"]


def numba(record: Record) -> float:
    """Numba's time over ours."""
    return record["seconds"]["numba"] / record["seconds"]["ours"]


def bandwidth(record: Record, name: str = "ours") -> float:
    """GB/s."""
    return record["bytes"] / record["seconds"][name] / 1e9


def microseconds(record: Record) -> float:
    return record["seconds"]["ours"] * 1e6


def megabytes(record: Record) -> float:
    """Peak memory beyond what threads, thetas and features are granted, in MB; 0 below."""
    granted = PER_THETA * record["threads"] * record["K"] * record["d"]
    if record["group"] == "fit memory" and record["work"] != "cg":
        granted += PER_PRODUCT * record["d"] ** 2
    return max(record["peak"] - granted, 0) / 1e6


def peak(record: Record) -> float:
    """Flops of the upper triangle, in the speed of NumPy's product of square matrices."""
    speed = record["flops"] / record["seconds"]["ours"]
    return speed * record["seconds"]["peak"] / record["peak flops"]


def fit_times(record: Record, name: str) -> float:
    """Their whole fit over ours."""
    return record["seconds"][name] / record["seconds"]["fit"]


def a_pass(record: Record) -> float:
    """The fraction of the roof of one pass of a fit, all its other costs included."""
    return record["passes"] * fraction(record)


def million_fits(record: Record) -> float:
    """A second, in millions."""
    return record["curves"] / record["seconds"]["ours"] / 1e6


def fits_times(record: Record) -> float:
    """Fits a second, over those of curve_fit."""
    theirs = record["sample"] / record["seconds"]["curve_fit"]
    return million_fits(record) * 1e6 / theirs


def excess(record: Record) -> float:
    """Failures beyond those of curve_fit on the same data."""
    return record["failures"] - record["their failures"]


RATIOS: dict[str, Callable[[Record], float]] = {
    "fraction of the roof": fraction,
    "times NumPy in place": times_faster,
    "without the gradient": without_gradient,
    "from the cache": from_cache,
    "rows/s over float64": rows,
    "time over one theta": thetas,
    "Numba's time over Cython's": numba,
    "GB/s": bandwidth,
    "µs": microseconds,
    "MB": megabytes,
    "fraction of the dgemm peak": peak,
    "fit, fraction of the roof": partial(fraction, name="fit"),
    "fit, times scikit-learn": partial(fit_times, name="scikit-learn"),
    "fit, times scikit-learn-intelex": partial(fit_times, name="scikit-learn-intelex"),
    "gram2, fraction of the roof": partial(fraction, name="gram2"),
    "times NumPy": partial(times_faster, name=NumPy.name),
    "times curve_fit": partial(times_faster, name="curve_fit"),
    "times lmfit": partial(times_faster, name="lmfit"),
    "passes": lambda record: record["passes"],
    "fraction of the roof, a pass": a_pass,
    "digits in common": lambda record: record["digits"],
    "million fits/s": million_fits,
    "fits/s, times curve_fit": fits_times,
    "iterations": lambda record: record["iterations"],
    "failures": lambda record: record["failures"],
    "failures of curve_fit": lambda record: record["their failures"],
    "failures in excess": excess,
    "s": lambda record: record["seconds"]["ours"],
    "again, ms": lambda record: record["seconds"]["again"] * 1e3,
    "another of the same text, ms": lambda record: record["seconds"]["anew"] * 1e3,
}


def ratio(record: Record, name: str) -> float | None:
    """The figure; None where the record does not hold what it is made of."""
    try:
        return RATIOS[name](record)
    except KeyError:
        return None
