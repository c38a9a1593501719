"""SufficientStatistics: chunks, merging, memory, processes, interrupts."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from fit_problems import exact_fit, fewest_digits
from hypothesis import given
from hypothesis import strategies as st

from fastmse.fitting import SufficientStatistics, fit_rows
from fastmse.fitting.rows import rows_per_block
from fastmse.kernels import compiled

PRECISIONS = ["double", "double-double"]


def data(n, d=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * [1, 1e5, 1e-7][:d] + 1e4
    return X, X[:, 0] + rng.standard_normal(n), rng.uniform(0, 2, n) * (rng.random(n) > 0.1)


def gathered(X, y, weight=None, cuts=(), **options):
    statistics = SufficientStatistics(X.shape[1], intercept=True, **options)
    for rows in np.split(np.arange(len(y)), cuts):
        statistics.update(X[rows], y[rows], None if weight is None else weight[rows])
    return statistics


def bits(fitted):
    parts = (
        fitted.theta,
        fitted.cov_unscaled,
        np.array([fitted.sse, fitted.sst, fitted.condition]),
    )
    return b"".join(part.tobytes() for part in parts)


@pytest.mark.parametrize("precision", PRECISIONS)
@given(cuts=st.lists(st.integers(0, 9500), max_size=8).map(sorted))
def test_any_chunking_gives_the_same_bits(precision, cuts):
    X, y, weight = data(9500)
    whole = gathered(X, y, weight, precision=precision)
    chunks = gathered(X, y, weight, cuts, precision=precision)
    assert bits(chunks.fit()) == bits(whole.fit())
    assert (chunks.n, chunks.weight_sum) == (whole.n, whole.weight_sum)


@pytest.mark.parametrize(
    "n", [1, 2, rows_per_block(1) - 1, rows_per_block(1), rows_per_block(1) + 1]
)
def test_a_fit_does_not_end_the_stream(n):
    X, y, _ = data(n + 5000, 1)
    statistics = gathered(X[:n], y[:n])
    if n > 1:
        statistics.fit()
    statistics.update(X[n:], y[n:])
    assert bits(statistics.fit()) == bits(gathered(X, y).fit())


@pytest.mark.parametrize(("precision", "rtol"), [("double", 1e-11), ("double-double", 1e-14)])
@pytest.mark.parametrize("seed", range(5))
def test_merging_in_any_order_keeps_its_bound(precision, rtol, seed):
    X, y, weight = data(20_000)
    whole = gathered(X, y, weight, precision=precision).fit()
    rng = np.random.default_rng(seed)
    cuts = np.sort(rng.choice(20_000, 40, replace=False))
    parts = [
        gathered(X[rows], y[rows], weight[rows], precision=precision)
        for rows in np.split(np.arange(20_000), cuts)
    ]
    while len(parts) > 1:
        i, j = rng.choice(len(parts), 2, replace=False)
        both = parts[i] + parts[j]
        parts = [part for k, part in enumerate(parts) if k not in (i, j)] + [both]
    merged = parts[0].fit()
    assert merged.n == whole.n
    np.testing.assert_allclose(merged.theta, whole.theta, rtol=rtol)
    np.testing.assert_allclose(merged.stderr, whole.stderr, rtol=rtol)
    np.testing.assert_allclose(merged.sse, whole.sse, rtol=1e-14)


@pytest.mark.filterwarnings("ignore::fastmse.fitting.AccuracyWarning")  # of the intercept
@pytest.mark.parametrize("precision", PRECISIONS)
def test_merging_far_apart_frames(precision):
    rng = np.random.default_rng(1)
    X = np.vstack((rng.standard_normal((5000, 1)), 1e9 + rng.standard_normal((5000, 1)) * 1e3))
    y = 2 * X[:, 0] + rng.standard_normal(10_000)
    merged = gathered(X[:5000], y[:5000], precision=precision)
    other = gathered(X[5000:], y[5000:], precision=precision)
    before = bits(other.fit())
    merged.merge(other)
    assert bits(other.fit()) == before
    np.testing.assert_allclose(merged.fit().theta[1], gathered(X, y).fit().theta[1], rtol=1e-13)


def test_merging_refuses_another_kind():
    one = SufficientStatistics(2, intercept=True)
    with pytest.raises(ValueError, match="other: got a statistic of"):
        one.merge(SufficientStatistics(2))
    with pytest.raises(ValueError, match="want one of"):
        one.merge(SufficientStatistics(2, intercept=True, precision="double-double"))
    with pytest.raises(ValueError, match=r"X: got shape \(3, 1\); want \(3, 2\)"):
        one.update(np.ones((3, 1)), np.ones(3))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_sse_without_the_rows(precision):
    X, y, weight = data(3000)
    statistics = gathered(X, y, weight, precision=precision)
    from_rows = fit_rows(lambda: [(X, y, weight)], 3, intercept=True)
    assert statistics.fit().sse == pytest.approx(from_rows.sse, rel=1e-12)
    assert statistics.fit().passes == 1
    ridge = fit_rows(lambda: [(X, y, weight)], 3, intercept=True, l2=10.0)
    assert statistics.fit(l2=10.0).sse == pytest.approx(ridge.sse, rel=1e-12)


def test_double_double_statistics_are_exact():
    X, y, _ = data(300)
    exact = exact_fit(X, y, intercept=True)
    fitted = gathered(X, y, precision="double-double").fit()
    assert fewest_digits(fitted.theta, exact["theta"]) >= 15
    assert fewest_digits([fitted.sse], [exact["sse"]]) >= 15


@pytest.mark.parametrize("method", ["gram", "gram2"])
def test_memory_does_not_grow_with_the_rows(method):
    X, y = np.ones((400_000, 4), np.float32), np.ones(400_000, np.float32)
    X[:, :] = np.random.default_rng(0).standard_normal((400_000, 4))
    tracemalloc.start()
    fit_rows(lambda: [(X, y, None)], 4, intercept=True, method=method)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6  # X in float64 would be 13 MB


def test_more_than_one_block_of_many_columns():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((2 * rows_per_block(300) + 7, 300))
    y = X @ np.ones(300) + rng.standard_normal(len(X))
    gram, gram2 = (fit_rows(lambda: [(X, y, None)], 300, intercept=True, method=m)
                   for m in ("gram", "gram2"))  # fmt: skip
    np.testing.assert_allclose(gram.theta[1:], gram2.theta[1:], rtol=1e-12)
    np.testing.assert_allclose(gram.stderr, gram2.stderr, rtol=1e-12)
    reference = np.linalg.lstsq(np.column_stack((np.ones(len(X)), X)), y, rcond=None)[0]
    np.testing.assert_allclose(gram2.theta[1:], reference[1:], rtol=1e-11)


# Processes, threads, signals


def fit_bits(n_threads=None):
    X, y, weight = data(20_000)

    def rows():
        return [(np.repeat(X, 10, axis=1) + np.sin(np.arange(30) * X[:, :1]), y, weight)]

    return bits(fit_rows(rows, 30, intercept=True, method="gram2", n_threads=n_threads))


def test_the_same_bits_for_any_number_of_threads():
    assert fit_bits(1) == fit_bits(2) == fit_bits(5)


def process(code: str, **environment: str) -> str:
    """What code prints that knows this module as t, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", f"import test_fit_statistics as t\n{code}"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    ).stdout.strip()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_fits_too():
    """Of a process without the threads that other tests' libraries have started."""
    code = """
import multiprocessing
print(t.fit_bits().hex())
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.apply_async(t.fit_bits).get(timeout=60).hex())
"""
    assert process(code).split() == [fit_bits().hex()] * 2


@pytest.mark.parametrize("isa", compiled.supported())
def test_every_instruction_set_gives_the_same_bits(isa):
    assert process("print(t.fit_bits(2).hex())", FASTMSE_ISA=isa) == fit_bits().hex()


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_an_interrupt_is_served_at_once():
    code = """
import time, threading, os, signal
import numpy as np
from fastmse.fitting import fit_rows
X = np.broadcast_to(np.random.default_rng(0).standard_normal((1, 100)), (10**8, 100))
def interrupt():
    global sent
    time.sleep(0.5)
    sent = time.perf_counter()
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
try:
    fit_rows(lambda: [(X, X[:, 0], None)], 100, intercept=True, method="gram2")
except KeyboardInterrupt:
    print(time.perf_counter() - sent)
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert float(run.stdout) < 1.0  # 0.05 measured on a quiet machine
