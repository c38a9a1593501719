"""How many threads a call gets, from whoever has a say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl

import fastmse as fm
from fastmse import backends, threads
from fastmse.machine import openmp_threads
from fastmse.models.predictions import PredictionStream

CPUS = threads.available_cpus()


@pytest.fixture(autouse=True)
def nobody_has_a_say(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("FASTMSE_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with threadpoolctl.threadpool_limits(openmp_threads()[1], user_api="openmp"):
        yield


@pytest.fixture
def cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in place of the system's control groups, on a machine of 64 CPUs."""
    monkeypatch.setattr(threads, "_CGROUPS", tmp_path)
    monkeypatch.setattr(threads, "_OWN_CGROUP", tmp_path / "own")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    threads._cgroup_quota.cache_clear()
    yield tmp_path
    threads._cgroup_quota.cache_clear()


def test_the_argument_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTMSE_NUM_THREADS", "5")
    assert threads.resolve(3) == threads.resolve(np.int64(3)) == 3


def test_then_our_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    for text, expected in (("5", 5), (" 1 ", 1)):
        monkeypatch.setenv("FASTMSE_NUM_THREADS", text)
        assert threads.resolve() == expected


def test_then_what_openmp_was_told() -> None:
    more = openmp_threads()[1] + 3
    with threadpoolctl.threadpool_limits(more, user_api="openmp"):
        assert threads.resolve() == more
    with threadpoolctl.threadpool_limits(1, user_api="openmp"):
        assert threads.resolve() == 1
    assert threads.resolve() == CPUS


@pytest.mark.parametrize(("told", "expected"), [("1", 1), ("5", 5)])
def test_openmps_variable(told: str, expected: int) -> None:
    code = "from fastmse import threads; print(threads.resolve())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "OMP_NUM_THREADS": told},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert int(done.stdout) == expected


def test_then_the_cpus_of_this_process() -> None:
    assert threads.resolve() == CPUS


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_the_affinity_mask_may_change_after_the_import() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert threads.available_cpus() == threads.resolve() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert threads.resolve() == CPUS


def test_systems_without_affinity(monkeypatch: pytest.MonkeyPatch, cgroups: Path) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert threads.available_cpus() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert threads.available_cpus() == 1


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("max 100000\n", 64),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("1000 100000\n", 1),
        ("6400000 50000\n", 64),
        ("", 64),
        ("max", 64),
    ],
)
def test_quota_of_cgroups_2(cgroups: Path, limit: str, expected: int) -> None:
    (cgroups / "cpu.max").write_text(limit)
    assert threads.available_cpus() == expected


def test_the_tightest_quota_around_this_process_counts(cgroups: Path) -> None:
    slices = cgroups / "user.slice" / "job one.scope"
    slices.mkdir(parents=True)
    (cgroups / "own").write_text("1:name=systemd:/other\n0::/user.slice/job\n")
    (cgroups / "user.slice" / "cpu.max").write_text("300000 100000")
    assert threads.available_cpus() == 3
    threads._cgroup_quota.cache_clear()
    (cgroups / "user.slice" / "job").mkdir()
    (cgroups / "user.slice" / "job" / "cpu.max").write_text("200000 100000")
    assert threads.available_cpus() == 2
    threads._cgroup_quota.cache_clear()
    (cgroups / "cpu.max").write_text("max 100000")
    (cgroups / "user.slice" / "job" / "cpu.max").write_text("max 100000")
    assert threads.available_cpus() == 3


@pytest.mark.parametrize(("quota", "expected"), [("-1", 64), ("250000", 3), ("10000", 1)])
def test_quota_of_cgroups_1(cgroups: Path, quota: str, expected: int) -> None:
    (cgroups / "cpu").mkdir()
    (cgroups / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    assert threads.available_cpus() == 64  # half a limit is none
    threads._cgroup_quota.cache_clear()
    (cgroups / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert threads.available_cpus() == expected


def test_no_cgroups(cgroups: Path) -> None:
    assert threads.available_cpus() == 64


@pytest.mark.parametrize("text", ["foo", "", "0", "-1", "1.5", "2 2", "1e3"])
def test_our_variable_must_be_a_number(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTMSE_NUM_THREADS", text)
    told = f"FASTMSE_NUM_THREADS: got {text!r}; want an integer >= 1"
    y = np.ones(backends.SERIAL_DOUBLES)
    X = y[:, None]
    calls = [
        threads.resolve,
        lambda: fm.mse(y, y),
        lambda: fm.evaluate(y, y, backend="numpy"),
        lambda: fm.Linear().evaluate(X, y, [1.0]),
        lambda: fm.Linear().fit(X, y),
        PredictionStream,
    ]
    for call in calls:
        with pytest.raises(ValueError, match=told):
            call()
    assert fm.mse(y, y, n_threads=1) == 0


@pytest.mark.parametrize("bad", [0, -3])
def test_fewer_than_one(bad: int) -> None:
    with pytest.raises(ValueError, match=f"n_threads: got {bad}; want an integer >= 1, or None"):
        threads.resolve(bad)


@pytest.mark.parametrize("bad", [1.0, "1", True, np.True_, [2], np.arange(2)])
def test_no_integer(bad: object) -> None:
    with pytest.raises(TypeError, match=r"n_threads: got .*; want an integer >= 1, or None"):
        threads.resolve(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("n_threads", [1000, 10**6, 2**40, 2**70])
def test_any_number_of_threads_is_served(n_threads: int) -> None:
    y, f = np.zeros(2_000_000), np.ones(2_000_000)
    assert threads.resolve(n_threads) == threads.MAX_THREADS
    assert fm.mse(y, f, n_threads=n_threads) == 1


def test_a_forked_child_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not threads.forked()
    monkeypatch.setattr(threads, "_IMPORT_PID", -1)
    assert threads.forked()
    assert threads.resolve() == threads.resolve(8) == 1
    with pytest.raises(ValueError, match="n_threads: got 0"):
        threads.resolve(0)


def test_small_work_is_serial() -> None:
    assert backends.n_threads_for(backends.SERIAL_DOUBLES, 8) == 1
    assert backends.n_threads_for(backends.SERIAL_DOUBLES + 1, 8) == 8
