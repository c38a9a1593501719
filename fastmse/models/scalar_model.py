"""Nonlinear models f(x; θ), evaluated by one callback a model and one fused loop for all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fastmse import backends, inputs
from fastmse.backends import DeviceCall
from fastmse.columns import Array, Columns, Rows
from fastmse.kernels.scalars import ModelScalar, Sums
from fastmse.models.many import ManyCurves
from fastmse.models.mean import ModelMean
from fastmse.models.nonlinear_fits import NonlinearFits
from fastmse.models.objective import Objective
from fastmse.models.passes import Passes, Totals
from fastmse.results import Evaluation

if TYPE_CHECKING:
    from fastmse.models.device_passes import DevicePasses


class ScalarModel(NonlinearFits, ManyCurves, ABC):
    """What `Expression` and `Function` have in common."""

    __slots__ = ()

    parameters: tuple[str, ...]
    "The names of θ's components."

    variables: tuple[str, ...] | None
    "The names of X's columns; None where they come as they are."

    has_hessian: bool
    "Whether second derivatives are known."

    @abstractmethod
    def _scalar(self, q: int, is_vector: bool) -> ModelScalar:
        """Of q variables, which come as one number where X is (n,)."""

    def evaluate(
        self,
        X: Any,
        y: Any,
        theta: Any,
        *,
        sample_weight: Any = None,
        grad: bool = True,
        backend: str = "auto",
        n_threads: int | None = None,
    ) -> Evaluation:
        """SSE, MSE, σ̂², ℓ and ∇θ MSE at θ; each element of X is read from memory once.

        SSE = Σ wᵢ rᵢ²,    ∇θ MSE = 2/W Σ wᵢ rᵢ ∇fᵢ,    rᵢ = f(xᵢ; θ) - yᵢ,    W = Σ wᵢ

        Parameters
        ----------
        X : array_like (n, q), or (n,) for one variable; dict; or table
            The variables, in any real dtype and layout: columns of an array in the order of
            `variables`, a dict of them by name, or a table (pandas, polars, pyarrow, ...) of which
            they are chosen by name and read where they lie.
        y : array_like (n,)
        theta : array_like (p,) or (K, p), or dict
            In the order of `parameters`, or by their names. K parameter vectors share the
            decoding of X; row k has the bits of `theta[k]` alone.
        sample_weight : array_like (n,), optional
            Frequencies: w counts as w repeated rows. Finite and >= 0; 0 drops its row, even
            one where x, y or f is NaN.
        grad : bool
            Whether to compute the gradient.
        backend : {"auto", "numpy", "cython", "numba", "cuda"}
            The function is compiled by Numba, the loop around it by Cython (or Numba). NumPy
            computes with whole columns. "auto" takes CUDA's kernels for arrays in a GPU's memory,
            where X is one array or a dict; "cuda" sends it others.
        n_threads : int >= 1, optional
            None: ``FASTMSE_NUM_THREADS``, else OpenMP's setting, else the CPUs available.

        Returns
        -------
        Evaluation
            ``grad`` is (p,), or (K, p); the other fields are floats, or (K,).

        Raises
        ------
        TypeError, ValueError
            For shapes that do not match (nothing is broadcast), a variable that is not there, no
            rows, dtypes that hold no real numbers, missing values in a table, and invalid
            weights. NaN and infinity are no errors: they propagate, whatever f makes of them.

        Notes
        -----
        Reads 8 (q + 1) bytes a row for float64, 8 more with weights, once; the flops of f and its
        derivatives, which share what they have in common, and (2 p + 4) K. No temporary. The first
        call compiles f, the next ones start at once.
        SSE within 4 ulp, gradient component j within 8 eps 2/W Σ |wᵢ rᵢ ∂ⱼfᵢ|, both of the
        float64 f and ∂f; the same bits for any number of threads, and any instruction set unless f
        calls atan or erf.
        """
        sums = Sums.GRADIENT if grad else Sums.VALUE
        options = {"sample_weight": sample_weight, "backend": backend, "n_threads": n_threads}
        return self._sums(X, y, theta, sums, **options)

    def normal(
        self,
        X: Any,
        y: Any,
        theta: Any,
        *,
        sample_weight: Any = None,
        backend: str = "auto",
        n_threads: int | None = None,
    ) -> Evaluation:
        """What `evaluate` gives, and the normal matrix Σ wᵢ ∇fᵢ ∇fᵢᵀ, in the same pass.

        Parameters are those of `evaluate`. ``normal`` of the result is (p, p), or (K, p, p): the
        Fisher information of θ is ``normal / sigma2``. p (p + 1) flops a row more, O(p²) memory.
        """
        options = {"sample_weight": sample_weight, "backend": backend, "n_threads": n_threads}
        return self._sums(X, y, theta, Sums.NORMAL, **options)

    def objective(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        backend: str = "auto",
        n_threads: int | None = None,
    ) -> Objective:
        """A function theta -> (MSE, ∇θ MSE), for ``scipy.optimize.minimize(..., jac=True)``.

        Parameters are those of `evaluate`; the gate is passed once, and each call is one pass over
        the data. Its ``normal(theta)`` and ``hessian(theta)`` give Σ w r ∂f and the matrices.
        """
        passes = self._passes(X, y, sample_weight, backend, n_threads)
        return Objective(passes, self._thetas, self.has_hessian)

    def predict(self, X: Any, theta: Any, *, n_threads: int | None = None) -> np.ndarray:
        """f(xᵢ; θ) of each row, (n,), at θ (p,). X as in `evaluate`."""
        mean, X = self._mean(X)
        theta, single = self._thetas(theta)
        if not single:
            raise ValueError(f"theta: got shape {theta.shape}; want ({theta.shape[1]},)")
        f: np.ndarray = mean.outputs(X, theta[0], 0, n_threads)[0]
        return f

    def _mean(self, X: Any) -> tuple[ModelMean, Array | Columns]:
        """The mean for X as the kernels read it."""
        X, is_vector = inputs.variables(X, self.variables)
        return ModelMean(self, X.shape[1], is_vector), X

    def _fitted(self, X: Any, y: Any, sample_weight: Any) -> tuple[Rows, ModelMean]:
        """The rows through the gate, X as (n, q), and the mean of such rows."""
        rows, is_vector = inputs.model_rows(X, self.variables, y, sample_weight)
        return rows, ModelMean(self, rows[0].shape[1], is_vector)

    def _least_squares(
        self, rows: Rows, mean: ModelMean, *, backend: str, n_threads: int | None
    ) -> Objective:
        passes = Passes(rows, mean.scalar, backend=backend, n_threads=n_threads)
        return Objective(passes, self._thetas, self.has_hessian)

    def _sums(
        self,
        X: Any,
        y: Any,
        theta: Any,
        sums: Sums,
        *,
        sample_weight: Any,
        backend: str,
        n_threads: int | None,
    ) -> Evaluation:
        passes = self._passes(X, y, sample_weight, backend, n_threads)
        theta, single = self._thetas(theta)
        return _evaluation(passes(theta, sums), single)

    def _passes(
        self, X: Any, y: Any, sample_weight: Any, backend: str, n_threads: int | None
    ) -> Passes | DevicePasses:
        if isinstance(X, Mapping):  # its other values are nobody's, and may not be there to read
            X = {name: X[name] for name in self.variables or () if name in X}
        variables = X.values() if isinstance(X, dict) else (X,)
        device_call = backends.for_device(backend, *variables, y, sample_weight)
        if device_call is not None:
            return self._device_passes(device_call, X, y, sample_weight)
        rows, mean = self._fitted(X, y, sample_weight)
        return Passes(rows, mean.scalar, backend=backend, n_threads=n_threads)

    def _device_passes(self, call: DeviceCall, X: Any, y: Any, sample_weight: Any) -> DevicePasses:
        from fastmse import device_inputs
        from fastmse.models.device_passes import DevicePasses

        gate = device_inputs.model_rows if call.on_device else inputs.model_rows
        gated, is_vector = gate(X, self.variables, y, sample_weight)
        return DevicePasses(call, gated, self._scalar(gated[0].shape[1], is_vector))

    def _thetas(self, theta: Any) -> tuple[np.ndarray, bool]:
        """theta (K, p), and whether it was (p,)."""
        if isinstance(theta, Mapping):
            theta = self._by_name(theta)
        shown = ", ".join(self.parameters)
        return inputs.parameters(theta, len(self.parameters), f"the parameters {shown}")

    def _by_name(self, theta: Mapping[str, Any]) -> np.ndarray:
        if set(theta) != set(self.parameters):
            raise ValueError(
                f"theta: got names {', '.join(map(str, theta))}; want {', '.join(self.parameters)}"
            )
        return np.array([float(theta[name]) for name in self.parameters])


def _evaluation(at: Totals, single: bool) -> Evaluation:
    gradient, normal = None, at.normal
    if at.gradient.shape[1]:
        gradient = at.gradient * 2.0 / at.weighting.weight_sum
    if not single:
        return Evaluation(*at.weighting, at.sse, _frozen(gradient), _frozen(normal))
    gradient = None if gradient is None else gradient[0]
    normal = None if normal is None else normal[0]
    return Evaluation(*at.weighting, float(at.sse[0]), _frozen(gradient), _frozen(normal))


def _frozen(array: np.ndarray | None) -> np.ndarray | None:
    if array is not None:
        array.flags.writeable = False
    return array
