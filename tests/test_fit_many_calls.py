"""`fit_many` as a call: its gate, callback, signals, memory, processes."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from curves import PEAK, outputs, peaks

from fastmse import backends

posix = pytest.mark.skipif(os.name != "posix", reason="signals and forks of POSIX")


@pytest.fixture(scope="module")
def data():
    x, Y, start, _ = peaks(6)
    return x, Y, start


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"Y": np.ones(17)}, ValueError, r"Y: got shape \(17,\); want \(k, 17\).*Y\[None, :\]"),
        ({"Y": np.ones((17, 6))}, ValueError, r"Y: got shape \(17, 6\).*Y\.T"),
        ({"Y": np.ones((6, 17), complex)}, TypeError, "Y: got dtype complex128"),
        ({"Y": np.ones((6, 17), object)}, TypeError, "Y: got dtype object"),
        ({"start": [1.0]}, ValueError, r"start: got shape \(1,\); want \(4,\), or \(6, 4\)"),
        ({"start": np.ones((1, 4))}, ValueError, r"start: got shape \(1, 4\)"),
        ({"start": {"a": 1.0}}, ValueError, "start: 'c' is missing"),
        ({"sample_weight": np.ones(6)}, ValueError, r"got shape \(6,\); want \(17,\) or \(6, 17\)"),
        ({"sample_weight": -np.ones(17)}, ValueError, r"sample_weight: got -1.0 at point 0"),
        (
            {"sample_weight": np.where(np.arange(102) == 37, np.nan, 1).reshape(6, 17)},
            ValueError,
            "sample_weight: got nan at point 3 of curve 2",
        ),
        ({"weight_type": "x"}, ValueError, "weight_type: got 'x'"),
        ({"tol": -1.0}, ValueError, "tol: got -1.0"),
        ({"tol": "x"}, TypeError, "tol: got 'x'"),
        ({"max_iter": 0}, ValueError, "max_iter: got 0"),
        ({"callback": 3}, TypeError, "callback: got 3"),
        ({"backend": "numba"}, RuntimeError, "backend: got 'numba'"),
        ({"backend": "x"}, ValueError, "backend: got 'x'"),
        ({"n_threads": 0}, ValueError, "n_threads: got 0"),
        ({"bounds": ([0] * 4, [1] * 4)}, ValueError, "start: 'a' got .*, outside of its bounds"),
        ({"bounds": 3}, TypeError, "bounds: got 3"),
    ],
)
def test_the_gate(data, change, error, message):
    x, Y, start = data
    arguments = {"Y": Y, "start": start, **change}
    with pytest.raises(error, match=message):
        PEAK.fit_many(x, **arguments)


def test_x_is_finite_where_it_counts(data):
    x, Y, start = data
    bad = np.where(np.arange(17) == 4, np.inf, x)
    with pytest.raises(ValueError, match="X: row 4 holds NaN or infinity"):
        PEAK.fit_many(bad, Y, start)


def test_nothing_is_modified(data):
    x, Y, start = (a.copy() for a in data)
    w = np.ones(Y.shape)
    copies = [a.copy() for a in (x, Y, start, w)]
    PEAK.fit_many(x, Y, start, sample_weight=w)
    for a, b in zip((x, Y, start, w), copies, strict=True):
        assert np.array_equal(a, b)


def test_the_callback_hears_of_progress():
    x, Y, start, _ = peaks(20_000)
    heard = []
    many = PEAK.fit_many(x, Y, start, callback=lambda *now: heard.append(now))
    done = [d for d, _ in heard]
    assert len(heard) > 3
    assert done == sorted(done)
    assert heard[-1] == (20_000, 20_000)
    assert outputs(many) == outputs(PEAK.fit_many(x, Y, start))


def test_what_the_callback_raises_ends_the_call(data):
    def callback(done, total):
        raise LookupError("enough")

    x, Y, start = data
    with pytest.raises(LookupError, match="enough"):
        PEAK.fit_many(x, Y, start, callback=callback)
    assert PEAK.fit_many(x, Y, start).converged.all()


def test_memory_is_that_of_the_outputs():
    """8 (2 p + 2) + 1 bytes a curve; Y is not copied, whatever its type."""
    k = 100_000
    x, Y, start, _ = peaks(k)
    Y = Y.astype(np.float32)
    PEAK.fit_many(x, Y[:10], start[:10])
    tracemalloc.start()
    PEAK.fit_many(x, Y, start[0], n_threads=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 81 * k + 2**20


INTERRUPT = """
import json, os, signal, threading, time
import numpy as np
from curves import PEAK, peaks

x, Y, start, _ = peaks({k}, n={n})
PEAK.fit_many(x, Y[:5], start[:5])

def interrupted():
    sent = []

    def send():
        time.sleep(0.1)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=send)
    try:
        sender.start()
        PEAK.fit_many(x, Y, start, tol=0.0, max_iter=10**6)
        sender.join()
        time.sleep(1)
    except KeyboardInterrupt:
        seconds = time.monotonic() - sent[0]
        sender.join()
        return seconds

seconds = []
while len(seconds) < 6 and (not seconds or seconds[-1] and seconds[-1] > 0.1):
    seconds.append(interrupted())
print(json.dumps(seconds))
"""


@posix
@pytest.mark.parametrize(("k", "n"), [(50_000, 17), (33, 100_000)])
def test_ctrl_c_is_served(k, n):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPT.format(k=k, n=n)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    seconds = json.loads(done.stdout)
    assert None not in seconds
    assert min(seconds) < 0.1  # a busy machine only adds


def _fit_in_child(connection, data):
    connection.send(outputs(PEAK.fit_many(*data, n_threads=2)))


@posix
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # JAX's, where it is loaded
def test_after_a_fork(monkeypatch, data):
    monkeypatch.setattr(backends, "SERIAL_DOUBLES", 0)
    x, Y, start, _ = peaks(500)
    expected = outputs(PEAK.fit_many(x, Y, start, n_threads=2))
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(
        target=_fit_in_child, args=(theirs, (x, Y, start))
    )
    child.start()
    assert ours.poll(30)
    assert ours.recv() == expected
    child.join(30)
    assert child.exitcode == 0
