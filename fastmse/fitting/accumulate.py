"""What the compiled kernels add up over rows: Gram matrices and sums of squared residuals.

Both read the rows where they lie, a tile at a time, and are parallel over blocks whose partial
sums are added in double-double, in order: the same bits for any number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fastmse import backends
from fastmse.fitting.double_double import DoubleDouble
from fastmse.fitting.frame import Frame
from fastmse.fitting.rows import Part, RowBuffer
from fastmse.gaussian import FloatArray
from fastmse.kernels import compiled

CALL_PRODUCTS = {"double": 2**29, "double-double": 2**26}
"""Products of a thread in one call of a kernel, 10 to 100 ms: then signals are served."""

BLOCK_PRODUCTS = {"double": 2**30, "double-double": 2**26}
"""Products in one block of the kernels, the work of one thread."""

LEAST_BLOCK = 64

CALL_RESIDUALS = 2**26
"""Products in one call for residuals, 40 ms of one core."""


def add_gram(
    gram: DoubleDouble,
    frame: Frame,
    rows: Part,
    buffer: RowBuffer,
    *,
    precision: str,
    n_threads: int | None,
    about: Sequence[FloatArray] = (),
) -> None:
    """G += Σ wᵢ zᵢ zᵢᵀ in place, for rows that `buffer` has passed on.

    With coefficients `about`, a residual stands for y: see the kernel.

    Raises ValueError for NaN or infinity among them; the blocks before are counted then.
    """
    m = len(gram.hi)
    scale, shift = np.ldexp(1.0, -frame.exponents[1:]), frame.offset()[1:]
    block = _block(buffer.block, BLOCK_PRODUCTS[precision] // m**2)
    threads = backends.n_threads_for(len(rows) * m, n_threads)
    for piece in _pieces(rows, buffer.block, threads * CALL_PRODUCTS[precision] // m**2):
        start, unknown = 0, rows.index is not None
        while start < len(piece):
            part = piece.cut(start, len(piece))
            start += compiled.gram(
                gram.hi,
                gram.lo,
                part.X,
                part.y,
                part.weight,
                scale,
                shift,
                block,
                precision == "double-double",
                unknown,
                threads,
                about,
            )
            if start < len(piece):  # a block that holds NaN or infinity, or whose squares overflow
                buffer.refuse(piece.cut(start, min(start + block, len(piece))))
                unknown = False


def add_residuals(
    total: DoubleDouble,
    rows: Part,
    block: int,
    *,
    exponents: NDArray[np.int64],
    theta: DoubleDouble,
    n_threads: int | None,
) -> None:
    """SSE += Σ wᵢ (yᵢ − xᵢᵀθ)² in place, x and y times 2^−e.

    Parameters
    ----------
    total : (k,) DoubleDouble
    exponents : (d + k,)
    theta : (k, d + 1) DoubleDouble
        The intercept first.
    """
    scale = np.ldexp(1.0, -exponents)
    k, p = theta.hi.shape
    for piece in _pieces(rows, block, CALL_RESIDUALS // (k * p)):
        compiled.residual_sums(
            total.hi,
            total.lo,
            piece.X,
            piece.y,
            piece.weight,
            scale,
            theta.hi,
            theta.lo,
            block,
            backends.n_threads_for(len(piece) * (k + p), n_threads),
        )


def _block(whole: int, rows: int) -> int:
    """Half a block, a quarter, ..., of at most so many rows."""
    block = whole
    while block > max(rows, LEAST_BLOCK):
        block //= 2
    return block


def _pieces(rows: Part, block: int, most: int) -> Iterator[Part]:
    """Whole blocks of at most so many rows, but one at least."""
    step = max(most // block, 1) * block
    for start in range(0, len(rows), step):
        yield rows.cut(start, min(start + step, len(rows)))
