"""The options of ``python -m benchmarks``."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import exact


@dataclass(frozen=True)
class Options:
    """What the numbers of a run depend on; two runs of other options do not mix."""

    mib: float = 256
    rounds: int = 20
    threads: tuple[int, ...] = (1, 2)
    backend: str = "cython"
    quick: bool = False

    @property
    def values(self) -> int:
        """float64 values in the largest array."""
        return int(self.mib * 2**20 / 8)

    @property
    def exact_values(self) -> int:
        """float64 values on which errors are counted."""
        return min(self.values, 10_000 if self.quick else exact.MAX_VALUES)

    @property
    def settled(self) -> bool:
        """Whether a call waits until nobody's threads spin."""
        return not self.quick

    @property
    def memory_values(self) -> int:
        return 20_000_000 if self.quick else 200_000_000

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "threads": list(self.threads)}


QUICK = Options(mib=16, rounds=3, quick=True)


def parser(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=description)
    add = parser.add_argument
    add("--quick", action="store_true", help="few works, small arrays: a try of a minute")
    add("--mib", type=float, help="size of the largest array (256)")
    add("--rounds", type=int, help="interleaved rounds, of which the best counts (20)")
    add("--threads", type=int, nargs="+", help="thread counts (1 2)")
    add("--backend", help="of fastmse (cython)")
    add("--only", metavar="REGEX", default="", help="measure these again, and keep the rest")
    add("--resume", action="store_true", help="measure what the JSON does not hold yet")
    add("--cuda", action="store_true", help="the kernels on a GPU, and nothing else: two minutes")
    add("--render", action="store_true", help="measure nothing: write the pages from the JSON")
    return parser


NAMES = ("mib", "rounds", "threads", "backend")


def of(arguments: argparse.Namespace) -> Options:
    """The defaults, or those of a quick run, with what was given instead."""
    base = QUICK if arguments.quick else Options()
    given = {name: value for name in NAMES if (value := getattr(arguments, name)) is not None}
    if "threads" in given:
        given["threads"] = tuple(given["threads"])
    return Options(**{**asdict(base), **given})


def command(arguments: argparse.Namespace) -> str:
    """What measures all of it with these options, whatever part was asked for now."""
    words = ["python -m benchmarks", *["--quick"] * arguments.quick]
    for name in NAMES:
        value = getattr(arguments, name)
        if value is not None:
            words += [f"--{name}", *map(str, value if name == "threads" else [value])]
    return " ".join(words)
