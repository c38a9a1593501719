"""Imports run one way, as CONTRIBUTING.md draws it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import fastmse

PACKAGE = Path(fastmse.__file__).parent


def drawn() -> tuple[list[str], set[str]]:
    """The layers, from the top, and the leaves, of the sentence in CONTRIBUTING.md."""
    text = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    sentence = r"Imports run one way: ([\w\s→]+);(.+?)\sare\s+leaves"
    ((chain, leaves),) = re.findall(sentence, text, re.DOTALL)
    return re.split(r"\s*→\s*", chain.strip()), set(re.findall(r"`(\w+)`", leaves))


def imported(path: Path) -> set[str]:
    """The layers that a module imports from, `fastmse.layer` or `from fastmse import layer`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("fastmse"):
            continue
        parts = str(node.module).split(".")
        found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return found


def test_no_layer_imports_from_one_above() -> None:
    layers, leaves = drawn()
    above = {layer: set(layers[:k]) for k, layer in enumerate(layers)}
    above |= {leaf: set(layers) for leaf in leaves}
    against = []
    for path in PACKAGE.rglob("*.py"):
        here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        found = imported(path) & above.get(here, set())
        against += [f"{path.relative_to(PACKAGE)}: {name}" for name in sorted(found)]
    assert against == []


def test_the_drawing_holds_every_layer() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py*")} - {"__init__", "__main__"}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    layers, leaves = drawn()
    assert modules | packages == {*layers, *leaves}
