"""The scalar of a nonlinear model, as each backend wants it: an address, or NumPy's columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import IntEnum
from typing import Any

Array = Any

Scalar = Callable[[tuple[Any, ...], tuple[Any, ...]], tuple[Any, ...]]
"""(x, theta) -> (f, its first derivatives, its packed second ones), as far as an order says."""


class Sums(IntEnum):
    """What a pass over the rows sums: SSE, and G, and N, and that with second derivatives."""

    VALUE = 0
    GRADIENT = 1
    NORMAL = 2
    HESSIAN = 3

    @property
    def order(self) -> int:
        """Of the derivatives that it takes."""
        return (0, 1, 1, 2)[self]

    def count(self, p: int) -> int:
        """Sums for each theta besides SSE."""
        return p * (self >= Sums.GRADIENT) + triangle(p) * (self >= Sums.NORMAL)


def triangle(p: int) -> int:
    """Elements of the lower triangle of a matrix (p, p)."""
    return p * (p + 1) // 2


def n_outputs(order: int, p: int) -> int:
    return (1, 1 + p, 1 + p + triangle(p))[order]


class ModelScalar(ABC):
    """A model of q variables and p parameters, one row at a time. Compiled when first needed."""

    may_raise = False
    "whether it may fail in a row"

    def __init__(self, q: int, p: int) -> None:
        self.q = q
        self.p = p
        self._callbacks: dict[int, Any] = {}
        self._device_kernels: dict[Any, Any] = {}
        self._curves: Any = None

    def address(self, order: int) -> int:
        """Of ``call(theta, columns, n)``, as `jit.scalars` describes it."""
        if order not in self._callbacks:
            self._callbacks[order] = self.compile(order)
        return int(self._callbacks[order].address)

    def on_device(self, key: Any, compile: Callable[[Callable[..., Scalar]], Any]) -> Any:
        """What ``compile(make)`` gives, once a key; ``make(order, functions)`` is a `Scalar`."""
        if key not in self._device_kernels:  # of two threads that compile it, one's is kept
            self._device_kernels.setdefault(key, compile(self.scalar))
        return self._device_kernels[key]

    @abstractmethod
    def scalar(self, order: int, functions: Any) -> Scalar:
        """The model as a `Scalar` of device code, which calls these functions by their names."""

    def curves_address(self) -> int:
        """Of ``call(x, columns, n)``: f and its first derivatives of many curves at one x."""
        if self._curves is None:
            self._curves = self.compile_curves()
        return int(self._curves.address)

    def check(self, *, rows_missing: bool = False) -> None:  # noqa: B027
        """After a pass: raise what compiled code could not. Few have anything to say."""

    def again(self, order: int, sums: Array) -> bool:
        """Whether `address` is another from now on, by which these sums must be made again."""
        return False

    @abstractmethod
    def compile(self, order: int) -> Any:
        """The callback, which lives as long as this object."""

    @abstractmethod
    def compile_curves(self) -> Any:
        """The callback of `curves_address`; NaN where a user's function raises."""

    @abstractmethod
    def values(self, order: int, x: Array, theta: Array) -> list[Array]:
        """The outputs for all rows of x (n, q), each (n,), computed by NumPy."""
