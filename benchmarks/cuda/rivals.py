"""How others do the same on a GPU: the code that their users write, warmed up beforehand.

A value comes to the host as a float, a gradient of theta as an array; one of predictions stays.
For narrow dtypes their sums are as their libraries make them, ours are of float64.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any

from benchmarks.cuda.works import Arrays, Work

Call = Callable[[], Any]


def available() -> dict[str, Callable[[Work, Arrays], Call]]:
    """By name; a library that is not there, or finds no device, is left out."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX takes most memory else
    found: dict[str, Callable[[Work, Arrays], Call]] = {}
    for package, rivals in (
        ("cupy", {"CuPy": cupy}),
        ("torch", {"torch eager": torch_eager, "torch.compile": torch_compiled}),
        ("jax", {"JAX": jax}),
    ):
        try:
            import_module(package)
        except Exception:  # a library that does not fit what is installed beside it
            continue
        found |= rivals
    return found


def versions() -> dict[str, str]:
    names = ("numba", "numba-cuda", "cupy-cuda13x", "cupy-cuda12x", "torch", "jax", "numpy")
    return {name: known for name in names if (known := _version(name))}


def _version(name: str) -> str:
    try:
        return version(name)
    except Exception:
        return ""


def cupy(work: Work, arrays: Arrays) -> Call:
    import cupy as cp

    y, x, n = cp.asarray(arrays.y), cp.asarray(arrays.x), work.n
    theta = cp.asarray(arrays.theta, dtype=work.dtype)

    def value() -> float:
        r = x - y
        return float(r.dot(r)) / n

    def gradient() -> Any:
        r = x - y
        mse = float(r.dot(r)) / n
        r *= 2 / n
        return mse, r

    def linear() -> Any:
        r = x @ theta
        r -= y
        return float(r.dot(r)) / n, (2 / n * (r @ x)).get()

    return {"value": value, "gradient": gradient, "linear": linear}[work.kind]


def _tensors(work: Work, arrays: Arrays) -> tuple[Any, Any, Any]:
    import torch

    theta = torch.as_tensor(arrays.theta, dtype=getattr(torch, work.dtype), device="cuda")
    return torch.as_tensor(arrays.y, device="cuda"), torch.as_tensor(arrays.x, device="cuda"), theta


def torch_eager(work: Work, arrays: Arrays) -> Call:
    import torch

    y, x, theta = _tensors(work, arrays)
    mse_loss = torch.nn.functional.mse_loss

    def value() -> float:
        return mse_loss(x, y).item()

    def gradient() -> Any:
        predicted = x.detach().requires_grad_()
        loss = mse_loss(predicted, y)
        loss.backward()
        return loss.item(), predicted.grad

    def linear() -> Any:
        mse, slope = _torch_linear(x, y, theta)
        return mse.item(), slope.cpu()

    return {"value": value, "gradient": gradient, "linear": linear}[work.kind]


def _torch_linear(x: Any, y: Any, theta: Any) -> Any:
    r = x @ theta - y
    return r.dot(r) / len(r), 2 / len(r) * (r @ x)


def _torch_value(y: Any, x: Any) -> Any:
    return ((x - y) ** 2).mean()


def _torch_gradient(y: Any, x: Any) -> Any:
    """In closed form, which is one kernel: autograd took two."""
    r = x - y
    return (r * r).mean(), r * (2 / r.numel())


def torch_compiled(work: Work, arrays: Arrays) -> Call:
    import torch

    y, x, theta = _tensors(work, arrays)
    value = torch.compile(_torch_value)
    both = torch.compile(_torch_gradient)
    linear = torch.compile(_torch_linear)

    def gradient() -> Any:
        mse, slope = both(y, x)
        return mse.item(), slope

    def model() -> Any:
        mse, slope = linear(x, y, theta)
        return mse.item(), slope.cpu()

    return {"value": lambda: value(y, x).item(), "gradient": gradient, "linear": model}[work.kind]


def jax(work: Work, arrays: Arrays) -> Call:
    import jax
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    y, x = jax.dlpack.from_dlpack(arrays.y), jax.dlpack.from_dlpack(arrays.x)
    theta = jax.numpy.asarray(arrays.theta, dtype=work.dtype)

    def mse(x: Any, y: Any) -> Any:
        return jax.numpy.mean((x - y) ** 2)

    def error(theta: Any, x: Any, y: Any) -> Any:
        return jax.numpy.mean((x @ theta - y) ** 2)

    value, both = jax.jit(mse), jax.jit(jax.value_and_grad(mse))
    linear = jax.jit(jax.value_and_grad(error))

    def gradient() -> Any:
        found, slope = both(x, y)
        return float(found), slope.block_until_ready()

    def model() -> Any:
        found, slope = linear(theta, x, y)
        return float(found), np.asarray(slope)

    return {"value": lambda: float(value(x, y)), "gradient": gradient, "linear": model}[work.kind]
