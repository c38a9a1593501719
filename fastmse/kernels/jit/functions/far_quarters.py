"""x = k π/2 + r + low for x beyond `quarter_turns.NEAR`, one by one.

x = m 2^e with a whole m. Bits of 2/π that give m 2^e whole turns are left out, and of those that
follow 192 are enough, for no float comes closer to a multiple of π/2 than 2^-62 (M. H. Payne,
R. N. Hanek, *SIGNUM Newsletter* 18, 19-24, 1983). The product is exact, in words of 32 bits.
"""

from __future__ import annotations

from itertools import pairwise

from fastmse.kernels.jit.functions.exact import product_error
from fastmse.kernels.jit.functions.values import EXPONENT, Value, bits_of, entry, where, whole

TWO_OVER_PI = (
    "a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424d"
    "d2e006492eea09d1921cfe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639"
    "835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb09b74f46"
    "3f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b6bab"
)
"""The first 1216 bits."""

PADDED = (0, 0, *(int(TWO_OVER_PI[i : i + 8], 16) for i in range(0, 304, 8)))
"""Words of 32 bits, after 64 zeros."""

WORDS = 6
LOWER = 2**32 - 1
LEADING = 2**52

HALF_PI = float.fromhex("0x1.921fb54442d18p+0")
HALF_PI_LOW = float.fromhex("0x1.1a62633145c07p-54")


def far_reduced(x: Value) -> tuple[Value, Value, Value]:
    """(r, low, k), k modulo 4, of a finite x > 2^22."""
    words = _turns(x)
    k = (words[0] + 2**29) >> 30
    words[0] = words[0] - (k << 30)
    negative = words[0] > 2**63
    high, low = _sum(_negated(words, negative))
    r = high * HALF_PI
    low = product_error(high, high.alike(HALF_PI), r) + (high * HALF_PI_LOW + low * HALF_PI)
    return where(negative, -r, r), where(negative, -low, low), k


def _turns(x: Value) -> list[Value]:
    """x 2/π modulo 4, from the highest word on, whose first two bits are whole."""
    bits = bits_of(x)
    m = (bits & (LEADING - 1)) | LEADING
    first = (bits >> EXPONENT) - (1075 - 62)
    at, offset = first >> 5, first & 31
    table = [entry(PADDED, at + i) for i in range(WORDS + 1)]
    window = [((((a << 32) | b) << offset) >> 32) & LOWER for a, b in pairwise(table)]
    lower = _added([m.alike(0)] * WORDS, m & LOWER, window)
    return _added(lower[:-1], m >> 32, window[1:]) + lower[-1:]


def _added(words: list[Value], factor: Value, others: list[Value]) -> list[Value]:
    """words + factor others, but for what overflows."""
    carry, result = factor.alike(0), []
    for a, b in zip(reversed(words), reversed(others), strict=True):
        total = factor * b + a + carry
        result.append(total & LOWER)
        carry = total >> 32
    return result[::-1]


def _negated(words: list[Value], negative: Value) -> list[Value]:
    """-words where they are negative: all bits turned, and one added."""
    mask, carry = where(negative, words[0].alike(LOWER), 0), where(negative, words[0].alike(1), 0)
    result = []
    for word in reversed(words):
        digit = ((word ^ mask) & LOWER) + carry
        result.append(digit & LOWER)
        carry = digit >> 32
    return result[::-1]


def _sum(words: list[Value]) -> tuple[Value, Value]:
    """The words, after a point that follows the second bit, as a float and a rest."""
    terms = [whole(word) * 2.0 ** (-30 - 32 * i) for i, word in enumerate(words)]
    high, low = terms[0], terms[0] * 0.0
    for term in terms[1:]:
        total = high + term
        back = total - high
        low += (high - (total - back)) + (term - back)
        high = total
    total = high + low
    return total, (high - total) + low
