"""Models that the user wrote as Python functions of one row."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from fastmse.kernels.scalars import ModelScalar, Scalar
from fastmse.models.parameters import parameter_names
from fastmse.models.scalar_model import ScalarModel


class Function(ScalarModel):
    """f(x; θ) by functions of one row, compiled by Numba into the same loop as an `Expression`.

    Parameters
    ----------
    f : callable (x, theta) -> float
        x is a float where X is (n,), else an array (q,) of the row's variables; theta (p,).
        Plain Python that Numba compiles in nopython mode, or ``@numba.njit``.
    grad : callable (x, theta, out) -> None
        Writes ∂f/∂θ to out, (p,), every element of it. x and out are strided arrays.
    parameters : sequence of str
        The names of θ's components.

    Notes
    -----
    Both are compiled anew with NumPy's error model: division by zero is inf or NaN and raises
    nothing. An index out of bounds is not checked: it reads, or overwrites, what lies there. Second
    derivatives are not known: fits end without Newton's steps.

    Examples
    --------
    >>> import math
    >>> import fastmse as fm
    >>> def f(x, theta):
    ...     return theta[0] * math.exp(-theta[1] * x)
    >>> def grad(x, theta, out):
    ...     out[0] = math.exp(-theta[1] * x)
    ...     out[1] = -x * theta[0] * out[0]
    >>> decay = fm.Function(f, grad, parameters=["amplitude", "rate"])
    >>> e = decay.evaluate([0.0, 1.0, 2.0], [2.0, 1.0, 1.0], [2.0, 0.5])
    >>> round(e.mse, 6), e.grad.round(6)
    (0.038406, array([0.021346, 0.086919]))
    """

    __slots__ = ("_scalars", "f", "grad", "parameters")

    variables = None
    has_hessian = False

    def __init__(
        self,
        f: Callable[..., float],
        grad: Callable[..., object],
        *,
        parameters: Sequence[str],
    ) -> None:
        _require_arguments("f", f, ("x", "theta"))
        _require_arguments("grad", grad, ("x", "theta", "out"))
        self.f = f
        self.grad = grad
        self.parameters = parameter_names(parameters)
        self._scalars: dict[tuple[int, bool], UsersScalar] = {}

    def __repr__(self) -> str:
        f, grad = (getattr(g, "__name__", repr(g)) for g in (self.f, self.grad))
        return f"Function({f}, {grad}, parameters={self.parameters!r})"

    def __reduce__(self) -> Any:
        return _function, (self.f, self.grad, self.parameters)

    def _scalar(self, q: int, is_vector: bool) -> UsersScalar:
        key = q, is_vector
        if key not in self._scalars:
            self._scalars[key] = UsersScalar(self.f, self.grad, q, len(self.parameters), is_vector)
        return self._scalars[key]


def _function(f: Any, grad: Any, parameters: tuple[str, ...]) -> Function:
    return Function(f, grad, parameters=parameters)


def _require_arguments(name: str, function: Any, wanted: tuple[str, ...]) -> None:
    call = f"{name}({', '.join(wanted)})"
    if not callable(function):
        raise TypeError(f"{name}: got {function!r}; want a function {call}")
    try:
        inspect.signature(_python(function)).bind(*wanted)
    except TypeError:
        raise TypeError(f"{name}: got a function of other arguments; want {call}") from None


def _python(function: Any) -> Any:
    """The function without Numba's wrapping."""
    return getattr(function, "py_func", function)


class UsersScalar(ModelScalar):
    """f and grad, row by row."""

    may_raise = True

    def __init__(self, f: Any, grad: Any, q: int, p: int, is_vector: bool) -> None:
        super().__init__(q, p)
        self._f, self._grad = _python(f), _python(grad)
        self._is_vector = is_vector
        self._raised = np.zeros(1)

    def scalar(self, order: int, functions: Any) -> Scalar:
        from fastmse.kernels.cuda.users import users_scalar

        return users_scalar(self._f, self._grad if order else None, self.q, self.p, self._is_vector)

    def on_device(self, key: Any, compile: Callable[[Callable[..., Scalar]], Any]) -> Any:
        from fastmse.kernels.cuda.errors import is_of_numba

        try:
            return super().on_device(key, compile)
        except Exception as error:
            if not is_of_numba(error):
                raise
            raise TypeError(
                f"f or grad: Numba cannot compile them for a device:\n{error}"
            ) from None

    def compile(self, order: int) -> Any:
        return self._compiled(partial(self._callback, order > 0), order > 0)

    def compile_curves(self) -> Any:
        from fastmse.kernels.jit.users import users_curves_callback

        made = partial(users_curves_callback, self._f, self._grad, self.q, self.p, self._is_vector)
        return self._compiled(made, graded=True)

    def _compiled(self, make: Callable[[], Any], graded: bool) -> Any:
        from numba.core.errors import NumbaError

        try:
            return make()
        except NumbaError as error:
            name = "grad" if graded and self._compiles() else "f"
            raise TypeError(f"{name}: Numba cannot compile it:\n{error}") from None

    def _compiles(self) -> bool:
        """Whether f does."""
        from numba.core.errors import NumbaError

        try:
            self._callback(graded=False)
        except NumbaError:
            return False
        return True

    def _callback(self, graded: bool) -> Any:
        from fastmse.kernels.jit.users import users_callback

        at = self._raised.ctypes.data
        grad = self._grad if graded else None
        return users_callback(self._f, grad, self.q, self.p, self._is_vector, at)

    def check(self, *, rows_missing: bool = False) -> None:
        if rows_missing or self._raised[0]:
            self._raised[0] = 0.0
            raise RuntimeError(
                "f or grad raised an exception in some row, which compiled code cannot tell more "
                "about; backend='numpy' runs them in Python"
            )

    def values(self, order: int, x: Any, theta: Any) -> list[Any]:
        outputs = np.empty((1 + self.p * (order > 0), len(x)))
        for i, row in enumerate(x):
            variables = row[0] if self._is_vector else row
            outputs[0, i] = self._f(variables, theta)
            if order:
                self._grad(variables, theta, outputs[1:, i])
        return list(outputs)
