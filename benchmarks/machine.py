"""What the numbers depend on: the machine, the versions, the commit."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

import fastmse as fm
from benchmarks.rivals import RIVALS
from fastmse import threads
from fastmse.kernels import compiled

ROOT = Path(__file__).parent.parent
BENEATH = ("llvmlite", "ml_dtypes", "narwhals", "numba", "pandas", "polars", "pyarrow", "scipy",
           "sympy", "threadpoolctl")  # fmt: skip
"""What fastmse and its tables stand on, beside the rivals."""


def describe() -> dict[str, Any]:
    return {
        "processor": processor(),
        "cpus": threads.available_cpus(),
        "memory": memory(),
        "system": f"{platform.system()}, {platform.machine()}",
        "isa": compiled.isa(),
        "blas": np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"],
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of everything whose upgrade may change a time."""
    ours = {
        "fastmse": f"{fm.__version__} ({commit()})",
        "Python": platform.python_version(),
        "Cython": cython(),
    }
    packages = {*BENEATH, *(rival.package for rival in RIVALS.values())}
    return ours | {name: version_of(name) for name in sorted(packages)}


def version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def cython() -> str:
    """What compiled the kernels: its functions are of a type in a module like _cython_3_3_1."""
    name = type(compiled.module().read_roof).__module__
    return ".".join(re.findall(r"\d+", name)) or "unknown"


def processor() -> str:
    """The CPU's own name for itself, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def memory() -> str:
    try:
        return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"
    except (AttributeError, ValueError, OSError):
        return "unknown"


def commit() -> str:
    """The last commit that changed the package, and whether it has been changed since."""
    last = git("log", "-1", "--format=%h", "--", "fastmse")
    if not last:
        return "no commit"
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "fastmse")
    return f"commit {last}, then changed" if changed else f"commit {last}"


def git(*arguments: str) -> str:
    """What git prints; nothing where there is no repository."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
