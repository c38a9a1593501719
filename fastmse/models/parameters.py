"""The names of a model's parameters."""

from __future__ import annotations

from collections.abc import Sequence


def parameter_names(parameters: Sequence[str]) -> tuple[str, ...]:
    """As a tuple of at least one distinct name."""
    if isinstance(parameters, str):
        raise TypeError(f"parameters: got {parameters!r}; want a sequence of names")
    names = tuple(parameters)
    for name in names:
        if not isinstance(name, str) or not name:
            raise TypeError(f"parameters: got {name!r}; want names")
    if not names or len(set(names)) < len(names):
        raise ValueError(f"parameters: got {names}; want at least one name, and each once")
    return names
