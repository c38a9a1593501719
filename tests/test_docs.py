"""Every example in the documents and in the package's docstrings runs, and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

import fastmse

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def python_blocks(document: str) -> list[tuple[int, str]]:
    """The fenced Python of a Markdown text, with the line each starts on."""
    return [(document[: m.start(1)].count("\n"), m[1]) for m in FENCE.finditer(document)]


def run_document(name: str, document: str) -> int:
    """Run the blocks of one document one after another in one namespace; returns their number."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    for line, block in python_blocks(document):
        if ">>>" in block:
            test = doctest.DocTestParser().get_doctest(block, {}, name, name, line)
            test.globs = namespace  # get_doctest copies what it is given
            run_examples(test)
        else:
            exec(compile("\n" * line + block, name, "exec"), namespace)
    assert document.count(">>>") == sum(b.count(">>>") for _, b in python_blocks(document)), (
        f"{name}: an example outside ```python fences never runs"
    )
    return len(python_blocks(document))


def run_examples(test: doctest.DocTest) -> None:
    runner = doctest.DocTestRunner(verbose=False)
    report: list[str] = []
    runner.run(test, out=report.append, clear_globs=False)
    assert not report, "".join(report)


def modules() -> list[str]:
    """The modules written in Python: an extension may need a CPU that this is not."""
    found = pkgutil.walk_packages(fastmse.__path__, "fastmse.", onerror=raise_again)
    names = [module.name for module in found]
    specs = {name: importlib.util.find_spec(name) for name in names}
    return ["fastmse", *(n for n in names if isinstance(specs[n].loader, SourceFileLoader))]


def raise_again(name: str) -> None:
    raise ImportError(f"{name} does not import")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_document(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_document(path.name, path.read_text(encoding="utf-8"))


def test_theory_shows_every_step():
    text = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")
    steps = re.split(r"^## (?=\d)", text, flags=re.MULTILINE)[1:]
    assert [step[0] for step in steps] == list("123456")
    assert all(python_blocks(step) for step in steps)


@pytest.mark.parametrize("name", modules())
def test_docstrings(name):
    finder = doctest.DocTestFinder(exclude_empty=True)
    for test in finder.find(importlib.import_module(name), name):
        run_examples(test)


def test_docstrings_are_found():
    examples = doctest.DocTestFinder().find(importlib.import_module("fastmse.gaussian"))
    assert sum(len(test.examples) for test in examples) >= 5


@pytest.mark.parametrize(
    "wrong",
    [
        "```python\n>>> 1 + 1\n3\n\n```\n",
        "```python\n>>> undefined\n\n```\n",
        "```python\nassert 1 + 1 == 3\n```\n",
        "    >>> 1 + 1\n    2\n",
    ],
)
def test_a_wrong_example_fails(wrong):
    with pytest.raises(AssertionError):
        run_document("wrong", wrong)


def test_blocks_share_their_names():
    assert run_document("right", "```python\nx = 2\n```\n\n```python\n>>> x\n2\n\n```\n") == 2
