"""NIST's linear sets, from the columns as a user would build them, and their files' data."""

from __future__ import annotations

from pathlib import Path

import numpy as np

LINEAR = ["Norris", "Pontius", "NoInt1", "Longley", "Wampler1", "Wampler3", "Wampler5"]
DEGREE = {"Pontius": 2, "Wampler1": 5, "Wampler3": 5, "Wampler5": 5}


def numbers(path: Path, n: int) -> np.ndarray:
    """The data: the last n lines of the file."""
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    return np.array([[float(word) for word in line.split()] for line in lines[-n:]])


def linear_problem(shared: Path, name: str, n: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """X (n, d), y (n,) and whether the model has an intercept."""
    rows = numbers(shared / "strd" / "linear" / f"{name}.dat", n)
    y, X = rows[:, 0], rows[:, 1:]
    return X ** np.arange(1, DEGREE.get(name, 1) + 1), y, name != "NoInt1"
