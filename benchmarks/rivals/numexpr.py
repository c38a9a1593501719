"""numexpr: elementwise expressions in cache-sized pieces; it has no product of matrices."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from benchmarks.rivals.rival import Answer, Array, Call, Rival, thread_count


class Numexpr(Rival):
    name, package, module = "numexpr", "numexpr", "numexpr"
    how = "`evaluate`, an expression for the sum and one for the gradient; a peak's sums by NumPy"

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

    def peak(self, x: Array, y: Array, theta: Array) -> Call:
        """Elementwise parts here; their products are NumPy's, for numexpr sums on one thread."""
        z, bell, residual, tilt = (np.zeros_like(y) for _ in range(4))
        names = dict(zip("abcde", theta.tolist(), strict=True))
        names |= {"x": x, "y": y, "z": z, "bell": bell, "residual": residual}
        steps = {
            "(x - b) / c": z,
            "exp(-z * z)": bell,
            "a * bell + d + e * x - y": residual,
            "2 * a / c * residual * bell * z": tilt,
        }

        def call() -> Answer:
            for text, out in steps.items():
                self.ne.evaluate(text, names, out=out)
            sums = residual @ bell, tilt.sum(), tilt @ z, residual.sum(), residual @ x
            return Answer(residual @ residual / y.size, 2 / y.size * np.array(sums))

        return call
