"""One result: 240 random problems, bit-equal however they are computed.

    python tests/bits.py

`sse`, `mse`, `sigma2`, `grad` and the sum of the weights over threads {1, 2} x backends {cython,
numba} x the instruction sets this CPU runs (Numba: native and x86-64-v2) x ten random streamings,
over all dtypes and layouts, tables, and up to 16 thetas; of nonlinear models the normal matrix and
the Hessian, too. One process per backend and instruction
set, as many at once as there are cores; each prints a digest a problem, and compares threads and
streamings within itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from bit_problems import Problem, cuts, linear_problem, model_problem, prediction_problem

from fastmse import backends
from fastmse.kernels import compiled

PREDICTIONS, LINEAR, MODELS = range(50), range(50, 200), range(200, 240)
PROBLEMS = len(PREDICTIONS) + len(LINEAR) + len(MODELS)
STREAMINGS = 10


def problem(seed: int, backend: str) -> Problem:
    if seed in MODELS:
        return model_problem(seed, backend)
    return (prediction_problem if seed in PREDICTIONS else linear_problem)(seed, backend)


def digests(backend: str) -> Iterator[str]:
    """A digest of each problem; raises if threads or streamings disagree."""
    backends.SERIAL_DOUBLES = 0  # two threads mean two, however small the problem
    for seed in range(PROBLEMS):
        n, at_once, streamed, whole = problem(seed, backend)
        first = at_once(1)
        if at_once(2) != first:
            raise SystemExit(f"{backend}, problem {seed}: 2 threads differ from 1")
        rng = np.random.default_rng(seed)
        for _ in range(STREAMINGS):
            if streamed(cuts(rng, n)) != whole:
                raise SystemExit(f"{backend}, problem {seed}: a streaming differs")
        yield first


def configurations() -> list[tuple[str, dict[str, str]]]:
    cython = [("cython", {"FASTMSE_ISA": isa}) for isa in compiled.supported()]
    return [
        *cython,
        ("numba", {}),
        ("numba", {"NUMBA_CPU_NAME": "x86-64-v2", "NUMBA_CPU_FEATURES": ""}),
    ]


def run(backend: str, environment: dict[str, str]) -> list[str]:
    output = subprocess.run(
        [sys.executable, __file__, backend],
        # Threads that spin while they wait would slow down the processes beside this one.
        env={
            **os.environ,
            **environment,
            "OMP_WAIT_POLICY": "passive",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        timeout=600,
    )
    if output.returncode:
        raise AssertionError(f"{backend} {environment}: {output.stderr.strip() or output.stdout}")
    result: list[str] = json.loads(output.stdout)
    return result


def main() -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        everything = dict(pool.map(lambda c: (str(c), run(*c)), configurations()))
    (_, expected), *others = everything.items()
    for name, found in others:
        unequal = [i for i, (a, b) in enumerate(zip(expected, found, strict=True)) if a != b]
        if unequal:
            raise SystemExit(f"{name}: problems {unequal} differ")
    print(f"{PROBLEMS} problems, {STREAMINGS} streamings each, threads 1 and 2: equal bits in")
    print("\n".join(everything))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(list(digests(sys.argv[1]))))
    else:
        main()
