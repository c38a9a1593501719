"""The vector functions on every instruction set: equal bits, and loops made of vectors."""

import json
import os
import re
import subprocess
import sys

import function_values
import pytest
from function_values import loop
from test_isa import FUSED

from fastmse.kernels import compiled

VECTORS = ["exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "power", "sqrt", "absolute"]

FEATURES = {"x86-64-v2": "", "x86-64-v3": "+avx,+avx2,+fma,+bmi,+bmi2,+f16c,+lzcnt,+movbe"}


def elsewhere(name, code=None):
    """What tests/function_values.py prints on another instruction set."""
    done = subprocess.run(
        [sys.executable, *(["-c", code] if code else [function_values.__file__])],
        env={
            **os.environ,
            "NUMBA_CPU_NAME": name,
            "NUMBA_CPU_FEATURES": FEATURES[name],
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", [isa for isa in FEATURES if isa in compiled.supported()])
def test_the_bits_are_those_of_every_instruction_set(name):
    assert elsewhere(name) == function_values.digests()


def operations(name):
    """Of the loop that calls the function: name and operands, from its assembly."""
    text = loop(name, 2 if name == "power" else 1, False)._library.get_asm_str()
    return [line.split("#")[0].split() for line in text.splitlines() if line.startswith("\t")]


def calls(name):
    return sum(words[0].startswith("call") for words in operations(name))


@pytest.mark.skipif("x86-64-v3" not in compiled.supported(), reason="vectors of 32 bytes or more")
@pytest.mark.parametrize("name", VECTORS)
def test_the_loops_are_made_of_vectors(name):
    arithmetic = re.compile(r"v?(add|mul|sqrt|and)p[sd]")
    packed = [w for w in operations(name) if arithmetic.match(w[0]) and re.search("[yz]mm", w[-1])]
    assert packed
    assert calls(name) == calls("absolute") < calls("erf")


def test_nothing_is_fused_but_exact_products():
    """Those of `power`, `sinh` and `tanh`, whose rest no other instruction set rounds."""
    fused = {n for n in VECTORS if any(FUSED.match(words[0]) for words in operations(n))}
    assert fused <= {"sinh", "tanh", "power"}
