"""NumPy as the formula is written."""

from __future__ import annotations

import numpy as np

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

    def peak(self, x: Array, y: Array, theta: Array) -> Call:
        """Tidy: what value and gradient share is computed once, and no Jacobian is made."""
        height, centre, width, level, slope = theta.tolist()

        def call() -> Answer:
            z = (x - centre) / width
            bell = np.exp(-(z**2))
            residual = height * bell + level + slope * x - y
            tilt = 2 * height / width * residual * bell * z
            sums = residual @ bell, tilt.sum(), tilt @ z, residual.sum(), residual @ x
            return Answer((residual**2).mean(), 2 / y.size * np.array(sums))

        return call
