"""The coefficients of the vector functions' polynomials: where they come from.

    python tests/minimax.py

prints them as the sources hold them. Each is the polynomial of its degree whose largest weighted
error on the interval is least (Remez' exchange, in 200 bits), its coefficients then rounded to
float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mpmath import (
    atanh,
    cos,
    exp,
    log,
    lu_solve,
    matrix,
    mp,
    mpf,
    nstr,
    pi,
    polyval,
    sign,
    sin,
    sqrt,
)

BITS = 200
GRID = 24
"""Points per extremum, where the error is looked at."""

Function = Callable[[mpf], mpf]


@dataclass(frozen=True)
class Minimax:
    """p of a degree with the least max |weight (p - f)| on [low, high].

    The middle is no point to evaluate at: keep it off the zero of a weight.
    """

    name: str
    function: Function
    weight: Function
    low: Callable[[], mpf]
    high: Callable[[], mpf]
    degree: int
    bound: float
    """The largest error, as a power of two."""

    def solve(self) -> tuple[list[float], float]:
        """The coefficients from the constant on, and the error as a power of two."""
        with mp.workprec(BITS):
            points = self._chebyshev(self.degree + 1)
            grid = self._chebyshev(GRID * (self.degree + 2))
            values = [(self.function(x), self.weight(x)) for x in grid]
            for _ in range(8):
                p = self._levelled(points)
                errors = [w * (polyval(p, x) - f) for x, (f, w) in zip(grid, values, strict=True)]
                points = [grid[i] for i in _extrema(errors)][: self.degree + 2]
            return [float(c) for c in p[::-1]], float(log(max(map(abs, errors)), 2))

    def _chebyshev(self, n: int) -> list[mpf]:
        low, high = self.low(), self.high()
        return [(low + high - (high - low) * cos(pi * k / n)) / 2 for k in range(n + 1)]

    def _levelled(self, points: list[mpf]) -> list[mpf]:
        """The p whose weighted errors at the points are equal, with signs that alternate."""
        n = self.degree + 2
        a, b = matrix(n, n), matrix(n, 1)
        for i, x in enumerate(points):
            for k in range(n - 1):
                a[i, k] = x**k
            a[i, n - 1], b[i] = (-1) ** i / self.weight(x), self.function(x)
        return list(lu_solve(a, b))[-2::-1]


def _extrema(errors: list[mpf]) -> list[int]:
    """Where |error| is largest, between one change of its sign and the next."""
    best = [0]
    for i in range(1, len(errors)):
        if sign(errors[i]) != sign(errors[best[-1]]):
            best.append(i)
        elif abs(errors[i]) > abs(errors[best[-1]]):
            best[-1] = i
    return best


def _half_ln2() -> mpf:
    """Beyond ln 2 / 2 by more than the rounding of x / ln 2 may add."""
    return log(2) / 2 + mpf(2) ** -30


EXP = Minimax(
    "(exp(r) - 1 - r) / r²",
    lambda r: (exp(r) - 1 - r) / r**2,
    lambda r: abs(r),  # so that exp(r) - 1 is good near 0 too
    lambda: -log(2) / 2,
    _half_ln2,
    10,
    -60.0,
)


def _series_of_atanh(z: mpf) -> mpf:
    s = sqrt(z)
    return 2 * (atanh(s) / s - 1) / z


LOG = Minimax(
    "(2 atanh(s) / s - 2) / z of z = s²",
    _series_of_atanh,
    lambda z: z / 2,
    lambda: mpf(2) ** -30,
    lambda: (sqrt(2) - 1) ** 4 + mpf(2) ** -40,
    6,
    -59.0,
)


POWER = Minimax(
    "((2 atanh(s) / s - 2) / z - 2 / 3) / z of z = s²",
    lambda z: (_series_of_atanh(z) - mpf(2) / 3) / z,
    lambda z: z**2 / 2,
    lambda: mpf(2) ** -30,
    lambda: (sqrt(2) - 1) ** 4 + mpf(2) ** -40,
    6,
    -66.0,
)


def _quarter_pi_squared() -> mpf:
    return (pi / 4) ** 2 + mpf(2) ** -20


SIN = Minimax(
    "(sin(r) / r - 1) / z of z = r²",
    lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z,
    lambda z: z,
    lambda: mpf(2) ** -30,
    _quarter_pi_squared,
    5,
    -58.0,
)

COS = Minimax(
    "(cos(r) - 1 + z / 2) / z² of z = r²",
    lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2,
    lambda z: z**2,
    lambda: mpf(2) ** -30,
    _quarter_pi_squared,
    5,
    -64.0,
)

ALL = {
    "exponential.COEFFICIENTS": EXP,
    "logarithm.COEFFICIENTS": LOG,
    "logarithm_pair.COEFFICIENTS": POWER,
    "quarter_circle.SINE_COEFFICIENTS": SIN,
    "quarter_circle.COSINE_COEFFICIENTS": COS,
}
"""By where the source holds them."""


def main() -> None:
    for problem in ALL.values():
        coefficients, error = problem.solve()
        print(f"{problem.name}, degree {problem.degree}: error 2^{nstr(error, 4)}")
        print("".join(f"    {c!r},\n" for c in coefficients))


if __name__ == "__main__":
    main()
