"""Forks, threads and signals, each in a process of its own with a time limit.

No hang, no abort, no traceback from a child; the same bits everywhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LIMIT = 240  # s; a hang is for ever, a compilation on a busy machine is not
SERVED = 0.1  # s from Ctrl-C to KeyboardInterrupt

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

START = """
import json, multiprocessing, os, signal, sys, threading, time
import numpy as np
import fastmse as fm
from fastmse.models.predictions import PredictionStream

rng = np.random.default_rng(0)
y, f = rng.normal(size=(2, 300_000))
X, theta = y.reshape(-1, 8), np.ones(8)
WORKS = ["predictions", "predictions in numba", "linear", "model"]
curve = fm.Expression("a*exp(-b*x*x)", ["a", "b"])

def work(name, n_threads=2):
    "Numbers and gradient; one kernel in Numba, since compiling is what costs."
    if name == "linear":
        e = fm.Linear().evaluate(X, f[: len(X)], theta, n_threads=n_threads)
    elif name == "model":
        e = curve.evaluate(y, f, [1.0, 0.5], n_threads=n_threads)
    else:
        backend = "numba" if "numba" in name else "cython"
        e = fm.evaluate(y, f, backend=backend, n_threads=n_threads)
    return e.sse, e.grad.tobytes()

def expectations():
    first = work("predictions")
    others = {name: work(name) for name in ("linear", "model")}
    return {"predictions": first, "predictions in numba": first, **others}

def streamed(stream):
    for rows in (slice(0, 100_000), slice(100_000, None)):
        stream.update(y[rows], f[rows])
    return stream.finalize().sse
"""


def run(code: str, *arguments: str, limit: float = LIMIT, **environment: str) -> Any:
    """What the code prints, as JSON; it must end well and say nothing on stderr."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", START + code, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)  # its children hold the pipes
            output, errors = process.communicate()
            pytest.fail(f"hangs; so far: {output}{errors}")
    assert errors == ""
    assert process.returncode == 0
    return json.loads(output)


FORKS = """
expected = expectations()
work("predictions in numba", n_threads=1)  # so that no child has to compile

def equal():
    return all(work(name) == expected[name] for name in WORKS)

def child(depth):
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    status = 1
    try:
        status = 0 if equal() and (depth == 1 or child(depth - 1) == 0) else 2
    finally:
        os._exit(status)

results = {"parent": equal()}
results["fork"] = child(1) == 0
results["fork of a fork of a fork"] = child(3) == 0
with multiprocessing.get_context("fork").Pool(2) as pool:
    results["pool"] = pool.map(work, WORKS * 3) == [*expected.values()] * 3
results["parent again"] = equal()
print(json.dumps(results))
"""


@pytest.mark.slow
@posix
def test_forks_after_use_in_the_parent() -> None:
    results = run(FORKS)
    assert all(results.values()), results


@posix
def test_a_stream_crosses_a_fork() -> None:
    """It was made where threads were to be had, and goes on where there are none."""
    code = """
work("predictions")
expected, stream = streamed(PredictionStream(n_threads=2)), PredictionStream(n_threads=2)
pid = os.fork()
if pid == 0:
    status = 1
    try:
        status = 0 if streamed(stream) == expected else 2
    finally:
        os._exit(status)
print(os.waitpid(pid, 0)[1])
"""
    assert run(code, limit=30) == 0


