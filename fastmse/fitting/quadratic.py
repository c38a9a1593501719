"""SSE and its gradient at any θ, from the Gram matrix: O(p²), whatever the number of rows.

With v = o + 2^e z, see frame.py, the residual r = y − θ₀ − Σ θⱼ xⱼ is 2^e_y aᵀz for

    aⱼ = −2^(eⱼ − e_y) θⱼ,    a_y = 1,    a₀ = −2^−e_y θ₀ + Σⱼ aⱼ 2^−eⱼ oⱼ

    SSE = 4^e_y aᵀGa,    Σ w r vⱼ = 2^(e_y + eⱼ) ((Ga)ⱼ + 2^−eⱼ oⱼ (Ga)₀)

computed in double-double: what error is left is that of G.
"""

from __future__ import annotations

import numpy as np

from fastmse.fitting.double_double import DoubleDouble
from fastmse.fitting.frame import Frame
from fastmse.fitting.solve import Solution
from fastmse.gaussian import FloatArray


@np.errstate(over="ignore", under="ignore", invalid="ignore")
def sse_and_products(
    frame: Frame, gram: DoubleDouble, theta: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """SSE, (K,), and Σ w (f − y) (1, x), (K, d + 1), at theta (K, d + 1), the intercept first."""
    e, offset = frame.exponents, DoubleDouble.of(frame.offset())
    a = DoubleDouble.of(np.column_stack((-theta, np.ones(len(theta))))).scaled(e - e[-1])
    a[:, 0] = a[:, 0] + (a * offset).sum()
    products, forms = _forms(gram, a)
    of_rows = (products + products[:, :1] * offset).scaled(e + e[-1])
    return np.maximum(np.ldexp(forms.hi, 2 * e[-1]), 0.0), -of_rows.hi[:, :-1]


@np.errstate(over="ignore", under="ignore", invalid="ignore")
def further_sse(frame: Frame, gram: DoubleDouble, there: Solution, here: Solution) -> float:
    """SSE there less that here, |X (θ − θ₁)|² − 2 (θ − θ₁)ᵀ Λ₁ θ₁ for the penalties of here."""
    offset = DoubleDouble.of(frame.offset()[:-1])
    delta = there.scaled - here.scaled
    cross = float(here.penalties @ (delta.hi[1:] * here.scaled.hi[1:]))
    a = DoubleDouble.zeros(1, len(frame.origin))
    a[0, :-1] = delta
    a[:, 0] = a[:, 0] + (a[:, :-1] * offset).sum()
    squares = float(_forms(gram, a)[1].hi[0])
    return float(np.ldexp(squares - 2 * cross, 2 * frame.exponents[-1]))


def _forms(gram: DoubleDouble, a: DoubleDouble) -> tuple[DoubleDouble, DoubleDouble]:
    """G aₖ, (K, m), and aₖᵀ G aₖ, (K,), of the rows of `a`."""
    products = DoubleDouble.zeros(*a.hi.shape)
    for j in range(len(gram.hi)):
        products.add_outer(a[:, j].copy(), gram[j].copy())
    return products, (products * a).sum()
