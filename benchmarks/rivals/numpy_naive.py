"""NumPy as the formula is written."""

from __future__ import annotations

from benchmarks.rivals.rival import Answer, Array, Call, Rival


class NumPy(Rival):
    name, package, module = "NumPy", "numpy", "numpy"
    how = "as the formula is written, with its temporaries"

    def predictions(self, y: Array, f: Array, out: Array | None) -> Call:
        def call() -> Answer:
            residual = f - y
            mse = (residual**2).mean()
            return Answer(mse, None if out is None else 2 / y.size * residual)

        return call

    def linear(self, X: Array, y: Array, theta: Array) -> Call:
        def call() -> Answer:
            residual = X @ theta - y
            return Answer((residual**2).mean(), 2 / y.size * (residual @ X))

        return call
