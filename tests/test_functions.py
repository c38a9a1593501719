"""The vector functions against mpmath: at most one unit in the last place, everywhere."""

import numpy as np
import pytest
from function_ranges import EXACT, FAR, RANGES
from function_values import computed, ulps

CASES = [(name, label) for name, ranges in RANGES.items() for label in ranges]

LARGEST = {
    "exp": 0.78,
    "log": 0.84,
    "sin": 0.83,
    "cos": 0.83,
    "tan": 2.1,
    "sinh": 0.86,
    "cosh": 0.65,
    "tanh": 0.86,
    "power": 0.78,
}
"""What the package's docstring says: at most 1, but for tan."""


def worst(name, draw, n, everywhere=False, bits=200):
    arguments = draw(np.random.default_rng(n), n)
    errors = ulps(
        computed(name, *arguments, everywhere=everywhere), EXACT[name], *arguments, bits=bits
    )
    at = int(np.argmax(errors))
    return errors[at], [float(column[at]) for column in arguments]


@pytest.mark.parametrize(("name", "label"), CASES)
def test_errors(name, label):
    error, at = worst(name, RANGES[name][label], 1000)
    assert error <= LARGEST[name], at


@pytest.mark.slow
@pytest.mark.parametrize(("name", "label"), CASES)
def test_errors_at_many_arguments(name, label):
    error, at = worst(name, RANGES[name][label], 20_000)
    assert error <= LARGEST[name], at


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
@pytest.mark.parametrize("label", FAR)
def test_errors_of_far_angles(name, label):
    error, at = worst(name, FAR[label], 1000, everywhere=True, bits=1300)
    assert error <= LARGEST[name], at
