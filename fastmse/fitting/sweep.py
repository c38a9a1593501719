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

from collections.abc import Iterable

from fastmse.fitting.double_double import DoubleDouble
from fastmse.gaussian import FloatArray

ONE = DoubleDouble.of(1.0)


def sweep(a: DoubleDouble, k: int, n_threads: int) -> None:
    """Sweep column k of the symmetric (m, m) matrix `a`, in place; a[k, k] > 0."""
    column = a[:, k].copy()
    scaled = column / column[k]
    a.add_outer(-column, scaled, n_threads)
    a[k] = scaled
    a[:, k] = scaled
    a[k, k] = -(ONE / column[k])


def sweep_independent(
    a: DoubleDouble, columns: Iterable[int], tolerance: FloatArray, n_threads: int
) -> tuple[list[int], list[int]]:
    """Sweep those columns of which more than tolerance[k] is left on the diagonal.

    In order, so that of two equal columns the later one is dependent, as in R. Returns the columns
    swept and the dependent ones.
    """
    independent: list[int] = []
    dependent: list[int] = []
    for k in columns:
        if a.hi[k, k] > tolerance[k]:
            sweep(a, k, n_threads)
            independent.append(k)
        else:
            dependent.append(k)
    return independent, dependent
