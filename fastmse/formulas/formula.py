"""A formula: its text, what its names mean, and the programs made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fastmse.formulas.grammar import read
from fastmse.formulas.lowering import Lowering
from fastmse.formulas.names import check_parameters, check_variables, found_variables
from fastmse.formulas.source import called, written
from fastmse.formulas.terms import Pool, Term, ordered

KEPT = 256  # programs of recent formulas
MISSING = 'derivatives of a formula need {}: pip install "fastmse[models]"'


@dataclass(frozen=True)
class Formula:
    """f(x; θ), checked. It is its text and names: equal, hashed and pickled by these.

    Attributes
    ----------
    text : str
    parameters : tuple of str
        The names of θ, in order.
    variables : tuple of str
        The names of x, in order.
    """

    text: str
    parameters: tuple[str, ...]
    variables: tuple[str, ...]

    def source(self, order: int) -> str:
        """The text of `def model(x, theta)`, which returns a tuple.

        Order 0 gives f; 1 also ∂f/∂θⱼ; 2 also ∂²f/∂θⱼ∂θₖ, k <= j, the lower triangle by rows. f is
        computed as the text says it, the same bits in every order. x and theta are tuples of
        floats, or of arrays; constants are floats, so an output that is constant is a float.
        """
        outputs = _outputs(self, _checked(order))
        variables = {name: f"x_{name}" for name in self.variables}
        return written(outputs, variables, {name: f"p_{name}" for name in self.parameters})

    def scalar(self, order: int, functions: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
        """The program of `source(order)` as a function that sees nothing but `functions`.

        Formulas that are equal share it, for the same functions.
        """
        used = called(_outputs(self, _checked(order)))
        missing = [name for name in used if name not in functions]
        if missing:
            raise KeyError(f"functions: {', '.join(missing)} missing; want {', '.join(used)}")
        return _compiled(self, order, tuple((name, functions[name]) for name in used))


def parse(text: str, parameters: Sequence[str], variables: Sequence[str] | None = None) -> Formula:
    """Read a formula.

    Parameters
    ----------
    text : str
        Arithmetic (+ - * / **) on numbers, `pi`, parameters and variables; the functions exp,
        expm1, log, log1p, log2, log10, sqrt, sin, cos, tan, atan (or arctan), sinh, cosh, tanh,
        erf and abs; where(condition, a, b), whose conditions compare and are joined by and, or,
        not, & and |.
    parameters : sequence of str
        The names of θ, each of which the text must use.
    variables : sequence of str, optional
        The names of x, used or not; None: every other name, in order of appearance.

    Raises
    ------
    FormulaError
        For a text that says anything else, a constant that is infinite or no real number, and names
        that are missing, doubled or no identifiers; it points at the place.
    TypeError
        If an argument is of another type.
    """
    if not isinstance(text, str):
        raise TypeError(f"formula: got {type(text).__name__}; want a str such as 'b1*exp(-b2*x)'")
    named = check_parameters(parameters)
    given = None if variables is None else check_variables(variables, named)
    text = str(text)
    return Formula(text, named, found_variables(text, places(text), named, given))


def places(text: str) -> dict[str, int]:
    """The parameters and variables in a text, with the columns where they come first.

    Raises
    ------
    FormulaError
        As `parse`, for a text that is no formula.
    """
    return read(text, Pool())[1]


def _checked(order: int) -> int:
    if order not in (0, 1, 2):
        raise ValueError(f"order: got {order!r}; want 0, 1 or 2")
    return order


@lru_cache(KEPT)
def _outputs(formula: Formula, order: int) -> tuple[Term, ...]:
    """What the program returns. SymPy is imported where a derivative is wanted: 0.5 s."""
    term, _ = read(formula.text, Pool())
    pool = Pool()
    value = _lowered(term, Lowering(pool))
    if order == 0:
        return (value,)
    try:
        from fastmse.formulas.derivatives import derivatives
        from fastmse.formulas.translation import Translation
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(MISSING.format(error.name), name=error.name) from error

    translated = Translation(pool)
    return (value, *map(translated, derivatives(term, formula.parameters, order)))


def _lowered(term: Term, lower: Lowering) -> Term:
    """The value as a term of the program, in the order of the text."""
    made: dict[Term, Term] = {}
    for t in ordered([term], Term.operands):
        made[t] = lower(t.op, *(made.get(a, a) for a in t.args))
    return made[term]


@lru_cache(KEPT)
def _compiled(
    formula: Formula, order: int, functions: tuple[tuple[str, Callable[..., Any]], ...]
) -> Callable[..., Any]:
    namespace: dict[str, Any] = {"__builtins__": {}, **dict(functions)}
    exec(compile(formula.source(order), "<formula>", "exec"), namespace)
    return namespace["model"]  # type: ignore[no-any-return]
