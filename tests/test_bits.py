"""The bits contract, by the script that anyone can run: ``python tests/bits.py``."""

from __future__ import annotations

import bit_problems
import bits
import edges
import errors
import numpy as np
import pytest
from storage import DTYPES

from fastmse.results import Evaluation


@pytest.mark.slow
def test_one_result_for_threads_backends_instruction_sets_and_streamings(capsys) -> None:
    bits.main()
    assert f"{bits.PROBLEMS} problems" in capsys.readouterr().out


def test_the_problems_reach_every_storage() -> None:
    reached = [bit_problems.storage(i, np.random.default_rng(i)) for i in bits.LINEAR]
    expected = edges.FEATURES, bit_problems.LAYOUTS, DTYPES
    for found, wanted in zip(zip(*reached, strict=True), expected, strict=True):
        assert set(found) == set(wanted)


def test_the_quoted_errors_are_within_the_contract() -> None:
    for equal in (True, False):
        assert errors.sse_of_predictions(equal) <= 4
        assert errors.gradient_of_linear(equal) <= 8


def test_the_digest_sees_one_bit() -> None:
    def digest(n: float, sse: float, last: float) -> str:
        return bit_problems.digest(Evaluation(10, n, sse, np.array([1.0, 2.0, last])))

    whole = digest(10.0, 3.0, 0.5)
    assert whole == digest(10.0, 3.0, 0.5)
    for k in range(3):
        values = [10.0, 3.0, 0.5]
        values[k] = np.nextafter(values[k], np.inf)
        assert digest(*values) != whole
