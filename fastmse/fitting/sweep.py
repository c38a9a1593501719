"""The sweep operator in double-double: a whole least-squares problem from its Gram matrix.

Sweeping the columns S of G = ZᵀZ leaves, in place,

    −(Z_Sᵀ Z_S)⁻¹                 in rows S, columns S
    (Z_Sᵀ Z_S)⁻¹ Z_Sᵀ Z_j          in rows S, column j: the coefficients of column j on S
    Z_jᵀ Z_k with S regressed out  elsewhere

so that, with the features swept, the column of y holds θ̂ and its diagonal element SSE. A feature
that is a combination of those before it has nothing left on its diagonal; its column holds the
combination. Cost of one column: m² products.

Source: Goodnight, "A tutorial on the SWEEP operator", The American Statistician 33 (1979) 149.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fastmse.fitting.double_double import DoubleDouble
from fastmse.gaussian import FloatArray
from fastmse.kernels import compiled

CALL_PRODUCTS = 2**26
"""Products in one call of a kernel, 20 to 50 ms: then signals are served."""

SERIAL_PRODUCTS = 2**20
"""Up to 0.7 ms of work: on a busy machine waiting for a second thread costs as much, or 20 ms."""


def sweep(a: DoubleDouble, k: int, n_threads: int) -> None:
    """Sweep column k of the symmetric (m, m) matrix `a`, in place; a[k, k] > 0."""
    sweep_independent(a, [k], np.full(len(a.hi), -np.inf), n_threads)


def sweep_independent(
    a: DoubleDouble, columns: Sequence[int], tolerance: FloatArray, n_threads: int
) -> tuple[list[int], list[int]]:
    """Sweep those columns of which more than tolerance[k] is left on the diagonal.

    In order, so that of two equal columns the later one is dependent, as in R. Returns the columns
    swept and the dependent ones.
    """
    wanted = np.array(columns, dtype=np.intp)
    swept = np.zeros(len(wanted), dtype=np.uint8)
    threads = n_threads if a.hi.size > SERIAL_PRODUCTS else 1
    for some in columns_at_once(len(wanted), a.hi.size):
        compiled.module().sweep_double_double(
            a.hi, a.lo, wanted[some], tolerance, swept[some], threads
        )
    return wanted[swept == 1].tolist(), wanted[swept == 0].tolist()


def columns_at_once(count: int, products: int) -> Iterator[slice]:
    """The columns of one call after the other, of so many products each."""
    step = max(CALL_PRODUCTS // max(products, 1), 1)
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))
