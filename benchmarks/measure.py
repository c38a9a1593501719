"""One case on so many threads, measured: a record of its times and errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import exact, roof, rounds, stages
from benchmarks.cases import Case
from benchmarks.options import Options
from benchmarks.rivals import RIVALS
from benchmarks.rivals.rival import Answer, Call, Rival
from benchmarks.works import Work
from fastmse import backends

Record = dict[str, Any]


def measured(case: Case, n_threads: int, options: Options) -> Record:
    """Best seconds of the roofs, ours and everybody beside us, in interleaved rounds, and the
    errors of each on the first `options.exact_values` of the numbers.
    """
    head = {"group": case.group, "name": case.name, "threads": n_threads}
    if reason := case.missing():
        return {**head, "skipped": reason}
    rivals, backend = rivals_of(case, n_threads), options.backend
    work = case.make(options.values)
    timed: dict[str, Callable[[], object]] = {
        "roof": partial(roof.read, work.arrays, n_threads),
        "floor": partial(roof.compute, work.facts.flops, n_threads),
        **stages.calls(case, work, n_threads, backend),
        **calls(case, work, rivals, n_threads, backend),
    }
    facts: Record = work.facts._asdict()
    if case.twin is not None:
        twin = case.twin(options.values)
        timed["twin"] = partial(twin.ours, backend, n_threads)
        facts["twin_n"] = twin.facts.n
    if "cached" in timed:
        facts["cached_n"] = stages.cached_rows(case)
    with limited(n_threads, rivals):
        for call in timed.values():
            call()  # Numba and JAX compile here
        seconds = rounds.best(timed, options.rounds, settled=options.settled)
        found = errors(case, rivals, n_threads, options)
    return {**head, **facts, "seconds": seconds, "errors": found}


@contextmanager
def limited(n_threads: int, rivals: list[Rival]) -> Iterator[None]:
    """Where NumPy's BLAS and the rivals have so many threads.

    Make everything before: a library that is imported when CPUs are taken away never uses
    the others again.
    """
    with ExitStack() as limits:
        limits.enter_context(threadpool_limits(limits=n_threads, user_api="blas"))
        for rival in rivals:
            limits.enter_context(rival.threads())
        yield


def rivals_of(case: Case, n_threads: int) -> list[Rival]:
    """Those beside the case that are installed."""
    kinds = [RIVALS[name] for name in case.beside if name in RIVALS]
    return [kind(n_threads) for kind in kinds if not kind.missing()]


def calls(
    case: Case, work: Work, rivals: list[Rival], n_threads: int, backend: str
) -> dict[str, Call]:
    """Ours, our other backends', and those of the rivals that have this work."""
    ours = {"ours": backend} | {
        name: name for name in case.beside if backends.missing().get(name) == ""
    }
    found: dict[str, Call] = {
        name: partial(evaluated, work, backend, n_threads) for name, backend in ours.items()
    }
    theirs = {rival.name: work.of_rival(rival) for rival in rivals}
    return found | {name: call for name, call in theirs.items() if call is not None}


def evaluated(work: Work, backend: str, n_threads: int) -> Answer:
    return work.answer(work.ours(backend, n_threads))


def errors(case: Case, rivals: list[Rival], n_threads: int, options: Options) -> dict[str, Record]:
    """MSE in ulp, and the gradient in eps of the sizes of its terms, of all that are timed."""
    work = case.make(options.exact_values)
    right = work.exact()
    timed = calls(case, work, rivals, n_threads, options.backend)
    return {name: distance(call, right) for name, call in timed.items()}


def distance(call: Callable[[], Answer], right: list[exact.Exact]) -> Record:
    """The largest error of an answer, over the thetas that it is for."""
    answer = call()
    found = {"mse": max(map(exact.ulp, np.atleast_1d(answer.mse), (e.mse for e in right)))}
    if answer.grad is not None:
        found["grad"] = max(map(exact.eps, np.atleast_2d(answer.grad), right))
    return found
