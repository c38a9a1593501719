"""Models and curves that `fit_many` is tested on."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmse.kernels.jit.functions import FUNCTIONS
from fastmse.kernels.jit.scalars import curves_callback
from fastmse.kernels.scalars import ModelScalar
from fastmse.models.scalar_model import ScalarModel


def peak(exp):
    """Lorentz's: rational, so that every instruction set rounds alike."""

    def scalar(x, theta):
        a, c, w, b = theta
        z = (x[0] - c) / w
        v = 1.0 / (1.0 + z * z)
        slope = 2.0 * a * z * v * v / w
        return (a * v + b, v, slope, slope * z, 1.0)

    return scalar


def decay(exp):
    def scalar(x, theta):
        a, k = theta
        v = exp(-k * x[0])
        return (a * v, v, -a * x[0] * v)

    return scalar


def twins(exp):
    """a and b cannot be told apart."""

    def scalar(x, theta):
        a, b, c = theta
        return ((a + b) * x[0] + c, x[0], x[0], 1.0)

    return scalar


def root(exp):
    """Not finite below its edge."""

    def scalar(x, theta):
        a, edge = theta
        inside = (x[0] - edge) ** 0.5
        return (a * inside, inside, -0.5 * a / inside)

    return scalar


class Given(ModelScalar):
    """A scalar as it stands, in place of a formula's."""

    def __init__(self, make: Any, p: int) -> None:
        super().__init__(1, p)
        self._make = make

    def scalar(self, order: int, functions: Any) -> Any:
        raise NotImplementedError

    def compile(self, order: int) -> Any:
        raise NotImplementedError

    def compile_curves(self) -> Any:
        return curves_callback(self._make(FUNCTIONS["exp"]), self.q, self.p, 1 + self.p)

    def values(self, order: int, x: Any, theta: Any) -> list[Any]:
        outputs = self._make(np.exp)(tuple(x.T), tuple(theta))
        return [np.broadcast_to(np.asarray(value, np.float64), len(x)) for value in outputs]


class Model(ScalarModel):
    variables = ("x",)
    has_hessian = False

    def __init__(self, make: Any, parameters: tuple[str, ...]) -> None:
        self.parameters = parameters
        self._given = Given(make, len(parameters))

    def _scalar(self, q: int, is_vector: bool) -> Given:
        return self._given


PEAK = Model(peak, ("a", "c", "w", "b"))
DECAY = Model(decay, ("a", "k"))
TWINS = Model(twins, ("a", "b", "c"))
ROOT = Model(root, ("a", "edge"))


def peaks(k: int, n: int = 17, noise: float = 0.3, seed: int = 0) -> tuple[Any, ...]:
    """(x, Y, start, truth) of k noisy peaks, the starts some way off."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-3.0, 3.0, n)
    truth = np.column_stack(
        [
            rng.uniform(5, 15, k),
            rng.uniform(-1, 1, k),
            rng.uniform(0.7, 1.5, k),
            rng.normal(0, 1, k),
        ]
    )
    Y = values(peak, x, truth) + noise * rng.standard_normal((k, n))
    start = truth * rng.uniform(0.8, 1.25, truth.shape) + [0.0, 0.2, 0.0, 0.1]
    return x, Y, start, truth


def values(make: Any, x: Any, thetas: Any) -> Any:
    """f of each theta (k, p) at each x (n,)."""
    f, *_ = make(np.exp)((x[None, :],), tuple(thetas.T[:, :, None]))
    return np.array(f)


def jacobian(make: Any, x: Any, theta: Any) -> Any:
    _, *slopes = make(np.exp)((x,), tuple(theta))
    return np.column_stack([np.broadcast_to(s, x.shape) for s in slopes])


def least_squares(make: Any, x: Any, y: Any, start: Any, w: Any = None, **options: Any) -> Any:
    """SciPy's answer, and its standard errors."""
    from scipy.optimize import least_squares as solve

    root_w = np.ones(len(x)) if w is None else np.sqrt(w)
    found = solve(
        lambda t: root_w * (values(make, x, t[None])[0] - y),
        start,
        jac=lambda t: root_w[:, None] * jacobian(make, x, t),
        x_scale="jac",
        **{"method": "lm", "xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15} | options,
    )
    J = root_w[:, None] * jacobian(make, x, found.x)
    s2 = 2 * found.cost / (len(x) - len(start))
    return found.x, np.sqrt(s2 * np.diag(np.linalg.inv(J.T @ J))), 2 * found.cost


def outputs(many: Any) -> bytes:
    """All bits of the fits."""
    fields = (many.theta, many.stderr, many.sse, many.n_iter, many.status)
    return b"".join(np.ascontiguousarray(field).tobytes() for field in fields)
