"""``python -m benchmarks --cuda``: check, measure, write docs/benchmarks-cuda.json and its page."""

from __future__ import annotations

import gc
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import machine, records
from benchmarks.cuda import checks, makers, page, rivals, timing
from benchmarks.cuda.works import Work, make, ours, works
from fastmse import backends, device_arrays

ROUNDS = 20
QUICK_ROUNDS = 3


def render(root: Path) -> int:
    """The page of the JSON that is there, without a device."""
    run = records.load(root / "docs" / "benchmarks-cuda.json")
    write(run, root)
    return 0


def write(run: dict[str, Any], root: Path) -> None:
    (root / "docs" / "benchmarks-cuda.md").write_text(page.page(run), encoding="utf-8")


def main(root: Path, quick: bool) -> int:
    reason = backends.missing()["cuda"]
    if reason:
        print(f"no GPU is measured: {reason}", file=sys.stderr)
        return 1
    path = root / "docs" / "benchmarks-cuda.json"
    run = {**described(quick), "checks": [], "repeated": {}, "records": {}}
    library, random = makers.random()
    run["arrays"] = library
    run["checks"] = list(checks.against_cpu())
    for work in works(quick):
        if work.kind == "value" or work.d in (8, 512):
            small = Work(work.kind, work.dtype, min(work.n, 10**7), work.d)
            run["repeated"][work.key] = checks.repeated(small, random)
    for work in works(quick):
        run["records"][work.key] = measured(work, random, QUICK_ROUNDS if quick else ROUNDS)
        print(page.line_of(work.key, run["records"][work.key]), flush=True)
        records.save(run, path)
        write(run, root)
    return 0


def described(quick: bool) -> dict[str, Any]:
    from numba import cuda

    device = cuda.get_current_device()
    name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
    return {
        "command": "python -m benchmarks --cuda" + " --quick" * quick,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "quick": quick,
        "timed": timing.TIMED,
        "device": name,
        "compute_capability": ".".join(map(str, device.compute_capability)),
        "multiprocessors": int(device.MULTIPROCESSOR_COUNT),
        "processor": machine.processor(),
        "versions": {"fastmse": machine.versions()["fastmse"], **rivals.versions()},
    }


def measured(work: Work, random: Any, rounds: int) -> dict[str, Any]:
    """Seconds of the roof, ours and every rival's, in the same rounds."""
    free()
    start = time.perf_counter()
    arrays = make(work, random)
    calls = {"roof": roof(work, arrays), "fastmse": ours(work, arrays)}
    for name, rival in rivals.available().items():
        try:
            calls[name] = rival(work, arrays)
        except Exception as error:
            print(f"  {name}: left out ({type(error).__name__}: {error})", file=sys.stderr)
    seconds = timing.measure(calls, rounds)
    return {
        "kind": work.kind,
        "dtype": work.dtype,
        "n": work.n,
        "d": work.d,
        "read_bytes": work.read_bytes,
        "moved_bytes": work.moved_bytes,
        "seconds": seconds,
        "took": time.perf_counter() - start,
    }


def roof(work: Work, arrays: Any) -> Any:
    from fastmse.kernels.cuda.roof import read_roof

    places = [device_arrays.read(a, "array") for a in (arrays.x, arrays.y)]
    sizes = [place.size * place.itemsize for place in places]
    return lambda: read_roof([place.pointer for place in places], sizes, 0)


def free() -> None:
    """What libraries keep of earlier arrays: 1e9 of float64 take 8 GB each."""
    gc.collect()
    for name, release in (
        ("cupy", lambda cupy: cupy.get_default_memory_pool().free_all_blocks()),
        ("torch", lambda torch: torch.cuda.empty_cache()),
    ):
        if name in sys.modules:
            release(sys.modules[name])
