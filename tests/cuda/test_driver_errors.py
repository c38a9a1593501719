"""What a driver refuses is told in Python's words, and the next call goes well.

A call for which there is room asks it for no memory.
"""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from cuda_memory import SIMULATED, send

import fastmse as fm

NOT_PERMITTED = 800


@pytest.fixture
def driver():
    """That of tests/emulator, which refuses what it is told to."""
    library = None if SIMULATED else ctypes.CDLL("libcuda.so.1")
    if not hasattr(library, "emulated_memory"):
        pytest.skip("only an emulated device can be told to refuse")
    library.emulated_memory.argtypes = [ctypes.c_size_t]
    yield library
    library.emulated_memory(2**37)
    library.emulated_launch_error(0)


def test_no_memory_left(driver):
    y, f = np.arange(3e5), np.zeros(300_000)
    want = fm.mse(y, f)
    driver.emulated_memory(2**20)
    with pytest.raises(MemoryError, match="the device has no memory left for this call"):
        fm.mse(y, f, backend="cuda")
    driver.emulated_memory(2**37)
    assert fm.mse(y, f, backend="cuda") == want


def test_no_memory_for_nodes(driver):
    """Of a width that no other test has."""
    X, y, theta = send(np.ones((20, 77))), send(np.ones(20)), np.ones(77)
    driver.emulated_memory(0)
    for _ in range(2):
        with pytest.raises(MemoryError, match="the device has no memory left for this call"):
            fm.Linear().evaluate(X, y, theta)
    driver.emulated_memory(2**37)
    assert fm.Linear().evaluate(X, y, theta).sse == 20 * 76**2


def test_a_launch_that_is_refused(driver):
    y, f = send(np.arange(5000.0)), send(np.zeros(5000))
    want = fm.mse(y, f)
    driver.emulated_launch_error(NOT_PERMITTED)
    with pytest.raises(RuntimeError, match="the CUDA driver refused this call"):
        fm.mse(y, f)
    driver.emulated_launch_error(0)
    assert fm.mse(y, f) == want


def test_room_is_kept(driver):
    model = fm.Expression("a*exp(-b*t)", ["a", "b"])
    X, y, w = (send(np.ones(n)) for n in (3000, 3000, 3000))
    objective = model.objective(X, y, sample_weight=w)  # W and the model have nodes of one width
    small, large = ((send(np.ones(n)), send(np.zeros(n))) for n in (100, 10**6))
    calls = [lambda: objective([1.0, 2.0]), lambda: fm.mse(*large), lambda: fm.mse(*small)]
    for call in calls:
        call()
    driver.emulated_memory(0)
    for call in calls * 2:
        call()
