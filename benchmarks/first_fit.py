"""``python first_fit.py QUESTION``: how long until a new process has its first fit, as JSON.

The question is {"started", "text", "parameters", "x", "y", "start"}. What counts is seconds from
`started`, the time when the process was: Python, imports, SymPy, and compilation included. Then
those of the same fit again, and by another Expression of the same text.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def main(question: dict[str, Any]) -> None:
    import fastmse as fm

    x, y, start = (question[name] for name in ("x", "y", "start"))
    model = fm.Expression(question["text"], question["parameters"])
    found = model.fit(x, y, start)
    seconds = {"ours": time.time() - question["started"]}
    before = time.perf_counter()
    model.fit(x, y, start)
    seconds["again"] = time.perf_counter() - before
    before = time.perf_counter()
    fm.Expression(question["text"], question["parameters"]).fit(x, y, start)
    seconds["anew"] = time.perf_counter() - before
    print(json.dumps({"converged": found.converged, "seconds": seconds}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
