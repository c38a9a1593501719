"""``python check_wheel.py SOURCE WHEEL``: does the wheel hold what it should, and nothing else?"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

SHIPPED = {".py", ".pyi", ".pyx", ".pxd", ".pxi", ".h", ".typed"}
COMPILED = (".so", ".pyd")


def faults(wheel: Iterable[str], source: Iterable[str]) -> Iterator[str]:
    """What is wrong with a wheel of the files `wheel`, built from the package files `source`.

    Every source file must be there (generated C is none), every ``.pyx`` as a compiled module
    too, and nothing outside the package.
    """
    names, wanted = set(wheel), {name for name in source if Path(name).suffix in SHIPPED}
    yield from (f"missing: {name}" for name in sorted(wanted - names))
    compiled = {name.split(".")[0] for name in names if name.endswith(COMPILED)}
    if not compiled:
        yield "missing: every compiled module"
    for name in sorted(names - wanted):
        folder = name.split("/")[0]
        if folder != "fastmse" and not folder.endswith(".dist-info"):
            yield f"outside the package: {name}"
        elif folder == "fastmse" and not name.endswith(COMPILED):
            yield f"not a source file: {name}"
        elif name.endswith(COMPILED) and f"{name.split('.')[0]}.pyx" not in wanted:
            yield f"compiled from nothing: {name}"


def main(source: str, wheel: str) -> int:
    root = Path(source)
    files = [path.relative_to(root).as_posix() for path in root.glob("fastmse/**/*.*")]
    with zipfile.ZipFile(wheel) as archive:
        found = list(faults(archive.namelist(), files))
    print("\n".join(found) or f"{Path(wheel).name}: holds what it should")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
