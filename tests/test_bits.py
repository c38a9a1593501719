"""The bits contract, by the script that anyone can run: ``python tests/bits.py``."""

from __future__ import annotations

import bits
import errors
import pytest


@pytest.mark.slow
def test_one_result_for_threads_backends_instruction_sets_and_streamings(capsys) -> None:
    bits.main()
    assert f"{bits.PROBLEMS} problems" in capsys.readouterr().out


def test_the_quoted_errors_are_within_the_contract() -> None:
    for equal in (True, False):
        assert errors.sse_of_predictions(equal) <= 4
        assert errors.gradient_of_linear(equal) <= 8


def test_the_digest_sees_one_bit() -> None:
    at_once = bits.linear_problem(1, "cython")[1]
    other = bits.linear_problem(2, "cython")[1]
    assert at_once(1) == at_once(2) != other(1)
