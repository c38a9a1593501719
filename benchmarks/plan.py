"""Every step of a run: its key, and the function that makes its record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from benchmarks import first_fits, fits, latency, many_fits, measure, memory, nonlinear_fits
from benchmarks.cases import cases
from benchmarks.options import Options
from benchmarks.summary import threads


class Step(NamedTuple):
    key: str
    record: Callable[[], dict[str, Any]]


def steps(options: Options) -> Iterator[Step]:
    """In the order of the report."""
    yield from speed(options)
    yield from fitted(options)
    yield from nonlinear(options)
    yield from small(options)
    yield from peaks(options)


def speed(options: Options) -> Iterator[Step]:
    for case in cases(quick=options.quick):
        for n in options.threads:
            record = partial(measure.measured, case, n, options)
            yield Step(f"{case.group}: {case.name}, {threads(n)}", record)


def fitted(options: Options) -> Iterator[Step]:
    for problem in fits.problems(quick=options.quick):
        for n in options.threads:
            record = partial(fits.measured, problem, options.rounds, n, quick=options.quick)
            yield Step(f"fits: {fits.name_of(problem)}, {threads(n)}", record)


def nonlinear(options: Options) -> Iterator[Step]:
    for kind in (nonlinear_fits, many_fits):
        for n in options.threads:
            record = partial(kind.measured, n, options)
            yield Step(f"{kind.GROUP}: {kind.NAME}, {threads(n)}", record)
    for name in first_fits.MODELS:
        record = partial(first_fits.measured, name, quick=options.quick)
        yield Step(f"{first_fits.GROUP}: {name}", record)


def small(options: Options) -> Iterator[Step]:
    yield Step(f"cache: {latency.IN_CACHE} elements", partial(latency.in_cache, options))
    for name, n in latency.points(options):
        yield Step(f"latency: {name}, n = {n}", partial(latency.measured, name, n, options))


def peaks(options: Options) -> Iterator[Step]:
    values, n_threads, backend = options.memory_values, max(options.threads), options.backend
    problems = {"memory": memory.problems, "fit memory": memory.fits}
    for group, of_group in problems.items():
        for problem in of_group(quick=options.quick):
            record = partial(memory.measured, problem, values, n_threads, backend)
            yield Step(f"{group}: {memory.name_of(problem)}", record)
    for problem in memory.nonlinear():
        record = partial(
            memory.measured, problem, nonlinear_fits.points(options), n_threads, backend
        )
        yield Step(f"nonlinear memory: {memory.name_of(problem)}", record)
