"""x = k π/2 + r + low, |r| <= π/4: what sin, cos and tan share.

Four constants hold π/2 to 2^-149. k, of 22 bits, times one of the first three, of 31, is exact, and
so is each difference with its rounding, so that r + low is good to 2^-60 of itself even for the x
next to a multiple of π/2 (W. J. Cody, W. Waite, *Software Manual for the Elementary Functions*,
1980). Farther than `NEAR` x needs more bits of π than every x should pay for: `far_quarters.py`.
"""

from __future__ import annotations

from fastmse.kernels.jit.functions.values import SHIFT, Value, bits_of

NEAR = 2.0**22
"""The largest |x| of this reduction."""

TWO_OVER_PI = float.fromhex("0x1.45f306dc9c883p-1")
P1 = float.fromhex("0x1.921fb54400000p+0")
P2 = float.fromhex("0x1.0b4611a400000p-34")
P3 = float.fromhex("0x1.13198a2c00000p-65")
P4 = float.fromhex("0x1.01b839a25204ap-96")


def reduced(x: Value) -> tuple[Value, Value, Value]:
    """(r, low, quarters): the last two bits of `quarters` are those of k. |x| <= NEAR."""
    shifted = x * TWO_OVER_PI + SHIFT
    k = shifted - SHIFT
    a = x - k * P1
    second = k * P2
    b = a - second
    third = k * P3
    r = b - third
    low = ((a - b) - second) + ((b - r) - third) - k * P4
    return r, low, bits_of(shifted)
