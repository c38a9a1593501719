"""JAX, compiled, in float64."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import numpy as np

from benchmarks.cores import cores
from benchmarks.rivals.rival import Answer, Array, Call, Rival


class Jax(Rival):
    name, package, module = "JAX", "jax", "jax"
    how = "`jit(value_and_grad)` with x64, on arrays of its own"

    def __init__(self, n_threads: int) -> None:
        super().__init__(n_threads)
        import jax

        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_platforms", "cpu")
        self.jax, self.jnp = jax, jax.numpy
        jax.devices()  # makes the pool, as large as the CPUs of now: before any are taken away

    def threads(self) -> AbstractContextManager[Any]:
        """XLA's pool is as large as the machine for good: what can be limited is its cores."""
        return cores(self.n_threads)

    def predictions(self, y: Array, f: Array, out: Array | None) -> Call:
        def mse(f: Any, y: Any) -> Any:
            return ((f - y) ** 2).mean()

        return self.call(mse, (f, y), with_grad=out is not None)

    def linear(self, X: Array, y: Array, theta: Array) -> Call:
        by_rows = X.flags.c_contiguous  # XLA's own arrays all are

        def mse(theta: Any, X: Any, y: Any) -> Any:
            return (((X @ theta if by_rows else theta @ X) - y) ** 2).mean()

        return self.call(mse, (theta, X if by_rows else X.T, y), with_grad=True)

    def peak(self, x: Array, y: Array, theta: Array) -> Call:
        def mse(theta: Any, x: Any, y: Any) -> Any:
            b1, b2, b3, b4, b5 = theta
            return ((b1 * self.jnp.exp(-(((x - b2) / b3) ** 2)) + b4 + b5 * x - y) ** 2).mean()

        return self.call(mse, (theta, x, y), with_grad=True)

    def call(self, mse: Any, arrays: tuple[Array, ...], *, with_grad: bool) -> Call:
        """`mse` compiled, for arrays already where JAX wants them; waits for its result."""
        compiled = self.jax.jit(self.jax.value_and_grad(mse) if with_grad else mse)
        run = partial(compiled, *(self.jnp.asarray(array) for array in arrays))

        def call() -> Answer:
            result = self.jax.block_until_ready(run())
            if not with_grad:
                return Answer(float(result), None)
            return Answer(float(result[0]), np.asarray(result[1]))

        return call
