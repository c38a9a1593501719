"""The polynomials' coefficients are those that tests/minimax.py computes."""

from importlib import import_module

import minimax
import pytest


@pytest.mark.parametrize("place", minimax.ALL)
def test_the_source_holds_the_computed_coefficients(place):
    module, name = place.split(".")
    source = import_module(f"fastmse.kernels.jit.functions.{module}")
    coefficients, error = minimax.ALL[place].solve()
    assert list(getattr(source, name)) == coefficients
    assert error < minimax.ALL[place].bound
