"""Numbers that carry a bound of the rounding error that a program in float64 makes in them."""

from __future__ import annotations

import math
from itertools import product

import mpmath
from mpmath import mpf

UNIT = mpf(2) ** -53
LIBRARY = 8 * UNIT  # NumPy's functions: 4 ulp at most
TINIEST = mpf(2) ** -1000  # what underflow may lose


class Rounded:
    """A value in 50 digits, and the most that the float64 computed for it may be away from it."""

    def __init__(self, value, error=0):
        self.value, self.error = mpf(value), mpf(error)

    def __neg__(self):
        return Rounded(-self.value, self.error)

    def __add__(self, other):
        return of(lambda a, b: a + b, self, other)

    def __sub__(self, other):
        return of(lambda a, b: a - b, self, other)

    def __mul__(self, other):
        return of(lambda a, b: a * b, self, other)

    def __truediv__(self, other):
        return of(lambda a, b: a / b, self, other)

    def __radd__(self, other):
        return rounded(other) + self

    def __rsub__(self, other):
        return rounded(other) - self

    def __rmul__(self, other):
        return rounded(other) * self

    def __rtruediv__(self, other):
        return rounded(other) / self

    def __lt__(self, other):
        return self.value < rounded(other).value

    def __le__(self, other):
        return self.value <= rounded(other).value

    def __gt__(self, other):
        return self.value > rounded(other).value

    def __ge__(self, other):
        return self.value >= rounded(other).value

    def __eq__(self, other):
        return self.value == rounded(other).value

    __hash__ = None


def rounded(number):
    """Of a constant: a program holds what the text's constants come to, in float64."""
    return number if isinstance(number, Rounded) else Rounded(number, LIBRARY * abs(mpf(number)))


def of(function, *arguments, unit=UNIT):
    """The function, of arguments anywhere in their bounds, rounded once more."""
    arguments = [rounded(a) for a in arguments]
    ends = product(*((a.value - a.error, a.value + a.error) for a in arguments))
    try:
        value = function(*(a.value for a in arguments))
        # Twice the ends: inside there may be an extremum.
        moved = 2 * max(abs(function(*end) - value) for end in ends)
    except ZeroDivisionError:  # in a branch that is not taken
        return Rounded(mpmath.nan, mpmath.inf)
    return Rounded(value, moved + unit * abs(value) + TINIEST)


def library(function):
    return lambda *arguments: of(function, *arguments, unit=LIBRARY)


FUNCTIONS = {
    **{
        name: library(getattr(mpmath, name))
        for name in ["exp", "log", "sqrt", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh"]
    },
    "erf": library(mpmath.erf),
    "absolute": lambda a: Rounded(abs(a.value), a.error),
    "power": library(mpmath.power),
    "where": lambda condition, a, b: rounded(a if condition else b),
}
"""The functions of a program, for such numbers."""

EXACT = {
    **{name: getattr(mpmath, name) for name in FUNCTIONS if hasattr(mpmath, name)},
    "abs": abs,
    "pi": math.pi,
    "log1p": mpmath.log1p,
    "expm1": mpmath.expm1,
    "log2": lambda u: mpmath.log(u, 2),
    "log10": mpmath.log10,
    "arctan": mpmath.atan,
    "where": lambda condition, a, b: a if condition else b,
}
"""The functions of a text, in as many digits as mpmath is set to."""
