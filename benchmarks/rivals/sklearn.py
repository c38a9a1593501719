"""scikit-learn's private losses, which its linear models are made of."""

from __future__ import annotations

import numpy as np

from benchmarks.rivals.rival import Answer, Array, Call, Rival


class ScikitLearn(Rival):
    name, package, module = "scikit-learn", "scikit-learn", "sklearn"
    how = "`HalfSquaredError.loss` and `loss_gradient` into arrays, `LinearModelLoss.loss_gradient`"

    def __init__(self, n_threads: int) -> None:
        super().__init__(n_threads)
        from sklearn._loss import HalfSquaredError

        self.loss = HalfSquaredError()

    def predictions(self, y: Array, f: Array, out: Array | None) -> Call:
        losses = np.zeros_like(y)

        def value() -> Answer:
            self.loss.loss(y, f, loss_out=losses, n_threads=self.n_threads)
            return Answer(2 * losses.mean(), None)

        def both() -> Answer:
            self.loss.loss_gradient(
                y, f, loss_out=losses, gradient_out=out, n_threads=self.n_threads
            )
            np.multiply(out, 2 / y.size, out=out)
            return Answer(2 * losses.mean(), out)

        return value if out is None else both

    def linear(self, X: Array, y: Array, theta: Array) -> Call:
        from sklearn.linear_model._linear_loss import LinearModelLoss

        loss = LinearModelLoss(base_loss=self.loss, fit_intercept=False)

        def call() -> Answer:
            half, grad = loss.loss_gradient(theta, X, y, n_threads=self.n_threads)
            return Answer(2 * half, 2 * grad)

        return call
