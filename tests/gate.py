"""Small arguments of good shapes, and the pattern of a refusal."""

from __future__ import annotations

import re

import numpy as np

Y = np.array([1.0, 2.0, 4.0])
X = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]])
THETA = np.array([1.0, 2.0])
BACKENDS = ["numpy", "cython", "numba"]


def says(*words: str) -> str:
    """A pattern: the words in that order."""
    return "(?s)" + ".*".join(re.escape(word) for word in words)


def readonly(a: np.ndarray) -> np.ndarray:
    """`a` itself, from now on."""
    a.flags.writeable = False
    return a
