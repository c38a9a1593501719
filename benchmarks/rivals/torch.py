"""PyTorch, eager, the gradient by autograd."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from benchmarks.rivals.rival import Answer, Array, Call, Rival, thread_count


class Torch(Rival):
    name, package, module = "torch", "torch", "torch"
    how = "eager, `mse_loss`, the gradient by autograd; on NumPy's memory"

    def __init__(self, n_threads: int) -> None:
        super().__init__(n_threads)
        import torch

        self.torch = torch

    def threads(self) -> AbstractContextManager[Any]:
        return thread_count(self.torch.get_num_threads, self.torch.set_num_threads, self.n_threads)

    def predictions(self, y: Array, f: Array, out: Array | None) -> Call:
        truth, pred = self.torch.from_numpy(y), self.torch.from_numpy(f)
        mse_loss = self.torch.nn.functional.mse_loss

        def value() -> Answer:
            return Answer(mse_loss(pred, truth).item(), None)

        def both() -> Answer:
            leaf = pred.detach().requires_grad_()
            mse = mse_loss(leaf, truth)
            (grad,) = self.torch.autograd.grad(mse, leaf)
            return Answer(mse.item(), grad.numpy())

        return value if out is None else both

    def linear(self, X: Array, y: Array, theta: Array) -> Call:
        rows, truth = self.torch.from_numpy(X), self.torch.from_numpy(y)
        leaf = self.torch.from_numpy(theta).requires_grad_()

        def call() -> Answer:
            mse = self.torch.nn.functional.mse_loss(rows @ leaf, truth)
            (grad,) = self.torch.autograd.grad(mse, leaf)
            return Answer(mse.item(), grad.numpy())

        return call

    def peak(self, x: Array, y: Array, theta: Array) -> Call:
        points, truth = self.torch.from_numpy(x), self.torch.from_numpy(y)
        leaf = self.torch.tensor(theta).requires_grad_()

        def call() -> Answer:
            b1, b2, b3, b4, b5 = leaf
            f = b1 * self.torch.exp(-(((points - b2) / b3) ** 2)) + b4 + b5 * points
            mse = self.torch.nn.functional.mse_loss(f, truth)
            (grad,) = self.torch.autograd.grad(mse, leaf)
            return Answer(mse.item(), grad.numpy())

        return call
