"""The polynomials' coefficients are those that tests/minimax.py computes."""

from importlib import import_module

import minimax
import pytest


@pytest.mark.parametrize("name", minimax.ALL)
def test_the_source_holds_the_computed_coefficients(name):
    source = import_module(f"fastmse.kernels.jit.functions.{name}")
    coefficients, error = minimax.ALL[name].solve()
    assert list(source.COEFFICIENTS) == coefficients
    assert error < minimax.ALL[name].bound
