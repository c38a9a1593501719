"""``python -m benchmarks``: print the table."""

from __future__ import annotations

import argparse

from benchmarks import table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=table.__doc__)
    parser.add_argument("--quick", action="store_true", help="2 MiB arrays, 3 rounds: a try-out")
    parser.add_argument("--mib", type=float, default=256, help="size of the largest array")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--backend", default="cython")
    options = parser.parse_args()
    if options.quick:
        options.mib, options.rounds = 2, 3
    values = int(options.mib * 2**20 / 8)
    for line in table.lines(values, options.rounds, tuple(options.threads), options.backend):
        print(line, flush=True)


if __name__ == "__main__":
    main()
