"""sin and cos of r + low, |r| <= π/4, |low| <= ulp(r).

sin(r) = r + r³ p(r²) and cos(r) = 1 - r²/2 + r⁴ q(r²), with p and q of degree 5 by
`tests/minimax.py` (error 2^-58 and 2^-64), the rounding of 1 - r²/2 added again.
"""

from __future__ import annotations

from fastmse.kernels.jit.functions.values import Value

S0, S1, S2, S3, S4, S5 = SINE_COEFFICIENTS = (
    -0.16666666666666632,
    0.008333333333322425,
    -0.0001984126982981723,
    2.7557313695227895e-06,
    -2.505075864260289e-08,
    1.589682682351384e-10,
)

C0, C1, C2, C3, C4, C5 = COSINE_COEFFICIENTS = (
    0.0416666666666666,
    -0.001388888888887414,
    2.4801587289493148e-05,
    -2.75573143556222e-07,
    2.087572373629254e-09,
    -1.1359672558039023e-11,
)


def sine(r: Value, low: Value) -> Value:
    z = r * r
    w = z * z
    p = (S0 + S1 * z) + w * ((S2 + S3 * z) + w * (S4 + S5 * z))
    return r + (low + z * (r * p - 0.5 * low))


def cosine(r: Value, low: Value) -> Value:
    z = r * r
    w = z * z
    q = (C0 + C1 * z) + w * ((C2 + C3 * z) + w * (C4 + C5 * z))
    h = 0.5 * z
    first = 1.0 - h
    return first + (((1.0 - first) - h) + (w * q - r * low))
