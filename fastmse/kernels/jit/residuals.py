"""r_i = f_i - y_i, and 0 where the weight is 0, whatever f_i is; c_i = w_i r_i."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastmse.kernels.jit.flags import inlined_kernel
from fastmse.kernels.jit.memory import Pointer, shift
from fastmse.kernels.jit.vectors import keep, load1, load4, load16, store


class Rows(NamedTuple):
    """What rows have besides X: y and the weights come in, r and c = w r go out.

    Without weights `w` is y, whose values are not used, and c is r.
    """

    y: Pointer
    w: Pointer
    r: Pointer
    c: Pointer
    weighted: bool


@inlined_kernel
def shift_rows(at: Rows, n: int) -> Rows:
    return Rows(shift(at.y, n), shift(at.w, n), shift(at.r, n), shift(at.c, n), at.weighted)


@inlined_kernel
def weigh_residual(r: Any, w: Any, weighted: bool) -> tuple[Any, Any]:
    """r and c of scalars or vectors."""
    if weighted:
        r = keep(r, w)
        return r, w * r
    return r, r


def _residual(load: Any) -> Any:
    @inlined_kernel
    def residual(f: Any, at: Rows, i: int) -> Any:
        r, c = weigh_residual(f - load(at.y, i), load(at.w, i), at.weighted)
        store(at.r, i, r)
        if at.weighted:
            store(at.c, i, c)
        return c

    return residual


residual1, residual4, residual16 = map(_residual, (load1, load4, load16))
"""(f, at, i): r and c of row i, of 4 or of 16 rows from there on; returns c."""
