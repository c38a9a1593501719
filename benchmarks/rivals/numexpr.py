"""numexpr: elementwise expressions in cache-sized pieces; it has no product of matrices."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from benchmarks.rivals.rival import Answer, Array, Call, Rival, thread_count


class Numexpr(Rival):
    name, package, module = "numexpr", "numexpr", "numexpr"
    how = "`evaluate`, one expression for the sum and one for the gradient"

    def __init__(self, n_threads: int) -> None:
        super().__init__(n_threads)
        import numexpr

        self.ne = numexpr

    def threads(self) -> AbstractContextManager[Any]:
        return thread_count(self.ne.get_num_threads, self.ne.set_num_threads, self.n_threads)

    def predictions(self, y: Array, f: Array, out: Array | None) -> Call:
        names = {"y": y, "f": f, "scale": 2 / y.size}

        def call() -> Answer:
            sse = self.ne.evaluate("sum((f - y) ** 2)", names)
            if out is not None:
                self.ne.evaluate("scale * (f - y)", names, out=out)
            return Answer(sse / y.size, out)

        return call
