"""NIST's nonlinear models, as their files write them, with ** for powers and () for []."""

from __future__ import annotations

from typing import NamedTuple


class Model(NamedTuple):
    """A formula, its parameters, and whether it is the logarithm of y that it predicts."""

    text: str
    parameters: tuple[str, ...]
    log_y: bool = False


def b(count: int) -> tuple[str, ...]:
    """b1, b2, ..."""
    return tuple(f"b{j}" for j in range(1, count + 1))


GAUSS = "b1*exp( -b2*x ) + b3*exp( -(x-b4)**2 / b5**2 ) + b6*exp( -(x-b7)**2 / b8**2 )"
ENSO = (
    "b1 + b2*cos( 2*pi*x/12 ) + b3*sin( 2*pi*x/12 ) "
    "+ b5*cos( 2*pi*x/b4 ) + b6*sin( 2*pi*x/b4 ) "
    "+ b8*cos( 2*pi*x/b7 ) + b9*sin( 2*pi*x/b7 )"
)

MODELS = {
    "BoxBOD": Model("b1*(1-exp(-b2*x))", b(2)),
    "Chwirut2": Model("exp(-b1*x)/(b2+b3*x)", b(3)),
    "DanWood": Model("b1*x**b2", b(2)),
    "ENSO": Model(ENSO, b(9)),
    "Eckerle4": Model("(b1/b2) * exp(-0.5*((x-b3)/b2)**2)", b(3)),
    "Gauss1": Model(GAUSS, b(8)),
    "Gauss3": Model(GAUSS, b(8)),
    "Kirby2": Model("(b1 + b2*x + b3*x**2) / (1 + b4*x + b5*x**2)", b(5)),
    "Lanczos3": Model("b1*exp(-b2*x) + b3*exp(-b4*x) + b5*exp(-b6*x)", b(6)),
    "MGH09": Model("b1*(x**2+x*b2) / (x**2+x*b3+b4)", b(4)),
    "Misra1a": Model("b1*(1-exp(-b2*x))", b(2)),
    "Misra1b": Model("b1 * (1-(1+b2*x/2)**(-2))", b(2)),
    "Misra1c": Model("b1 * (1-(1+2*b2*x)**(-.5))", b(2)),
    "Nelson": Model("b1 - b2*x1 * exp(-b3*x2)", b(3), log_y=True),
    "Rat42": Model("b1 / (1+exp(b2-b3*x))", b(3)),
    "Roszman1": Model("b1 - b2*x - arctan(b3/(x-b4))/pi", b(4)),
}
