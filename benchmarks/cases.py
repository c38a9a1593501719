"""What is timed against the roof: every work of the targets, and who runs beside us."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from benchmarks.rivals import RIVALS
from benchmarks.works import Columns, Linear, Peak, Predictions, Work

NARROW = [1, 2, 3, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 500, 512]
WIDE = [1000, 1024, 2000, 2048, 4096, 10000, 16384]
MAIN = [8, 50, 200, 2000]
QUICK = [8, 200]
DTYPE_FEATURES = [64, 128, 256, 512, 1024]
DTYPES = ["float32", "float16", "bfloat16", "int8"]
THETA_FEATURES = [50, 100, 200, 500]

IN_PLACE = ("NumPy in place",)
EVERYBODY = ("numba", *RIVALS)

Make = Callable[[int], Work]


def present() -> str:
    return ""


@dataclass(frozen=True)
class Case:
    """A work, made in memory for so many float64 values, with those timed in the same rounds."""

    group: str
    name: str
    make: Make
    beside: tuple[str, ...] = ()  # rivals, and backends of ours
    twin: Make | None = None  # the same in float64, or of one theta
    missing: Callable[[], str] = present  # why it cannot be made here


def cases(*, quick: bool = False) -> list[Case]:
    """All of them; a quick run keeps a few widths."""
    kept = QUICK if quick else NARROW + WIDE
    return [
        *predictions(),
        *linear("C", kept),
        *linear("F", kept),
        *by_table(kept),
        *weighted(QUICK if quick else MAIN),
        *dtypes([256] if quick else DTYPE_FEATURES),
        *thetas([200] if quick else THETA_FEATURES),
        *nonlinear(),
    ]


def predictions() -> Iterator[Case]:
    for name, grad in (("value", False), ("value + gradient", True)):
        yield Case("predictions", name, partial(Predictions, grad=grad), EVERYBODY)


def linear(order: str, features: list[int]) -> Iterator[Case]:
    for d in features:
        beside = EVERYBODY if d in MAIN else IN_PLACE
        yield Case(f"{order} order", f"d = {d}", partial(Linear, d=d, order=order), beside)


def by_table(features: list[int]) -> Iterator[Case]:
    for d in features:
        make = partial(Columns, d=d)
        yield Case("table", f"d = {d}", make, IN_PLACE, missing=Columns.missing)


def weighted(features: list[int]) -> Iterator[Case]:
    for d in features:
        yield Case("weights", f"d = {d}", partial(Linear, d=d, weighted=True), ("numba",))


def dtypes(features: list[int]) -> Iterator[Case]:
    for dtype in DTYPES:
        for d in features:
            make = partial(Linear, d=d, dtype=dtype)
            beside = ("numba",) if d == 256 else ()
            yield Case("dtypes", f"{dtype}, d = {d}", make, beside, partial(Linear, d=d))


def thetas(features: list[int]) -> Iterator[Case]:
    for d in features:
        make = partial(Linear, d=d, n_thetas=4)
        beside = ("numba",) if d == 200 else ()
        yield Case("thetas", f"4 thetas, d = {d}", make, beside, partial(Linear, d=d))


def nonlinear() -> Iterator[Case]:
    yield Case("nonlinear", "peak, value + gradient", Peak, EVERYBODY, missing=Peak.missing)
