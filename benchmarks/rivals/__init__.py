"""The rivals: one library a file, all behind `rival.Rival`."""

from __future__ import annotations

from benchmarks.rivals.jax import Jax
from benchmarks.rivals.numexpr import Numexpr
from benchmarks.rivals.numpy_in_place import NumPyInPlace
from benchmarks.rivals.numpy_naive import NumPy
from benchmarks.rivals.rival import Rival
from benchmarks.rivals.sklearn import ScikitLearn
from benchmarks.rivals.torch import Torch

RIVALS: dict[str, type[Rival]] = {
    rival.name: rival for rival in (NumPy, NumPyInPlace, Numexpr, ScikitLearn, Torch, Jax)
}
