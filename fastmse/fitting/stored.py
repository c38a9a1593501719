"""Sufficient statistics as a file: NumPy's .npz of plain arrays and a line of JSON, no pickle.

header        JSON text: format, version, and the scalars and names of `SufficientStatistics`
gram          (2, d + 2, d + 2): G in double-double, high parts and low ones
frame         (2, d + 2): origins and exponents of its coordinates; absent before the first block
anchor        (d + 4,): coefficients of the provisional fit, the exponent of its residual, and
              whether that is computed in float64 (1) or double-double (0); absent without one
counted       (2,): rows and Σ log w of complete blocks
pending       (d + 2, rows): x, y and w of the incomplete block
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from fastmse import whole_file
from fastmse.gaussian import FloatArray

State: TypeAlias = tuple[dict[str, Any], dict[str, FloatArray]]

FORMAT, VERSION = "fastmse.SufficientStatistics", 1


def write(path: str | os.PathLike[str], state: State) -> None:
    """Write the file, whole or not at all."""
    header, arrays = state
    text = json.dumps({"format": FORMAT, "version": VERSION, **header})
    with whole_file.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **{"header": np.array(text), **arrays})  # type: ignore[arg-type]


def read(path: str | os.PathLike[str]) -> State:
    """What `write` wrote.

    Raises ValueError for another kind of file, a damaged one, or one of a newer version.
    """
    name = os.fspath(path)
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        header = json.loads(str(arrays.pop("header")))
        kind, version = header.pop("format"), header.pop("version")
    except (OSError, MemoryError):
        raise
    except Exception as error:  # whatever zipfile, zlib, NumPy and json say of other bytes
        raise ValueError(
            f"{name}: no sufficient statistics, or damaged ({error}); want a file written by "
            "SufficientStatistics.save"
        ) from error
    if kind != FORMAT:
        raise ValueError(f"{name}: got a file of format {kind!r}; want {FORMAT!r}")
    if version != VERSION:
        raise ValueError(
            f"{name}: written in version {version} of the format; this fastmse reads {VERSION}: "
            "update fastmse"
        )
    return header, arrays


def check(arrays: Mapping[str, FloatArray], d: int, block: int) -> None:
    """Raise ValueError unless every array is there, in float64 and of its shape."""
    shapes: dict[str, tuple[int, ...]] = {"gram": (2, d + 2, d + 2), "counted": (2,)}
    shapes["pending"] = (d + 2, np.shape(arrays.get("pending", [[]]))[-1])
    if "frame" in arrays:
        shapes["frame"] = (2, d + 2)
    if "anchor" in arrays:
        shapes["anchor"] = (d + 4,)
    for name in {*shapes, *arrays}:
        array = arrays.get(name)
        got = None if array is None else (array.shape, array.dtype)
        if got != (shapes.get(name), np.dtype(np.float64)):
            raise ValueError(f"array {name!r}: got {got}; want {shapes.get(name)} of float64")
    if shapes["pending"][1] >= block:
        raise ValueError(f"array 'pending': got {shapes['pending'][1]} rows; want < {block}")
