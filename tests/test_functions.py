"""The vector functions against mpmath: at most one unit in the last place, everywhere."""

import numpy as np
import pytest
from function_ranges import EXACT, RANGES
from function_values import computed, ulps

CASES = [(name, label) for name, ranges in RANGES.items() for label in ranges]


def worst(name, label, n):
    arguments = RANGES[name][label](np.random.default_rng(n), n)
    errors = ulps(computed(name, *arguments), EXACT[name], *arguments)
    at = int(np.argmax(errors))
    return errors[at], [float(column[at]) for column in arguments]


@pytest.mark.parametrize(("name", "label"), CASES)
def test_errors(name, label):
    error, at = worst(name, label, 2000)
    assert error <= 1.0, (name, label, at)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "label"), CASES)
def test_errors_at_many_arguments(name, label):
    error, at = worst(name, label, 50_000)
    assert error <= 1.0, (name, label, at)
