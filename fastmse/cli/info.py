"""``fastmse info``: what runs here, for a bug report."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from fastmse import __version__, backends, threads
from fastmse.kernels import compiled

PACKAGES = ("numpy", "scipy", "numba", "sympy", "pyarrow", "click", "tqdm", "matplotlib")
FEATURES = (
    "sse4_2",
    "f16c",
    "fma",
    "avx2",
    "avx512f",
    "avx512_bf16",
    "avx512_fp16",
    "asimd",
    "sve",
)


@click.command(short_help="Show versions, CPU, threads and backends.")
def info() -> None:
    """Print versions, the CPU, the instruction set in use, threads, and the backends."""
    sections = {
        "Versions": _versions(),
        "Machine": _machine(),
        "Compiled kernels": _compiled(),
        "Threads": _threads(),
        "Backends": _backends(),
    }
    for title, lines in sections.items():
        click.echo(title)
        for name, value in lines.items():
            click.echo(f"  {name:<16} {value}")


def _versions() -> Mapping[str, str]:
    found = {"fastmse": __version__, "Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _machine() -> Mapping[str, str]:
    cpu = _cpuinfo()
    flags = set(cpu.get("flags", cpu.get("Features", "")).split())
    return {
        "platform": platform.platform(),
        "CPU": cpu.get("model name") or platform.processor() or platform.machine(),
        "CPU features": " ".join(name for name in FEATURES if name in flags) or "unknown",
        "CPUs": f"{os.cpu_count()}, {threads.available_cpus()} for this process",
    }


def _cpuinfo() -> dict[str, str]:
    """Return the first CPU's entries in Linux's list; nothing on other systems."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _compiled() -> Mapping[str, str]:
    try:
        kernels = compiled.describe()
    except ImportError as error:
        return {"unusable": str(error)}
    return {
        "instruction set": kernels["isa"],
        "built": ", ".join(kernels["built"]),
        "supported": ", ".join(kernels["supported"]),
        "OpenMP": "yes" if kernels["openmp"] else "no: the compiler had none; one thread",
    }


def _threads() -> Mapping[str, str]:
    variables = ("FASTMSE_NUM_THREADS", "OMP_NUM_THREADS")
    settings = {name: os.environ[name] for name in variables if name in os.environ}
    try:
        used = str(threads.resolve())
    except ValueError as error:
        used = f"none: {error}"
    return {"threads": used, "Numba layer": _threading_layer(), **settings}


def _threading_layer() -> str:
    if backends.missing()["numba"]:
        return "no Numba"
    from fastmse.kernels.jit import backend as jit

    return str(jit.describe()["threading_layer"])


def _backends() -> Mapping[str, str]:
    return {name: reason or "usable" for name, reason in backends.missing().items()}
