"""Exact oracles: MSE and gradient in integer arithmetic, and distances from them."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_VALUES = 100_000  # of an array: arithmetic on Python's integers needs up to 1 us for each
EPS = np.finfo(np.float64).eps

Integers = tuple[NDArray[Any], int]  # m and e: the numbers m 2ᵉ


class Exact(NamedTuple):
    """MSE, its gradient, and for each component the sum of the sizes of its terms.

    The gradient is the sum of two float64, the second what the first leaves: 106 bits.
    """

    mse: Fraction
    grad: tuple[NDArray[np.float64], NDArray[np.float64]]
    sizes: NDArray[np.float64]


def integers(array: NDArray[Any]) -> Integers:
    """An array of floats as Python's integers times one power of two, without any rounding."""
    mantissa, exponent = np.frexp(np.asarray(array, np.float64))
    low = int(exponent.min())
    whole = np.ldexp(mantissa, 53).astype(np.int64).astype(object)
    return whole << (exponent - low).astype(object), low - 53


def difference(a: Integers, b: Integers) -> Integers:
    """a − b."""
    low = min(a[1], b[1])
    return (a[0] << (a[1] - low)) - (b[0] << (b[1] - low)), low


def product(a: Integers, b: Integers) -> Integers:
    """a @ b."""
    return a[0] @ b[0], a[1] + b[1]


def fraction(integer: int, exponent: int) -> Fraction:
    return Fraction(integer) * Fraction(2) ** exponent


def in_pairs(numbers: Integers, scale: Fraction) -> tuple[NDArray[Any], NDArray[Any]]:
    """`scale` times the numbers, each as two float64: a division of integers rounds once."""
    unit = fraction(1, numbers[1]) * scale
    exact = [(m * unit.numerator, unit.denominator) for m in numbers[0].tolist()]
    high = [over / under for over, under in exact]
    return np.array(high), np.array([rest(*e, h) for e, h in zip(exact, high, strict=True)])


def rest(over: int, under: int, high: float) -> float:
    """over/under − high."""
    a, b = high.as_integer_ratio()
    return (over * b - a * under) / (under * b)


def of_predictions(y: NDArray[Any], f: NDArray[Any]) -> Exact:
    """1/n Σᵢ (yᵢ − fᵢ)², and 2/n (fᵢ − yᵢ), each of which is one term."""
    residual = difference(integers(f), integers(y))
    grad = in_pairs(residual, Fraction(2, y.size))
    square = fraction(*product(residual, residual))
    return Exact(square / y.size, grad, abs(grad[0]))


def of_linear(
    X: NDArray[Any], y: NDArray[Any], theta: NDArray[Any], weights: NDArray[Any] | None = None
) -> Exact:
    """1/W Σᵢ wᵢ (θᵀxᵢ − yᵢ)², and 2/W Σᵢ wᵢ (θᵀxᵢ − yᵢ) xᵢ; sizes are 2/W Σᵢ |wᵢ rᵢ xᵢⱼ|."""
    rows = integers(X)
    w = integers(np.ones(len(y)) if weights is None else weights)
    residual = difference(product(rows, integers(theta)), integers(y))
    weighted = residual[0] * w[0], residual[1] + w[1]
    total = fraction(int(w[0].sum()), w[1])
    terms, _ = in_pairs(weighted, 2 / total)
    return Exact(
        fraction(*product(weighted, residual)) / total,
        in_pairs(product(weighted, rows), 2 / total),
        abs(terms) @ abs(X.astype(np.float64)),
    )


def ulp(value: float, exact: Fraction) -> float:
    """|value − exact| in units of the last place of `exact`."""
    return float(abs(Fraction(value) - exact) / Fraction(math.ulp(float(exact))))


def eps(grad: NDArray[Any], exact: Exact) -> float:
    """The largest |gradientⱼ − exactⱼ| in eps times the sizes of its terms."""
    high, low = exact.grad
    errors, units = abs((grad - high) - low), EPS * exact.sizes
    return float((errors[units > 0] / units[units > 0]).max(initial=0.0))
