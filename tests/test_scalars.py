"""A model's scalar as the loops that drivers call: rows at one θ, and curves at one row."""

import ctypes

import numpy as np
import pytest

from fastmse.kernels.jit.scalars import PITCH, RUN, curves_callback, rows_callback

DOUBLES = ctypes.POINTER(ctypes.c_double)


def peak(x, theta):
    height, centre, width = theta
    z = (x[0] - centre) / width
    value = height / (1 + z * z)
    return (value, value / height, x[1] * value, 1)


def called(callback, fixed, columns, n):
    address = ctypes.CFUNCTYPE(None, DOUBLES, DOUBLES, ctypes.c_ssize_t)(callback.address)
    address(fixed.ctypes.data_as(DOUBLES), columns.ctypes.data_as(DOUBLES), n)


@pytest.mark.parametrize("n", [1, 15, 16, 17, RUN - 1, RUN])
def test_rows(n):
    x, theta = np.random.default_rng(n).standard_normal((2, RUN)), np.array([2.0, 0.1, 0.7])
    columns = np.full((2 + 4, PITCH), 7.0)
    columns[:2, :RUN] = x
    called(rows_callback(peak, 2, 3, 4), theta, columns, n)
    expected = [peak(row, theta) for row in x.T[:n]]
    assert np.array_equal(columns[2:, :n].T, expected)
    assert (columns[2:, n:] == 7.0).all()
    assert np.array_equal(columns[:2, :RUN], x)


@pytest.mark.parametrize("n", [1, 15, 16, 17, RUN - 1, RUN])
def test_curves(n):
    thetas, x = np.random.default_rng(n).standard_normal((3, RUN)), np.array([0.3, -1.5])
    columns = np.full((3 + 4, PITCH), 7.0)
    columns[:3, :RUN] = thetas
    called(curves_callback(peak, 2, 3, 4), x, columns, n)
    expected = [peak(x, theta) for theta in thetas.T[:n]]
    assert np.array_equal(columns[3:, :n].T, expected)
    assert (columns[3:, n:] == 7.0).all()


def test_the_loop_is_made_of_vectors():
    for callback in (rows_callback(peak, 2, 3, 4), curves_callback(peak, 2, 3, 4)):
        assert "divpd" in callback._library.get_asm_str()


def test_outputs_of_another_number_are_refused():
    with pytest.raises(Exception, match="store"):
        rows_callback(peak, 2, 3, 5)
