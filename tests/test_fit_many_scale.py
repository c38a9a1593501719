"""Units: scaling y by a power of two scales θ; what leaves float64 says so."""

from __future__ import annotations

import numpy as np
import pytest
from curves import PEAK, peaks

from fastmse.results.fit_many import NOT_FINITE


@pytest.mark.parametrize("backend", ["cython", "numpy"])
@pytest.mark.parametrize("exponent", [-400, 10, 400])
def test_units(exponent, backend):
    x, Y, start, _ = peaks(20)
    unit = np.array([2.0**exponent, 1.0, 1.0, 2.0**exponent])
    expected = PEAK.fit_many(x, Y, start, backend=backend)
    many = PEAK.fit_many(x, Y * 2.0**exponent, start * unit, backend=backend)
    assert many.converged.all()
    assert np.abs((many.theta / unit - expected.theta) / expected.stderr).max() < 1e-7
    np.testing.assert_allclose(many.stderr / unit, expected.stderr, rtol=1e-6)


@pytest.mark.parametrize("backend", ["cython", "numpy"])
@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_squares_that_leave_float64(scale, backend):
    x, Y, start, _ = peaks(3)
    unit = np.array([scale, 1.0, 1.0, scale])
    many = PEAK.fit_many(x, Y * scale, start * unit, backend=backend)
    assert many.status.tolist() == [NOT_FINITE] * 3
    assert np.isnan(many.theta).all()


def test_zeros_are_no_underflow():
    x, Y, start, _ = peaks(3)
    many = PEAK.fit_many(x, 0 * Y, start)
    assert NOT_FINITE not in many.status
    assert np.abs(many.theta[:, [0, 3]]).max() < 1e-12
