"""The mean f(x; θ) of a nonlinear model at rows of X, and its derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fastmse import backends, inputs
from fastmse.columns import Columns, loaded
from fastmse.gaussian import FloatArray
from fastmse.kernels import compiled
from fastmse.kernels.scalars import ModelScalar, n_outputs
from fastmse.statistics import MODEL_BLOCK, model_piece

if TYPE_CHECKING:
    from fastmse.models.scalar_model import ScalarModel


@dataclass(frozen=True, slots=True)
class ModelMean:
    """f(x; θ) of rows of q variables, which come as one number each if X `is_vector`."""

    model: ScalarModel
    q: int
    is_vector: bool
    linear = False
    centred = True

    @property
    def scalar(self) -> ModelScalar:
        return self.model._scalar(self.q, self.is_vector)

    def features(self, X: Any) -> np.ndarray | Columns:
        """Check X and return it as (m, q) in its own dtypes."""
        checked, _ = inputs.variables(X, self.model.variables)
        if checked.shape[1] != self.q:
            raise ValueError(f"X: got {checked.shape[1]} columns; want {self.q}, as the fit had")
        return checked

    def at(self, X: FloatArray, theta: FloatArray) -> FloatArray:
        """f of each row, (m, q) -> (m,)."""
        f: FloatArray = self.outputs(X, theta, 0)[0]
        return f

    def jacobian(self, X: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """f of each row and its derivatives, (m,) and (m, p). 8 (p + 1) bytes a row."""
        outputs = self.outputs(X, theta, 1)
        return outputs[0], outputs[1:].T

    def outputs(
        self, X: np.ndarray | Columns, theta: FloatArray, order: int, n_threads: int | None = None
    ) -> FloatArray:
        """f and its derivatives up to `order` of each row, (n_outputs, n)."""
        scalar, theta = self.scalar, np.array(theta, dtype=np.float64)
        out = np.empty((n_outputs(order, scalar.p), len(X)))
        threads = backends.n_threads_for(4 * out.size, n_threads)
        _fill(out, X, theta, scalar, order, threads)
        if scalar.again(order, out):
            _fill(out, X, theta, scalar, order, threads)
        return out


def _fill(
    out: FloatArray,
    X: np.ndarray | Columns,
    theta: FloatArray,
    scalar: ModelScalar,
    order: int,
    n_threads: int,
) -> None:
    piece, done = model_piece(len(out), 1), 0
    for start in range(0, len(X), piece):
        for (rows,) in loaded([X[start : start + piece]], MODEL_BLOCK):
            values = np.empty((len(out), len(rows)))  # type: ignore[arg-type]
            compiled.model_outputs(rows, theta, scalar, order, values, n_threads)
            out[:, done : done + values.shape[1]] = values
            done += values.shape[1]
    scalar.check()