THREADS = """
barrier, failed = threading.Barrier(8), []
expected = expectations()

def loop(number):
    barrier.wait()
    for i in range(24):
        # The first calls compile, all at once.
        name = "predictions in numba" if i == 0 else WORKS[(i + number) % len(WORKS)]
        if work(name) != expected[name]:
            failed.append((number, i, name))
    if streamed(PredictionStream(n_threads=2)) != expected["predictions"][0]:
        failed.append((number, "stream"))

crew = [threading.Thread(target=loop, args=(number,)) for number in range(8)]
for thread in crew:
    thread.start()
for thread in crew:
    thread.join()
from fastmse.kernels.jit import backend as jit
print(json.dumps([failed, jit.describe()["threading_layer"]]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NUMBA_THREADING_LAYER": "workqueue"},
        {"NUMBA_THREADING_LAYER_PRIORITY": "workqueue omp tbb"},
    ],
    ids=["default", "workqueue", "workqueue first"],
)
def test_eight_threads_at_once(environment: dict[str, str]) -> None:
    failed, layer = run(THREADS, **environment)
    assert failed == []
    if environment:
        assert "serial" in layer


INTERRUPTS = """
backend = sys.argv[1]
n = 2**33
many, wide = np.broadcast_to(1.0, n), np.broadcast_to(np.arange(8.0), (n // 8, 8))
# 2e8 elements in memory (the system's one page of zeros) that no single stride describes.
strided = np.zeros((20_000, 20_000), "i1")[:, ::2]
line = fm.Linear()
options = {"backend": backend, "n_threads": 2}

CALLS = {
    "predictions": lambda: fm.mse(many, many, **options),
    "weights": lambda: fm.mse(many, many, sample_weight=many, **options),
    "strided": lambda: fm.mse(strided, strided, **options),
}
if backend != "numba":
    CALLS["linear"] = lambda: line.evaluate(wide, many[: n // 8], theta, **options)
    curve.evaluate(y, f, [1.0, 0.5], **options)  # compiled
    CALLS["model"] = lambda: curve.evaluate(many, many, [1.0, 0.5], **options)
if backend == "cython":
    CALLS["fit"] = lambda: line.fit(wide, many[: n // 8])

def interrupted(call):
    "Seconds from the signal to KeyboardInterrupt; None if the call ended before."
    sent = []

    def send():
        time.sleep(0.05)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=send)
    try:
        sender.start()
        call()
        sender.join()
        time.sleep(1)
    except KeyboardInterrupt:
        seconds = time.monotonic() - sent[0]
        sender.join()
        return seconds

def best(call):
    "A busy machine only adds."
    seconds = []
    for attempt in range(8):
        seconds.append(interrupted(call))
        if seconds[-1] is None or seconds[-1] < 0.1:
            break
    return seconds[-1] and min(seconds)

expected = fm.mse(y, f, sample_weight=np.ones(len(y)), **options)
served = {name: best(call) for name, call in CALLS.items()}
usable = fm.mse(y, f, sample_weight=np.ones(len(y)), **options) == expected
print(json.dumps([usable, served]))
"""


@posix
@pytest.mark.parametrize(
    "backend", ["numpy", "cython", pytest.param("numba", marks=pytest.mark.slow)]
)
def test_ctrl_c_is_served(backend: str) -> None:
    usable, served = run(INTERRUPTS, backend)
    assert usable
    assert all(seconds is not None and seconds < SERVED for seconds in served.values()), served


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
def test_import_and_small_work_start_no_thread() -> None:
    code = """
def count():
    return len(os.listdir("/proc/self/task"))

before = count()
for _ in range(3):
    fm.mse(y[:1000], f[:1000])
    fm.Linear().evaluate(X[:100], y[:100], theta)
small = count() - before
fm.mse(y, f, n_threads=3)
print(json.dumps([small, count() - before]))
"""
    assert run(code) == [0, 2]


LATE_IMPORT = """
import ctypes, os, sys
import numpy as np
gomp = ctypes.CDLL("libgomp.so.1")
nothing = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)
gomp.GOMP_parallel(nothing, None, 4, 0)  # somebody's OpenMP pool
if os.fork() == 0:
    import fastmse as fm
    assert fm.threads.forked()
    assert fm.mse(np.ones(10**6), np.zeros(10**6), n_threads=2) == 1.0
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="knows a fork before the import on Linux only")
def test_a_child_that_imports_after_a_fork_is_serial() -> None:
    # Python 3.12 warns of a fork beside threads, which is what this is about.
    command = [sys.executable, "-W", "ignore:This process", "-c", LATE_IMPORT]
    child = subprocess.run(command, timeout=LIMIT, capture_output=True)
    assert (child.returncode, child.stderr) == (0, b"")
