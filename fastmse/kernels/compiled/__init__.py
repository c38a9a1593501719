"""Cython kernels, ahead of time: one build per instruction set, chosen when first used.

``FASTMSE_ISA`` (``x86-64-v2``, ``x86-64-v3``, ``x86-64-v4``) forces one; all give the same
bits.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fastmse import threads
from fastmse.machine import instruction_level, openmp_version
from fastmse.statistics import MODEL_BLOCK, BlockCounter

if TYPE_CHECKING:
    from fastmse.kernels.scalars import ModelScalar, Sums

_LEVELS = {"x86-64-v2": 2, "x86-64-v3": 3, "x86-64-v4": 4, "generic": 0}

Array = Any


def _module_name(isa: str) -> str:
    return f"{__name__}.{isa.replace('-', '_')}"


@cache
def built() -> tuple[str, ...]:
    """The instruction sets this installation was built for."""
    return tuple(isa for isa in _LEVELS if find_spec(_module_name(isa)) is not None)


def supported() -> tuple[str, ...]:
    """Those of them that this CPU runs."""
    return tuple(isa for isa in built() if _LEVELS[isa] <= instruction_level())


@cache
def isa() -> str:
    """The instruction set in use: ``FASTMSE_ISA``, or the highest that is supported."""
    forced = os.environ.get("FASTMSE_ISA")
    if forced is None:
        if not supported():
            raise ImportError(f"fastmse: built for {built()}, none of which this CPU runs")
        return max(supported(), key=_LEVELS.__getitem__)
    if forced not in supported():
        raise ImportError(f"FASTMSE_ISA: got {forced!r}; want one of {', '.join(supported())}")
    return forced


@cache
def module() -> ModuleType:
    """The extension module of `isa`."""
    return import_module(_module_name(isa()))


def describe() -> dict[str, Any]:
    """What ``fastmse info`` shows of this backend."""
    return {
        "isa": isa(),
        "built": list(built()),
        "supported": list(supported()),
        "openmp": openmp_version() > 0,
    }


def _usable(n_threads: int) -> int:
    """`n_threads`, or 1 after a fork: a stream may have crossed it."""
    return 1 if n_threads == 1 or threads.forked() else n_threads


def weights(counter: BlockCounter, block: int, sample_weight: Array, n_threads: int) -> None:
    counter.blocks = module().weights(
        counter.nodes, counter.blocks, block, sample_weight, _usable(n_threads)
    )


def predictions(
    counter: BlockCounter,
    block: int,
    y_true: Array,
    y_pred: Array,
    sample_weight: Array | None,
    out: Array | None,
    scale: float,
    n_threads: int,
) -> None:
    counter.blocks = module().predictions(
        counter.nodes,
        counter.blocks,
        block,
        y_true,
        y_pred,
        sample_weight,
        out,
        scale,
        _usable(n_threads),
    )


def linear(
    counter: BlockCounter,
    block: int,
    X: Array,
    y: Array,
    sample_weight: Array | None,
    theta: Array,
    intercept: bool,
    grad: bool,
    columns: bool,
    n_threads: int,
) -> None:
    counter.blocks = module().linear(
        counter.nodes,
        counter.blocks,
        block,
        X,
        y,
        sample_weight,
        theta,
        intercept,
        grad,
        columns,
        _usable(n_threads),
    )


def models(
    counter: BlockCounter,
    block: int,
    X: Array,
    y: Array,
    sample_weight: Array | None,
    theta: Array,
    scalar: ModelScalar,
    sums: Sums,
    n_threads: int,
) -> None:
    counter.blocks = module().models(
        counter.nodes,
        counter.blocks,
        block,
        X,
        y,
        sample_weight,
        theta,
        scalar.address(sums.order),
        sums,
        _usable(n_threads),
    )


def model_outputs(
    X: Array, theta: Array, scalar: ModelScalar, order: int, out: Array, n_threads: int
) -> None:
    """out (n_outputs, n) = f(xᵢ; θ) and its derivatives up to `order`; X (n, q)."""
    address = scalar.address(order)
    module().model_outputs(X, theta, address, out, MODEL_BLOCK, _usable(n_threads))


def gram(
    hi: Array,
    lo: Array,
    X: Array,
    y: Array,
    sample_weight: Array | None,
    scale: Array,
    shift: Array,
    block: int,
    double_double: bool,
    checked: bool,
    n_threads: int,
    about: Sequence[Array] = (),
) -> int:
    """Add Σ w z zᵀ, z = (1, scale (x, y) − shift), to hi + lo (m, m); the number of rows done.

    With `about`, (d + 1,), a residual stands for y: in float64 that of z_y from `about` · (1, z);
    in double-double, given hi and lo, that of the columns not shifted.
    """
    done: int = module().gram(
        hi,
        lo,
        X,
        y,
        sample_weight,
        scale,
        shift,
        block,
        double_double,
        checked,
        _usable(n_threads),
        *about,
    )
    return done


def residual_sums(
    hi: Array,
    lo: Array,
    X: Array,
    y: Array,
    sample_weight: Array | None,
    scale: Array,
    theta_hi: Array,
    theta_lo: Array,
    block: int,
    n_threads: int,
) -> None:
    """Add Σ w (y − θ₀ − Σ θⱼ xⱼ)², x and y scaled, to hi + lo (k,) for each target."""
    module().residual_sums(
        hi, lo, X, y, sample_weight, scale, theta_hi, theta_lo, block, _usable(n_threads)
    )


def small_predictions(y_true: Array, y_pred: Array, block: int, most: int) -> float | None:
    """SSE of plain float64 in one call; None where it takes the general way, as above `most`."""
    sse: float | None = module().small_predictions(y_true, y_pred, block, most)
    return sse


def small_linear(
    X: Array, y: Array, theta: Array, intercept: bool, grad: bool
) -> tuple[float, Array | None] | None:
    """SSE and ∇MSE of a few rows of plain float64; None where it takes the general way."""
    result: tuple[float, Array | None] | None = module().small_linear(X, y, theta, intercept, grad)
    return result


class ManyFits:
    """Fits under way of the curves Y (k, n); each `advance` brings them on for a bounded while.

    `model` is the address of a `jit.scalars.curves_callback` of f and its p derivatives. x (n, q),
    start (k, p) or (1, p), bounds (2, p) or None: float64, C order. `sample_weight` is (n,) or
    (k, n). Outputs, in C order: theta and stderr (k, p), sse (k,); n_iter (k,) of int64, status
    (k,) of int8.
    """

    def __init__(
        self,
        model: int,
        x: Array,
        Y: Array,
        sample_weight: Array | None,
        start: Array,
        bounds: Array | None,
        frequency: bool,
        tol: float,
        max_iter: int,
        outputs: Sequence[Array],
        n_threads: int,
    ) -> None:
        self._n_threads = n_threads
        self._fits = module().ManyFits(
            model, x, Y, sample_weight, start, bounds, frequency, tol, max_iter, outputs, n_threads
        )

    def advance(self) -> int:
        """The number of fits that ended."""
        done: int = self._fits.advance(_usable(self._n_threads))
        return done
