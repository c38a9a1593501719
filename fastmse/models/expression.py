"""Models that are written as a formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from fastmse import formulas
from fastmse.kernels.scalars import ModelScalar, Scalar, n_outputs
from fastmse.models.scalar_model import ScalarModel

KEPT = 128
"""Formulas whose compiled functions are kept for the next of their text."""

Functions = Mapping[str, Callable[..., Any]]


class Expression(ScalarModel):
    """f(x; θ) by its formula, which SymPy differentiates and Numba compiles when it is first used.

    Equal formulas share what was compiled.

    Parameters
    ----------
    text : str
        Arithmetic, powers (``**``), exp, expm1, log, log1p, log2, log10, sqrt, sin, cos, tan,
        atan, sinh, cosh, tanh, erf, abs, ``where(condition, a, b)`` with comparisons, and ``pi``.
        Any other name is a parameter or a variable.
    parameters : sequence of str
        The names of θ's components, in their order.
    variables : sequence of str, optional
        The names of X's columns, in their order. None: all names of `text` that are no parameters,
        in the order of their appearance.

    Raises
    ------
    FormulaError
        A ValueError that points at the place in the text.

    Examples
    --------
    >>> import fastmse as fm
    >>> decay = fm.Expression("amplitude*exp(-rate*t)", ["amplitude", "rate"])
    >>> decay.variables
    ('t',)
    >>> e = decay.evaluate([0.0, 1.0, 2.0], [2.0, 1.0, 1.0], [2.0, 0.5])
    >>> round(e.mse, 6), e.grad.round(6)
    (0.038406, array([0.021346, 0.086919]))
    """

    __slots__ = ("_formula", "_model_scalar", "parameters", "text", "variables")

    has_hessian = True

    def __init__(
        self, text: str, parameters: Sequence[str], variables: Sequence[str] | None = None
    ) -> None:
        self._formula = formulas.parse(text, parameters, variables)
        self.text: str = self._formula.text
        self.parameters = tuple(self._formula.parameters)
        self.variables: tuple[str, ...] = tuple(self._formula.variables)
        self._model_scalar = _scalar_of(self._formula)

    def __repr__(self) -> str:
        return f"Expression({self.text!r}, {self.parameters!r}, {self.variables!r})"

    def __reduce__(self) -> Any:
        return Expression, (self.text, self.parameters, self.variables)

    def _scalar(self, q: int, is_vector: bool) -> FormulaScalar:
        return self._model_scalar


@lru_cache(KEPT)
def _scalar_of(formula: formulas.Formula) -> FormulaScalar:
    """The same for equal formulas: compiled once a process."""
    return FormulaScalar(len(formula.variables), len(formula.parameters), formula.scalar)


class FormulaScalar(ModelScalar):
    """``make(order, functions)`` is a `Scalar` that calls these functions by their names."""

    def __init__(self, q: int, p: int, make: Callable[[int, Functions], Scalar]) -> None:
        super().__init__(q, p)
        self._make = make
        self._near: dict[int, Any] = {}  # callbacks that were replaced: one may still be running

    def compile(self, order: int) -> Any:
        return self._callback(order, self.scalars(order)[0])

    def again(self, order: int, sums: Any) -> bool:
        """Where a sum is NaN, and far sines may be the reason."""
        compiled = order in self._callbacks and order not in self._near
        if not compiled or not np.isnan(sums).any():
            return False
        scalar, far = self.scalars(order)
        if far is None:
            return False
        self._near[order] = self._callbacks[order]
        self._callbacks[order] = self._callback(order, scalar, far)
        return True

    def scalars(self, order: int) -> tuple[Scalar, Scalar | None]:
        """A scalar to compile, and one for the rows where an output of it is NaN."""
        from fastmse.kernels.jit.functions import scalars

        return scalars(partial(self._make, order))

    def _callback(self, order: int, scalar: Scalar, far: Scalar | None = None) -> Any:
        from fastmse.kernels.jit.scalars import rows_callback

        return rows_callback(scalar, self.q, self.p, n_outputs(order, self.p), far)

    def compile_curves(self) -> Any:
        from fastmse.kernels.jit.scalars import curves_callback

        scalar, far = self.scalars(1)
        return curves_callback(scalar, self.q, self.p, n_outputs(1, self.p), far)

    def values(self, order: int, x: Any, theta: Any) -> list[Any]:
        outputs = self._make(order, formulas.numpy_functions())(tuple(x.T), tuple(theta))
        return [np.broadcast_to(np.asarray(value, np.float64), len(x)) for value in outputs]
